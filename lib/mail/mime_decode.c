/*
 * mime_decode.c - transfer decoding as a stream: base64, quoted-printable, uuencode (RFC 2045 6.7, 6.8)
 *
 * Lenient as mail demands: what is no base64 is skipped, padding ends a group and not the text, a broken "=XX" stays,
 * white space at the end of a quoted-printable line goes. Any cutting of the input gives the same output.
 *
 * Decoded bytes go to out in pieces of PIECE: a full out drops the rest.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime.h"

#include <string.h>

enum { PIECE = 1024, X = 64 };

/* value of a base64 character; X: none */
static const unsigned char b64[256] = { X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63, 52, 53, 54, 55, 56, 57,
	58, 59, 60, 61, X, X, X, X, X, X, X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, X, X, X, X, X, X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
	40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X };

/* output in pieces, so that what fits into out gets there */
struct piece {
	struct im_buf *out;
	size_t n;
	char p[PIECE + 8]; /* a base64 group may pass PIECE */
};

/* what fits */
static void
add_fitting(struct im_buf *out, const char *p, size_t n)
{
	size_t room = out->max - out->n;

	if (out->full)
		return;
	im_buf_add(out, p, n < room ? n : room);
	out->full = n > room;
}

static void
flush(struct piece *o)
{
	add_fitting(o->out, o->p, o->n);
	o->n = 0;
}

static void
put(struct piece *o, unsigned c)
{
	o->p[o->n++] = (char)c;
	if (o->n >= PIECE)
		flush(o);
}

static void
put_all(struct piece *o, const char *p, size_t n)
{
	flush(o);
	add_fitting(o->out, p, n);
}

/* --- base64. state[0]: characters of the open group, state[1] and on: their values */

static void
base64_group(struct im_decoder *d, struct piece *o)
{
	const unsigned char *v = d->state + 1;

	/* two characters are one byte, three two; one alone is nothing */
	if (d->state[0] >= 2)
		put(o, (unsigned)v[0] << 2 | v[1] >> 4);
	if (d->state[0] >= 3)
		put(o, (unsigned)(v[1] & 15) << 4 | v[2] >> 2);
	if (d->state[0] == 4)
		put(o, (unsigned)(v[2] & 3) << 6 | v[3]);
	d->state[0] = 0;
}

static void
base64(struct im_decoder *d, struct im_str in, struct piece *o)
{
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;

	while (p < end && !o->out->full) {
		while (d->state[0] == 0 && end - p >= 4) { /* nearly always */
			unsigned a = b64[p[0]], b = b64[p[1]], c = b64[p[2]], e = b64[p[3]];

			if ((a | b | c | e) & X)
				break;
			o->p[o->n] = (char)(a << 2 | b >> 4);
			o->p[o->n + 1] = (char)(b << 4 | c >> 2);
			o->p[o->n + 2] = (char)(c << 6 | e);
			o->n += 3;
			p += 4;
			if (o->n >= PIECE)
				flush(o);
		}
		if (p == end)
			break;
		if (*p == '=') {
			base64_group(d, o);
		} else if (b64[*p] != X) {
			d->state[++d->state[0]] = b64[*p];
			if (d->state[0] == 4)
				base64_group(d, o);
		}
		p++;
	}
}

/* --- quoted-printable. hold: an escape that is not complete, or white space that may be at the end of a line */

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* one byte when something is held */
static void
qp_held(struct im_decoder *d, char c, struct piece *o)
{
	bool escape = d->hold[0] == '=', digit = escape && d->nhold > 1 && im_hex_digit(d->hold[1]) >= 0;

	if (digit && im_hex_digit(c) >= 0) {
		put(o, (unsigned)(im_hex_digit(d->hold[1]) * 16 + im_hex_digit(c)));
		d->nhold = 0;
	} else if (!digit && c == '\n') {
		/* a soft line break, or a line end without the white space before it */
		if (!escape) {
			if (d->hold[d->nhold - 1] == '\r')
				put(o, '\r');
			put(o, '\n');
		}
		d->nhold = 0;
	} else if (d->nhold < sizeof(d->hold) &&
		   ((!digit && is_white(c)) || (escape && d->nhold == 1 && im_hex_digit(c) >= 0))) {
		d->hold[d->nhold++] = c;
	} else {
		put_all(o, d->hold, d->nhold);
		d->nhold = 0;
		if (c == '=' || is_white(c))
			d->hold[d->nhold++] = c;
		else
			put(o, (unsigned char)c);
	}
}

/* behind what stands for itself: everything but escapes, and white space at the end of a line or of the piece */
static const char *
qp_plain(const char *p, const char *end)
{
	for (;;) {
		const char *q;

		while (p < end && *p != '=' && !is_white(*p))
			p++;
		for (q = p; q < end && (*q == ' ' || *q == '\t'); q++)
			;
		if (end - p > 1 && q == p && p[0] == '\r' && p[1] == '\n')
			p += 2;
		else if (q < end && q > p && *q != '\r' && *q != '\n')
			p = q;
		else
			return p;
	}
}

static void
qp(struct im_decoder *d, struct im_str in, struct piece *o)
{
	const char *p = in.p, *end = in.p + in.n;

	while (p < end && !o->out->full) {
		const char *start = p;

		if (d->nhold) {
			qp_held(d, *p++, o);
			continue;
		}
		p = qp_plain(p, end);
		if (p > start)
			put_all(o, start, (size_t)(p - start));
		if (end - p > 2 && p[0] == '=' && im_hex_digit(p[1]) >= 0 && im_hex_digit(p[2]) >= 0) {
			put(o, (unsigned)(im_hex_digit(p[1]) * 16 + im_hex_digit(p[2])));
			p += 3;
		} else if (p < end) {
			d->hold[d->nhold++] = *p++;
		}
	}
}

/* --- uuencode. hold: the line so far; state[0]: 0 before "begin", 1 in the data, 2 behind "end" */

static void
uu_line(struct im_decoder *d, struct piece *o)
{
	struct im_str line = { d->hold, d->nhold };
	size_t n, i;

	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	d->nhold = 0;
	if (d->state[0] != 1) {
		if (d->state[0] == 0 && im_str_starts(line, "begin "))
			d->state[0] = 1;
		return;
	}
	if (im_str_is(line, "end")) {
		d->state[0] = 2;
		return;
	}
	if (line.n == 0)
		return;
	n = (size_t)((line.p[0] - ' ') & 63);
	for (i = 1; n > 0 && i < line.n; i += 4) {
		unsigned v[4];

		for (size_t k = 0; k < 4; k++) /* mailers strip the spaces at the end of a line */
			v[k] = i + k < line.n ? (unsigned)(line.p[i + k] - ' ') & 63 : 0;
		put(o, v[0] << 2 | v[1] >> 4);
		if (n > 1)
			put(o, (v[1] & 15) << 4 | v[2] >> 2);
		if (n > 2)
			put(o, (v[2] & 3) << 6 | v[3]);
		n -= n < 3 ? n : 3;
	}
}

static void
uu(struct im_decoder *d, struct im_str in, struct piece *o)
{
	for (size_t i = 0; i < in.n && !o->out->full; i++) {
		if (d->nhold < sizeof(d->hold))
			d->hold[d->nhold++] = in.p[i];
		if (in.p[i] == '\n')
			uu_line(d, o);
	}
}

static void
coded(struct im_decoder *d, struct im_str in, bool end, struct im_buf *out)
{
	struct piece o;

	o.out = out;
	o.n = 0;
	if (d->cte == IM_CTE_BASE64) {
		base64(d, in, &o);
		if (end)
			base64_group(d, &o);
	} else if (d->cte == IM_CTE_QP) {
		qp(d, in, &o);
		if (end && d->nhold > 1 && d->hold[0] == '=' && im_hex_digit(d->hold[1]) >= 0)
			put_all(&o, d->hold, d->nhold);
	} else {
		uu(d, in, &o);
		if (end)
			uu_line(d, &o);
	}
	flush(&o);
}

void
im_decode(struct im_decoder *d, struct im_str in, bool end, struct im_buf *out)
{
	if (in.n == 0)
		in.p = ""; /* the end alone */
	if (d->cte == IM_CTE_IDENTITY)
		add_fitting(out, in.p, in.n);
	else if (!out->full)
		coded(d, in, end, out);
}
