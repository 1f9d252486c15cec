/*
 * token.h - random tokens, their hashes and keyed hashes, as text for cookies, forms and file names
 *
 * libsodium's SHA-256 is plain C chosen at link time, with no run-time dispatch: sodium_init() (0.1 ms: it probes the
 * processor and opens the random device) is neither needed nor called. Random bytes come from getrandom(2).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TOKEN_H
#define IM_TOKEN_H

#include "base/err.h"
#include "base/str.h"

enum {
	IM_KEY_BYTES = 32,
	IM_TOKEN_CHARS = 43, /* 32 bytes as base64url without padding (RFC 4648 5) */
	IM_HASH_HEX_CHARS = 64
};

/* im_token_random - n random bytes; IM_TEMP when the kernel gives none */
enum im_status im_token_random(void *p, size_t n, struct im_err *err) IM_MUSTUSE;
/* im_token_new - 256 random bits as text */
enum im_status im_token_new(char dst[static IM_TOKEN_CHARS + 1], struct im_err *err) IM_MUSTUSE;
bool im_token_valid(const char *s); /* has the form of a token */

void im_token_encode(const unsigned char p[static IM_KEY_BYTES], char dst[static IM_TOKEN_CHARS + 1]);
/* im_token_hash - SHA-256 in hex */
void im_token_hash(struct im_str text, char dst[static IM_HASH_HEX_CHARS + 1]);
/* im_token_mac - HMAC-SHA256(key, purpose NUL text) (RFC 2104); the purpose keeps tokens of one key apart */
void im_token_mac(const unsigned char key[static IM_KEY_BYTES], const char *purpose, const char *text,
    char dst[static IM_TOKEN_CHARS + 1]);
bool im_token_eq(const char *a, const char *b); /* constant time for tokens; NULL is never equal */

/*
 * A page is compressed with text that a sender chose beside the token of its forms; a token that were the same on every
 * page could be guessed from the lengths (BREACH). So each page shows it under a mask of its own, mask first.
 */
enum { IM_MASKED_CHARS = 2 * IM_TOKEN_CHARS };
enum im_status im_token_mask(const char token[static IM_TOKEN_CHARS], char dst[static IM_MASKED_CHARS + 1],
    struct im_err *err) IM_MUSTUSE;
/* im_token_unmask - false (dst untouched) for what has no such form; NULL is fine */
bool im_token_unmask(const char *masked, char dst[static IM_TOKEN_CHARS + 1]) IM_MUSTUSE;

#endif
