/*
 * token.c - the few cryptographic things that pages need
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/token.h"

#include <errno.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_hash_sha256.h>
#include <string.h>
#include <sys/random.h>

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum im_status
im_token_random(void *p, size_t n, struct im_err *err)
{
	/* up to 256 bytes come whole and uninterrupted (getrandom(2)) */
	if (n > 256 || getrandom(p, n, 0) != (ssize_t)n)
		return im_fail_errno(err, errno, "random bytes");
	return IM_OK;
}

void
im_token_encode(const unsigned char p[static IM_KEY_BYTES], char dst[static IM_TOKEN_CHARS + 1])
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < IM_KEY_BYTES; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			*dst++ = base64url[bits >> (have - 6) & 63];
	}
	*dst++ = base64url[bits << (6 - have) & 63]; /* 256 = 42 * 6 + 4 */
	*dst = '\0';
}

enum im_status
im_token_new(char dst[static IM_TOKEN_CHARS + 1], struct im_err *err)
{
	unsigned char raw[IM_KEY_BYTES];
	enum im_status st = im_token_random(raw, sizeof raw, err);

	if (st == IM_OK)
		im_token_encode(raw, dst);
	explicit_bzero(raw, sizeof raw);
	return st;
}

bool
im_token_valid(const char *s)
{
	return s && strlen(s) == IM_TOKEN_CHARS && strspn(s, base64url) == IM_TOKEN_CHARS;
}

void
im_token_hash(struct im_str text, char dst[static IM_HASH_HEX_CHARS + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)text.p, text.n);
	for (size_t i = 0; i < sizeof hash; i++) {
		*dst++ = "0123456789abcdef"[hash[i] >> 4];
		*dst++ = "0123456789abcdef"[hash[i] & 15];
	}
	*dst = '\0';
}

void
im_token_mac(const unsigned char key[static IM_KEY_BYTES], const char *purpose, const char *text,
    char dst[static IM_TOKEN_CHARS + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, IM_KEY_BYTES);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, mac);
	im_token_encode(mac, dst);
	explicit_bzero(&state, sizeof state);
}

bool
im_token_eq(const char *a, const char *b)
{
	return im_token_valid(a) && im_token_valid(b) && im_eq_secret(a, b, IM_TOKEN_CHARS);
}

enum im_status
im_token_mask(
    const char token[static IM_TOKEN_CHARS], char dst[static IM_MASKED_CHARS + 1], struct im_err *err)
{
	unsigned char mask[IM_TOKEN_CHARS];
	enum im_status st = im_token_random(mask, sizeof mask, err);

	if (st != IM_OK)
		return st;
	for (size_t i = 0; i < IM_TOKEN_CHARS; i++) {
		const char *at = strchr(base64url, token[i]);
		unsigned digit = at ? (unsigned)(at - base64url) : 0;

		dst[i] = base64url[mask[i] & 63];
		dst[IM_TOKEN_CHARS + i] = base64url[(digit + mask[i]) & 63];
	}
	dst[IM_MASKED_CHARS] = '\0';
	return IM_OK;
}

bool
im_token_unmask(const char *masked, char dst[static IM_TOKEN_CHARS + 1])
{
	if (!masked || strlen(masked) != IM_MASKED_CHARS || strspn(masked, base64url) != IM_MASKED_CHARS)
		return false;
	for (size_t i = 0; i < IM_TOKEN_CHARS; i++) {
		size_t mask = (size_t)(strchr(base64url, masked[i]) - base64url);
		size_t sum = (size_t)(strchr(base64url, masked[IM_TOKEN_CHARS + i]) - base64url);

		dst[i] = base64url[(sum - mask) & 63];
	}
	dst[IM_TOKEN_CHARS] = '\0';
	return true;
}
