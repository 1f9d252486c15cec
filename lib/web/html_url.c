/*
 * html_url.c - which URLs of a mail may stay (a closed list of schemes), and whose host they name
 *
 * Browsers forgive a lot in URLs: control characters anywhere, back slashes, missing slashes, encoded hosts. What is not
 * plainly of a listed form is dropped; nothing relative stays, for there is nothing that it could be relative to.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <string.h>

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* leading and trailing white space off, control characters out (as the URL Standard does), spaces kept */
static struct im_str
without_controls(struct im_arena *a, struct im_str raw)
{
	char *p = im_arena_alloc(a, raw.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		unsigned char c = (unsigned char)raw.p[i];
		if (c < 0x20 || c == 0x7F || (c == ' ' && n == 0))
			continue;
		p[n++] = (char)c;
	}
	while (n && p[n - 1] == ' ')
		n--;
	return (struct im_str) { p, n };
}

/*
 * The same URL with what may not stand in one encoded (RFC 3986 2.1); UTF-8 is left to the browser. A back slash before
 * the query is a slash to browsers (URL Standard 4.4), so that is what it becomes.
 */
static struct im_str
encoded(struct im_arena *a, struct im_str s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = im_arena_alloc(a, s.n * 3 + 1);
	size_t n = 0;
	bool path = im_str_startsi(s, "http");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		path = path && c != '?' && c != '#';
		if (c == '\\' && path) {
			p[n++] = '/';
		} else if (one_of((char)c, " \"<>\\^`{|}")) {
			p[n++] = '%';
			p[n++] = hex[c >> 4];
			p[n++] = hex[c & 15];
		} else {
			p[n++] = (char)c;
		}
	}
	return (struct im_str) { p, n };
}

/* what follows "scheme:", or p == NULL; no space may stand in the scheme */
static struct im_str
after_scheme(struct im_str s, const char *scheme)
{
	size_t n = strlen(scheme);
	if (s.n <= n || !im_str_isi((struct im_str) { s.p, n }, scheme) || s.p[n] != ':')
		return (struct im_str) { NULL, 0 };
	return (struct im_str) { s.p + n + 1, s.n - n - 1 };
}

static struct im_str
authority(struct im_str rest)
{
	size_t n = 0;
	while (n < rest.n && !one_of(rest.p[n], "/?#\\"))
		n++;
	return (struct im_str) { rest.p, n };
}

/* userinfo and port off */
static struct im_str
host_of(struct im_str auth)
{
	const char *at = auth.n ? memrchr(auth.p, '@', auth.n) : NULL;
	if (at)
		auth = (struct im_str) { at + 1, (size_t)(auth.p + auth.n - at - 1) };
	if (auth.n && auth.p[0] == '[') { /* IPv6 */
		const char *close = memchr(auth.p, ']', auth.n);
		return (struct im_str) { auth.p, close ? (size_t)(close - auth.p + 1) : auth.n };
	}
	const char *colon = auth.n ? memchr(auth.p, ':', auth.n) : NULL;
	return (struct im_str) { auth.p, colon ? (size_t)(colon - auth.p) : auth.n };
}

/* letters, digits, "-._", non-ASCII, or an IPv6 address: anything else is decoded or refused by browsers in their own ways */
static bool
host_ok(struct im_str h)
{
	if (h.n == 0 || h.n > 255)
		return false;
	if (h.p[0] == '[') {
		for (size_t i = 1; i + 1 < h.n; i++)
			if (!one_of(h.p[i], "0123456789abcdefABCDEF:."))
				return false;
		return h.n > 3 && h.p[h.n - 1] == ']';
	}
	for (size_t i = 0; i < h.n; i++) {
		unsigned char c = (unsigned char)h.p[i];
		if (!is_alnum(c) && !one_of((char)c, "-._") && c < 0x80)
			return false;
	}
	return true;
}

static bool
http_ok(struct im_str rest)
{
	if (!im_str_starts(rest, "//"))
		return false;
	return host_ok(host_of(authority((struct im_str) { rest.p + 2, rest.n - 2 })));
}

static bool
tel_ok(struct im_str rest)
{
	for (size_t i = 0; i < rest.n; i++)
		if (!is_alnum((unsigned char)rest.p[i]) && !one_of(rest.p[i], "+-.()* #;=%"))
			return false;
	return rest.n > 0;
}

/* data:image/png;base64,...: the four raster types, nothing but base64 after them; spaces taken out */
static bool
data_image(struct im_arena *a, struct im_str s, struct im_str *clean)
{
	static const char *const types[] = { "data:image/png;base64,", "data:image/gif;base64,",
		"data:image/jpeg;base64,", "data:image/jpg;base64,", "data:image/webp;base64," };
	const char *type = NULL;
	for (size_t i = 0; i < IM_COUNT(types) && !type; i++)
		if (im_str_startsi(s, types[i]))
			type = types[i];
	if (!type || s.n > IM_HTML_DATA_MAX)
		return false;
	size_t n = strlen(type);
	char *p = im_arena_alloc(a, s.n + 1);
	memcpy(p, type, n);
	for (size_t i = n; i < s.n; i++) {
		if (is_alnum((unsigned char)s.p[i]) || one_of(s.p[i], "+/="))
			p[n++] = s.p[i];
		else if (s.p[i] != ' ')
			return false;
	}
	*clean = (struct im_str) { p, n };
	return true;
}

enum im_url_kind
im_html_url(struct im_arena *a, struct im_str raw, struct im_str *clean)
{
	if (raw.n > IM_HTML_DATA_MAX + IM_HTML_DATA_MAX / 8) /* base64 in lines */
		return IM_URL_BAD;
	struct im_str s = without_controls(a, raw), rest;
	if (s.n > 5 && im_str_startsi(s, "data:"))
		return data_image(a, s, clean) ? IM_URL_DATA_IMAGE : IM_URL_BAD;
	if (s.n == 0 || s.n > IM_HTML_URL_MAX)
		return IM_URL_BAD;
	*clean = s;
	if ((rest = after_scheme(s, "cid")).p)
		return rest.n ? IM_URL_CID : IM_URL_BAD;
	*clean = encoded(a, s);
	if (s.p[0] == '#')
		return IM_URL_ANCHOR;
	if ((rest = after_scheme(s, "https")).p)
		return http_ok(rest) ? IM_URL_HTTPS : IM_URL_BAD;
	if ((rest = after_scheme(s, "http")).p)
		return http_ok(rest) ? IM_URL_HTTP : IM_URL_BAD;
	if ((rest = after_scheme(s, "mailto")).p)
		return rest.n ? IM_URL_MAILTO : IM_URL_BAD;
	if ((rest = after_scheme(s, "tel")).p)
		return tel_ok(rest) ? IM_URL_TEL : IM_URL_BAD;
	return IM_URL_BAD;
}

struct im_str
im_html_url_host(struct im_str clean)
{
	struct im_str rest;
	if ((rest = after_scheme(clean, "https")).p || (rest = after_scheme(clean, "http")).p)
		return rest.n < 2 ? (struct im_str) { NULL, 0 }
				  : host_of(authority((struct im_str) { rest.p + 2, rest.n - 2 }));
	if ((rest = after_scheme(clean, "mailto")).p) {
		struct im_str addr = im_str_cut(&rest, '?');
		const char *at = addr.n ? memrchr(addr.p, '@', addr.n) : NULL;
		if (at)
			return host_of(authority((struct im_str) { at, (size_t)(addr.p + addr.n - at) }));
	}
	return (struct im_str) { NULL, 0 };
}

/* "www.example.org" and "example.org." are "example.org" */
static struct im_str
bare_host(struct im_str h)
{
	while (h.n && h.p[h.n - 1] == '.')
		h.n--;
	if (im_str_startsi(h, "www."))
		h = (struct im_str) { h.p + 4, h.n - 4 };
	return h;
}

/* is 'sub' the host 'top' or below it? */
static bool
host_within(struct im_str sub, struct im_str top)
{
	if (sub.n < top.n || !im_str_eqi((struct im_str) { sub.p + (sub.n - top.n), top.n }, top))
		return false;
	return sub.n == top.n || sub.p[sub.n - top.n - 1] == '.';
}

static bool
is_letters(struct im_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_alnum((unsigned char)s.p[i]) && s.p[i] <= '9')
			return false;
	return s.n >= 2;
}

/*
 * Does a word look like an address? Labels of letters and digits, at least one dot, a last label of two letters or more
 * (or an IPv4 address): "bank.example/login", "https://a.example", "a@b.org"; not "3.5" or "U.S."
 */
static struct im_str
host_in_word(struct im_str t)
{
	static const struct im_str none = { NULL, 0 };
	while (t.n && one_of(t.p[0], "([{<\"'"))
		t = (struct im_str) { t.p + 1, t.n - 1 };
	while (t.n && one_of(t.p[t.n - 1], ")]}>\"',.;:!?"))
		t.n--;
	const char *slashes = t.n > 3 ? memmem(t.p, t.n < 16 ? t.n : 16, "://", 3) : NULL;
	if (slashes)
		t = (struct im_str) { slashes + 3, (size_t)(t.p + t.n - slashes - 3) };
	struct im_str h = host_of(authority(t)), rest = h, label = none;
	size_t labels = 0;
	while (rest.n) {
		label = im_str_cut(&rest, '.');
		if (!label.n || (!rest.p && labels == 0 && label.n == h.n))
			return none;
		for (size_t i = 0; i < label.n; i++)
			if (!is_alnum((unsigned char)label.p[i]) && label.p[i] != '-' && !(label.p[i] & 0x80))
				return none;
		labels++;
	}
	uint64_t number;
	bool ipv4 = labels == 4 && im_str_u64(label, 255, &number);
	if (labels < 2 || (!ipv4 && !is_letters(label) && !im_str_startsi(label, "xn--")))
		return none;
	return h;
}

bool
im_html_host_differs(struct im_str text, struct im_str host)
{
	host = bare_host(host);
	while (text.n && host.n) {
		size_t n = 0;
		while (n < text.n && !one_of(text.p[n], " \t\r\n\f"))
			n++;
		struct im_str shown = bare_host(host_in_word((struct im_str) { text.p, n }));
		if (shown.n && !host_within(host, shown) && !host_within(shown, host))
			return true;
		n += n < text.n;
		text = (struct im_str) { text.p + n, text.n - n };
	}
	return false;
}
