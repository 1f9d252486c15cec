/*
 * html_idn.c - host names of other scripts as the network knows them (RFC 3492, RFC 5891 4.4)
 *
 * A host is shown beside a link so that nobody takes it for another. In Unicode it could look like any other, so what is
 * shown is "xn--...". No mapping or validation of characters: this is for eyes, not for a resolver.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <string.h>

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 128, LABEL_MAX = 63 };

static char
digit(unsigned d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* 6.1 */
static unsigned
adapt(unsigned delta, unsigned points, bool first)
{
	unsigned k = 0;
	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static void
put_number(unsigned q, unsigned bias, struct im_buf *out)
{
	for (unsigned k = BASE;; k += BASE) {
		unsigned t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
		if (q < t)
			break;
		im_buf_addc(out, digit(t + (q - t) % (BASE - t)));
		q = (q - t) / (BASE - t);
	}
	im_buf_addc(out, digit(q));
}

/* 6.3; c holds n code points, of which not all are ASCII */
static void
encode(const uint32_t *c, unsigned n, struct im_buf *out)
{
	unsigned basic = 0, done, delta = 0, bias = BIAS;
	uint32_t now = FIRST;
	for (unsigned i = 0; i < n; i++)
		if (c[i] < FIRST) {
			im_buf_addc(out, (char)c[i]);
			basic++;
		}
	if (basic)
		im_buf_addc(out, '-');
	for (done = basic; done < n; delta++, now++) {
		uint32_t next = UINT32_MAX;
		for (unsigned i = 0; i < n; i++)
			if (c[i] >= now && c[i] < next)
				next = c[i];
		delta += (next - now) * (done + 1); /* at most 0x10FFFF * 64: no overflow */
		now = next;
		for (unsigned i = 0; i < n; i++) {
			delta += c[i] < now;
			if (c[i] != now)
				continue;
			put_number(delta, bias, out);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
}

static void
put_label(struct im_str label, struct im_buf *out)
{
	uint32_t c[LABEL_MAX];
	unsigned n = 0;
	bool ascii = true;
	const char *p = label.p, *end = label.n ? label.p + label.n : label.p;
	for (size_t used; p < end && n < LABEL_MAX; p += used) {
		c[n] = im_utf8_next(p, end, &used);
		if (c[n] >= 'A' && c[n] <= 'Z')
			c[n] += 'a' - 'A';
		ascii = ascii && c[n] < FIRST;
		n++;
	}
	if (p < end) { /* no such name can exist (RFC 1035 2.3.4) */
		for (size_t i = 0; i < label.n; i++)
			im_buf_addc(out, label.p[i] & 0x80 ? '?' : label.p[i]);
	} else if (ascii) {
		im_buf_add_str(out, label);
	} else {
		im_buf_adds(out, "xn--");
		encode(c, n, out);
	}
}

void
im_html_host_ascii(struct im_str host, struct im_buf *out)
{
	while (host.n) {
		struct im_str rest = host, label = im_str_cut(&rest, '.');
		put_label(label, out);
		if (label.n < host.n)
			im_buf_addc(out, '.');
		host = rest;
	}
}
