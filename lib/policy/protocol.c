/*
 * protocol.c - Postfix's policy delegation protocol
 *
 * SPDX-License-Identifier: ISC
 */
#include "policy/protocol.h"

#include <string.h>

#include "base/str.h"

void
im_policy_begin(struct im_policy_parser *p)
{
	p->n = 0;
	p->lines = 0;
	p->bad = false;
	p->request = (struct im_policy_request) { 0 };
}

/* address - in lower case; "<>" does not occur here, an empty value is the empty sender */
static bool
address(struct im_str v, char ret[static 321])
{
	ret[0] = '\0';
	if (v.n > 320)
		return false;
	for (size_t i = 0; i < v.n; i++)
		ret[i] = (char)(v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i]);
	ret[v.n] = '\0';
	return true;
}

/* a number that makes no sense counts as not told */
static uint64_t
number(struct im_str v, uint64_t max)
{
	uint64_t n;

	return im_str_u64(v, max, &n) ? n : 0;
}

static void
take(struct im_policy_request *r, struct im_str name, struct im_str v)
{
	if (im_str_is(name, "request")) {
		r->known = im_str_is(v, "smtpd_access_policy");
	} else if (im_str_is(name, "protocol_state")) {
		r->state = im_str_is(v, "RCPT")             ? IM_POLICY_RCPT
			   : im_str_is(v, "END-OF-MESSAGE") ? IM_POLICY_END
							    : IM_POLICY_OTHER;
	} else if (im_str_is(name, "sender")) {
		r->sender_long = !address(v, r->sender);
	} else if (im_str_is(name, "recipient")) {
		r->recipient_long = !address(v, r->recipient);
	} else if (im_str_is(name, "sasl_username")) {
		(void)address(v, r->login);
	} else if (im_str_is(name, "size")) {
		r->size = number(v, INT64_MAX);
	} else if (im_str_is(name, "recipient_count")) {
		r->recipients = number(v, 1000000);
	} else if (im_str_is(name, "server_port")) {
		r->port = (int)number(v, 65535);
	}
}

/* line_ends - true: it was the empty one behind a request */
static bool
line_ends(struct im_policy_parser *p)
{
	struct im_str line = { p->line, p->n }, name;

	p->n = 0;
	if (line.n == 0) {
		p->bad = p->lines == 0;
		p->lines = 0;
		return !p->bad;
	}
	const char *equals = memchr(line.p, '=', line.n);
	if (equals == NULL || equals == line.p || memchr(line.p, '\0', line.n) != NULL ||
	    ++p->lines > IM_POLICY_LINES_MAX) {
		p->bad = true;
		return false;
	}
	if (p->lines == 1)
		p->request = (struct im_policy_request) { 0 };
	name = (struct im_str) { line.p, (size_t)(equals - line.p) };
	take(&p->request, name, (struct im_str) { equals + 1, line.n - name.n - 1 });
	return false;
}

size_t
im_policy_feed(struct im_policy_parser *p, const char *bytes, size_t n, bool *ret_whole)
{
	size_t i = 0;

	*ret_whole = false;
	while (i < n && !p->bad && !*ret_whole) {
		char c = bytes[i++];
		if (c == '\n')
			*ret_whole = line_ends(p);
		else if (p->n == sizeof(p->line))
			p->bad = true;
		else
			p->line[p->n++] = c;
	}
	return i;
}

/* reply_code - RFC 5321 4.2.3; the enhanced code's class decides between now and never */
static const char *
reply_code(enum im_status st, const char *dsn)
{
	if (dsn[0] == '5' && st == IM_QUOTA)
		return "552";
	if (dsn[0] == '5')
		return "550";
	if (st == IM_QUOTA)
		return "452";
	return st == IM_DENIED ? "450" : "451";
}

size_t
im_policy_reply(enum im_status st, const struct im_err *err, char ret[static IM_POLICY_REPLY_MAX])
{
	static const char later[] =
	    "action=451 4.3.0 This cannot be decided just now, please try again later\n\n";
	const char *dsn = st != IM_OK && err->dsn[0] ? err->dsn : im_status_dsn(st);

	if (st == IM_OK) {
		memcpy(ret, "action=DUNNO\n\n", 15);
		return 14;
	}
	/* why something cannot be decided is for the log, not for strangers */
	if (st != IM_NOTFOUND && st != IM_DENIED && st != IM_QUOTA) {
		memcpy(ret, later, sizeof(later));
		return sizeof(later) - 1;
	}
	/* Postfix takes "$" as it is here; a reply line ends at 512 bytes (RFC 5321 4.5.3.1.5), the text is shorter */
	if (!im_fmt(
		ret, IM_POLICY_REPLY_MAX, "action=%s %s %.384s\n\n", reply_code(st, dsn), dsn, err->msg)) {
		memcpy(ret, later, sizeof(later));
		return sizeof(later) - 1;
	}
	size_t n = strlen(ret);
	for (size_t i = 0; i < n - 2; i++)
		if ((unsigned char)ret[i] < ' ' || (unsigned char)ret[i] >= 0x7f)
			ret[i] = '?';
	return n;
}
