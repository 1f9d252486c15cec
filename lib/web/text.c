/*
 * text.c - plain text mail as blocks and runs
 *
 * Two passes over the text, each linear: lines are gathered into blocks of one quote depth (with the soft line ends of
 * RFC 3676 4.1 joined), then a block's text is split at its links. Quote marks are taken off, the template shows the
 * depth. "On ... wrote:" lines and the like are left as the writer's program put them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/text.h"

#include <string.h>

#include "base/buf.h"

struct model {
	struct im_arena *a;
	struct im_value *blocks;
	int nblocks, nlinks;
	bool flowed, delsp;
	/* the block under way */
	struct im_buf buf;
	int quote;
	bool signature, open;
	bool soft; /* the last line ended in a soft line end */
};

/* --- links --- */

static bool
one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word(char c)
{
	return is_alnum(c) || (c & 0x80);
}

/* non-ASCII that ends an URL: spaces, quotes and brackets of other scripts, bidi controls, full-width punctuation */
static bool
ends_url(uint32_t c)
{
	return c == 0xFFFD || c == 0xA0 || c == 0xAB || c == 0xBB || (c >= 0x80 && c < 0xA0) ||
	       (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) || (c >= 0xFE10 && c <= 0xFE6F) ||
	       (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF1F) || (c >= 0xFF5B && c <= 0xFF65) ||
	       c == 0xFEFF;
}

/* bytes of s that can belong to an URL (RFC 3986 2, RFC 3987 2.2), at most IM_TEXT_URL_MAX */
static size_t
url_span(struct im_str s)
{
	size_t i = 0;
	while (i < s.n && i < IM_TEXT_URL_MAX) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c == 0x7F || one_of((char)c, "<>\"\\`"))
			break;
		size_t n = 1;
		if (c >= 0x80 && ends_url(im_utf8_next(s.p + i, s.p + s.n, &n)))
			break;
		i += n;
	}
	return i;
}

/* without the punctuation of the sentence around it, and brackets that were opened before it */
static size_t
trim_url(const char *p, size_t n)
{
	static const char open[] = "([{", close[] = ")]}";
	int excess[3] = { 0 };
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			excess[k] += p[i] == close[k] ? 1 : p[i] == open[k] ? -1 : 0;
	while (n) {
		char c = p[n - 1];
		const char *k = strchr(close, c);
		if (k && excess[k - close] > 0)
			excess[k - close]--;
		else if (!one_of(c, ".,;:!?'*_~|"))
			break;
		n--;
	}
	return n;
}

/*
 * the length of the link that begins at s, 0 when none does; *prefix is what its URL needs before it. What looked like
 * one and was none counts too, so that the time stays linear
 */
static size_t
link_at(struct model *m, struct im_str s, const char **prefix)
{
	static const struct {
		const char *text, *prefix;
	} kinds[] = { { "https://", "" }, { "http://", "" }, { "mailto:", "" }, { "www.", "http://" } };
	for (size_t i = 0; i < IM_COUNT(kinds); i++) {
		size_t head = strlen(kinds[i].text);
		if (!im_str_startsi(s, kinds[i].text))
			continue;
		m->nlinks++;
		size_t n = trim_url(s.p, url_span(s));
		*prefix = kinds[i].prefix;
		bool host = n > head && (is_word(s.p[head]) || (s.p[head] == '[' && i < 2));
		bool address = i != 2 || memchr(s.p, '@', n);
		bool dot = i != 3 || memchr(s.p + head, '.', n > head ? n - head : 0);
		return host && address && dot ? n : 0;
	}
	return 0;
}

static void
add_run(struct model *m, struct im_value *runs, struct im_str text, const char *url)
{
	if (!text.n)
		return;
	struct im_value *r = im_v_add_object(m->a, runs);
	im_v_set_span(m->a, r, "text", text);
	if (url)
		im_v_set_str(m->a, r, "link_url", url);
}

/* next_start - where from i on one of the prefixes of a link may begin: every byte passes here, so by a table */
static size_t
next_start(struct im_str s, size_t i)
{
	static const char second[256] = {
		['h'] = 't', ['H'] = 't', ['m'] = 'a', ['M'] = 'a', ['w'] = 'w', ['W'] = 'w'
	};

	for (; i + 1 < s.n; i++) {
		char next = second[(unsigned char)s.p[i]];

		if (next && (s.p[i + 1] | 0x20) == next && (i == 0 || !is_alnum(s.p[i - 1])))
			return i;
	}
	return s.n;
}

static void
split_links(struct model *m, struct im_str s, struct im_value *runs)
{
	size_t start = 0, i = next_start(s, 0);
	while (i < s.n && m->nlinks < IM_TEXT_LINKS_MAX) {
		const char *prefix;
		struct im_str link = { s.p + i, link_at(m, (struct im_str) { s.p + i, s.n - i }, &prefix) };
		if (link.n) {
			add_run(m, runs, (struct im_str) { s.p + start, i - start }, NULL);
			add_run(m, runs, link, im_arena_fmt(m->a, "%s%.*s", prefix, (int)link.n, link.p));
			start = i + link.n;
		}
		i = next_start(s, i + (link.n ? link.n : 1));
	}
	add_run(m, runs, (struct im_str) { s.p + start, s.n - start }, NULL);
}

/* --- blocks --- */

/* blank lines at both ends belong to the space between blocks */
static struct im_str
without_blank_ends(struct im_str s)
{
	size_t line = 0; /* where the first line that is not blank begins */
	for (size_t i = 0; i < s.n && one_of(s.p[i], " \t\n"); i++)
		if (s.p[i] == '\n')
			line = i + 1;
	s = (struct im_str) { s.p + line, s.n - line };
	while (s.n && one_of(s.p[s.n - 1], " \t\n"))
		s.n--;
	return s;
}

static void
end_block(struct model *m)
{
	struct im_str s = without_blank_ends(im_buf_str(&m->buf));
	if (m->open && s.n) {
		struct im_value *b = im_v_add_object(m->a, m->blocks);
		im_v_set_int(m->a, b, "quote", m->quote);
		im_v_set_bool(m->a, b, "signature", m->signature);
		split_links(m, s, im_v_set_array(m->a, b, "runs"));
		m->nblocks++;
	}
	im_buf_clear(&m->buf);
	m->open = m->soft = false;
}

/* take the quote marks off: ">>" as RFC 3676 4.5 writes them, "> >" as others do */
static int
take_quote(const struct model *m, struct im_str *line)
{
	int depth = 0;
	size_t i = 0;
	while (i < line->n && line->p[i] == '>') {
		depth++;
		i++;
		if (!m->flowed && i + 1 < line->n && line->p[i] == ' ' && line->p[i + 1] == '>')
			i++;
	}
	/* space-stuffing (RFC 3676 4.4), or the space after the marks */
	if (i < line->n && line->p[i] == ' ' && (m->flowed || depth))
		i++;
	*line = (struct im_str) { line->p + i, line->n - i };
	return depth < IM_TEXT_QUOTE_MAX ? depth : IM_TEXT_QUOTE_MAX;
}

static void
add_line(struct model *m, struct im_str line)
{
	int quote = take_quote(m, &line);
	bool sig_mark = im_str_is(line, "-- ") && quote == 0;
	if (m->open && (quote != m->quote || sig_mark))
		end_block(m);
	if (!m->open) {
		m->quote = quote;
		m->open = true;
	} else if (!m->soft) {
		im_buf_addc(&m->buf, '\n');
	}
	m->signature = (m->signature || sig_mark) && quote == 0;
	m->soft = m->flowed && !sig_mark && line.n && line.p[line.n - 1] == ' ';
	if (m->soft && m->delsp)
		line.n--;
	im_buf_add_str(&m->buf, line);
}

void
im_text_model(struct im_arena *a, struct im_str text, bool flowed, bool delsp, struct im_value *arr)
{
	struct model m = { .a = a, .blocks = arr, .flowed = flowed, .delsp = delsp };
	im_buf_init(&m.buf, text.n + 1);
	while (text.n && m.nblocks < IM_TEXT_BLOCKS_MAX)
		add_line(&m, im_str_cut(&text, '\n'));
	end_block(&m);
	if (text.n) { /* too many: the rest as it is */
		im_buf_add_str(&m.buf, text);
		m.quote = 0;
		m.open = true;
		end_block(&m);
	}
	im_buf_done(&m.buf);
}
