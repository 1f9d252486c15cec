/*
 * remote.c - how much an HTML text would fetch from elsewhere: remote URLs in src, background and url()
 *
 * A count for people and tests, by the letter of the text; what is shown is decided by the sanitiser.
 *
 * SPDX-License-Identifier: ISC
 */
#include "message.h"

#include <string.h>

static struct im_str
skip_space(struct im_str s)
{
	while (s.n && strchr(" \t\r\n\f", s.p[0]) && s.p[0])
		s = (struct im_str) { s.p + 1, s.n - 1 };
	return s;
}

/* a remote URL, perhaps behind a quote */
static bool
is_remote(struct im_str s)
{
	s = skip_space(s);
	if (s.n && (s.p[0] == '"' || s.p[0] == '\''))
		s = skip_space((struct im_str) { s.p + 1, s.n - 1 });
	return im_str_startsi(s, "http://") || im_str_startsi(s, "https://") || im_str_starts(s, "//");
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

int
count_remote_refs(struct im_str html)
{
	static const struct {
		struct im_str name;
		char next;
	} places[] = { { IM_STR("src"), '=' }, { IM_STR("background"), '=' }, { IM_STR("url"), '(' } };
	int n = 0;

	for (size_t i = 0; i < html.n; i++) {
		struct im_str at = { html.p + i, html.n - i }, rest;

		if (!strchr("sSbBuU", at.p[0]) || !at.p[0] || (i > 0 && is_word(at.p[-1])))
			continue;
		for (size_t k = 0; k < IM_COUNT(places); k++) {
			if (!im_str_startsi(at, places[k].name.p))
				continue;
			rest =
			    skip_space((struct im_str) { at.p + places[k].name.n, at.n - places[k].name.n });
			n += rest.n && rest.p[0] == places[k].next &&
			     is_remote((struct im_str) { rest.p + 1, rest.n - 1 });
		}
	}
	return n;
}
