/*
 * writer.c - header fields that hold one line whatever they came from, and text as quoted-printable
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/io.h"
#include "mail/header.h"

enum {
	LINE_MAX_CHARS = 76,
	WORD_MAX = 900,       /* a word that does not fold must stay below RFC 5322's 998 */
	ENCODED_BYTES = 42,   /* of text in one encoded word: 75 characters at most (RFC 2047 2) */
	VALUE_MAX = 8 * 1024, /* what is longer is cut */
	QUOTED_MAX = 60,      /* a longer display name is encoded, as that folds */
	IDS_MAX = 20,
	ID_MAX = 250
};

static void
base64(struct im_buf *out, const unsigned char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? p[i + 2] : 0);

		im_buf_addc(out, digits[v >> 18]);
		im_buf_addc(out, digits[v >> 12 & 63]);
		im_buf_addc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
		im_buf_addc(out, i + 2 < n ? digits[v & 63] : '=');
	}
}

/* encoded - as encoded words (RFC 2047), one a line */
static void
encoded(struct im_buf *out, struct im_str s)
{
	for (bool first = true; s.n > 0; first = false) {
		size_t n = im_utf8_cut(s, ENCODED_BYTES);

		if (n == 0)
			n = s.n < ENCODED_BYTES ? s.n : ENCODED_BYTES;
		im_buf_adds(out, first ? "=?UTF-8?B?" : "\n =?UTF-8?B?");
		base64(out, (const unsigned char *)s.p, n);
		im_buf_adds(out, "?=");
		s.p += n;
		s.n -= n;
	}
}

/* is_plain - ASCII that reads the same after folding at its spaces, and is not taken for an encoded word */
static bool
is_plain(struct im_str s)
{
	size_t word = 0;

	if (s.n > 0 && (s.p[0] == ' ' || s.p[s.n - 1] == ' '))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		word = c == ' ' ? 0 : word + 1;
		if (c < ' ' || c > '~' || word > WORD_MAX)
			return false;
		if (i > 0 && ((c == ' ' && s.p[i - 1] == ' ') || (c == '?' && s.p[i - 1] == '=')))
			return false;
	}
	return true;
}

/* valid - malformed UTF-8 becomes U+FFFD: what is declared as UTF-8 has to be it */
static void
valid(struct im_str s, struct im_buf *out)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		char utf8[4];
		uint32_t c = im_utf8_next(s.p + i, s.p + s.n, &n);

		im_buf_add(out, utf8, im_utf8_put(c, utf8));
	}
}

/* one_line - what is written of a value: one line of UTF-8 without controls, bounded */
static struct im_str
one_line(const char *value, struct im_buf *b)
{
	struct im_buf clean;
	struct im_str s = im_str(value);

	im_buf_init(b, 4 * VALUE_MAX);
	im_buf_init(&clean, 4 * VALUE_MAX);
	if (s.n > VALUE_MAX)
		s.n = im_utf8_cut(s, VALUE_MAX);
	valid(s, &clean);
	im_text_line(im_buf_str(&clean), false, b);
	im_buf_done(&clean);
	return im_str_trim(im_buf_str(b));
}

void
im_writer_text(struct im_buf *out, const char *name, const char *value)
{
	struct im_buf b;
	struct im_str s = one_line(value, &b);
	size_t column = strlen(name) + 1;

	im_buf_addf(out, "%s:", name);
	if (!is_plain(s)) {
		im_buf_addc(out, ' ');
		encoded(out, s);
		s.n = 0;
	}
	while (s.n > 0) {
		struct im_str word = im_str_cut(&s, ' ');

		if (column + 1 + word.n > LINE_MAX_CHARS && column > strlen(name) + 1) {
			im_buf_addc(out, '\n');
			column = 0;
		}
		im_buf_addc(out, ' ');
		im_buf_add_str(out, word);
		column += 1 + word.n;
	}
	im_buf_addc(out, '\n');
	im_buf_done(&b);
}

/* address_char - may stand in an address that is written without quotes: no end of a line, of the field, of the brackets */
static bool
address_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("<>()[]\",;:\\", c);
}

static bool
is_address(const char *a)
{
	size_t n = strlen(a);

	for (size_t i = 0; i < n; i++)
		if (!address_char(a[i]))
			return false;
	return n > 2 && n <= 320 && strchr(a, '@') && im_utf8_valid(im_str(a));
}

void
im_writer_address(struct im_buf *out, const char *name, const char *display, const char *address)
{
	struct im_buf b;
	struct im_str s = one_line(display, &b);

	im_buf_addf(out, "%s: ", name);
	if (s.n > 0 && is_plain(s) && s.n <= QUOTED_MAX) {
		im_buf_addc(out, '"');
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] == '"' || s.p[i] == '\\')
				im_buf_addc(out, '\\');
			im_buf_addc(out, s.p[i]);
		}
		im_buf_addc(out, '"');
	} else {
		encoded(out, s);
	}
	im_buf_adds(out, s.n > 0 ? "\n <" : "<");
	for (const char *p = address; *p; p++)
		if (address_char(*p))
			im_buf_addc(out, *p);
	im_buf_adds(out, ">\n");
	im_buf_done(&b);
}

void
im_writer_date(struct im_buf *out, int64_t when)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	im_buf_addf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\n", days + 3 * tm.tm_wday,
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
im_writer_message_id(struct im_buf *out, const struct im_conf *conf)
{
	unsigned char r[12];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		memset(r, 0, sizeof(r)); /* the time tells it apart all the same */
	im_buf_addf(out, "Message-ID: <%llx.", (unsigned long long)im_now_ns());
	for (size_t i = 0; i < sizeof(r); i++)
		im_buf_addf(out, "%02x", r[i]);
	im_buf_addf(out, "@%s>\n", conf->hostname);
}

static void
qp_line(struct im_buf *out, struct im_str line)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		bool last = i + 1 == line.n;
		bool plain = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !last);

		if (i == 0 && im_str_starts(line, "From "))
			plain = false; /* programs that keep mbox files change it */
		size_t width = plain ? 1 : 3;

		if (column + width > LINE_MAX_CHARS - 1) {
			im_buf_adds(out, "=\n");
			column = 0;
		}
		if (plain)
			im_buf_addc(out, (char)c);
		else
			im_buf_addf(out, "=%02X", c);
		column += width;
	}
	im_buf_addc(out, '\n');
}

void
im_writer_quoted_printable(struct im_buf *out, struct im_str text)
{
	while (text.n > 0) {
		struct im_str line = im_str_cut(&text, '\n');

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		qp_line(out, line);
	}
}

/* ids - the well-formed ones of a list of Message-IDs, the last ones where there are too many */
static void
ids(struct im_buf *out, const char *name, const char *raw)
{
	struct im_str found[IDS_MAX];
	size_t n = 0;

	for (const char *p = raw ? strchr(raw, '<') : NULL; p; p = strchr(p + 1, '<')) {
		size_t len = strcspn(p + 1, "> \t\r\n<") + 2;
		bool good = p[len - 1] == '>' && len <= ID_MAX && memchr(p, '@', len);

		for (size_t i = 0; good && i < len; i++)
			good = (unsigned char)p[i] > ' ' && (unsigned char)p[i] <= '~';
		if (!good)
			continue;
		if (n == IDS_MAX)
			memmove(found, found + 1, --n * sizeof(found[0]));
		found[n++] = (struct im_str) { p, len };
	}
	for (size_t i = 0; i < n; i++) {
		if (i == 0)
			im_buf_addf(out, "%s:", name);
		im_buf_adds(out, "\n ");
		im_buf_add_str(out, found[i]);
	}
	if (n > 0)
		im_buf_addc(out, '\n');
}

static enum im_status
extra(struct im_buf *out, const struct im_writer_field *f, struct im_err *err)
{
	for (; f && f->name; f++) {
		for (const char *p = f->name; *p; p++)
			if (*p <= ' ' || *p > '~' || *p == ':')
				return im_fail(err, IM_INVALID, "message: %s is no name of a field", f->name);
		im_writer_text(out, f->name, f->value);
	}
	return IM_OK;
}

enum im_status
im_writer_notice(
    const struct im_conf *conf, const struct im_notice *n, struct im_buf *out, struct im_err *err)
{
	if (!n->from || !n->to || !is_address(n->from) || !is_address(n->to))
		return im_fail(err, IM_INVALID, "message: %s is no address that can be written to",
		    n->from && is_address(n->from) ? (n->to ? n->to : "(none)")
						   : (n->from ? n->from : "(none)"));
	im_writer_address(out, "From", n->from_name, n->from);
	im_writer_address(out, "To", n->to_name, n->to);
	im_writer_text(out, "Subject", n->subject);
	im_writer_date(out, im_now());
	im_writer_message_id(out, conf);
	ids(out, "In-Reply-To", n->in_reply_to);
	ids(out, "References", n->references);
	if (n->automatic || n->replied)
		im_buf_adds(
		    out, n->replied ? "Auto-Submitted: auto-replied\n" : "Auto-Submitted: auto-generated\n");
	enum im_status st = extra(out, n->extra, err);
	if (st != IM_OK)
		return st;
	im_buf_adds(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
			 "Content-Transfer-Encoding: quoted-printable\n\n");
	struct im_buf text;
	im_buf_init(&text, out->max);
	valid(im_str(n->text), &text);
	im_writer_quoted_printable(out, im_buf_str(&text));
	out->full = out->full || text.full;
	im_buf_done(&text);
	if (out->full)
		return im_fail(err, IM_QUOTA, "message to %s: larger than %zu bytes", n->to, out->max);
	return IM_OK;
}
