/*
 * people.c - who wrote to whom, and the whole header
 *
 * The address is always shown beside the name, and a name that looks like another address is called out: the name is
 * whatever the sender likes.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "mail/address.h"
#include "mail/header.h"
#include "message.h"

/* in the order in which they are shown */
static const struct people_field {
	const char *field, *label;
} people_fields[] = {
	{ "From", /* N_ */ "From" },
	{ "Reply-To", /* N_ */ "Reply to" },
	{ "To", /* N_ */ "To" },
	{ "Cc", /* N_ */ "Copy" },
	{ "Bcc", /* N_ */ "Blind copy" },
};

/* addresses_of - of every field of this name: some mail has several To */
static void
addresses_of(const struct message *m, const char *field, struct im_addresses *ret)
{
	struct im_arena *a = m->r->arena;
	struct im_field f;
	size_t pos = 0;

	*ret = (struct im_addresses) { 0 };
	while (im_header_next(m->mime.header, &pos, &f)) {
		struct im_addresses more, sum = { 0 };

		if (!im_str_isi(f.name, field))
			continue;
		im_addresses_parse(a, f.value, &more);
		if (!ret->n) {
			*ret = more;
			continue;
		}
		sum.n = ret->n + more.n;
		sum.a = im_arena_alloc(a, (size_t)sum.n * sizeof(*sum.a));
		memcpy(sum.a, ret->a, (size_t)ret->n * sizeof(*sum.a));
		memcpy(sum.a + ret->n, more.a, (size_t)more.n * sizeof(*sum.a));
		sum.cut = ret->cut || more.cut;
		*ret = sum;
		if (sum.n > 4 * IM_ADDRESS_MAX)
			break;
	}
}

static void
add_people(const struct message *m, struct im_value *people, const char *label, const struct im_addresses *l)
{
	struct im_arena *a = m->r->arena;
	struct im_value *p = im_v_add_object(a, people), *list;
	int n = l->n > MESSAGE_PEOPLE_MAX ? MESSAGE_PEOPLE_MAX : l->n;
	uint64_t rest = (uint64_t)(l->n - n);

	im_v_set_str(a, p, "label", im_tr(m->r->lang, label));
	list = im_v_set_array(a, p, "list");
	for (int i = 0; i < n; i++) {
		struct im_value *v = im_v_add_object(a, list);

		im_v_set_str(a, v, "name", l->a[i].name);
		im_v_set_str(a, v, "addr", l->a[i].addr);
		im_v_set_bool(a, v, "last", i == n - 1);
	}
	im_v_set_str(
	    a, p, "more", rest ? im_tr_count(m->r->lang, "and %d other", "and %d others", rest, a) : NULL);
}

/* add_unreadable - a From that holds no address is shown as it is */
static void
add_unreadable(const struct message *m, struct im_value *people, struct im_addresses *from)
{
	struct im_arena *a = m->r->arena;
	struct im_address *who = im_arena_alloc(a, sizeof(*who));
	struct im_str raw;
	struct im_buf text;

	im_buf_init(&text, MESSAGE_FIELD_MAX);
	if (im_header_get(m->mime.header, "From", &raw))
		im_header_text(raw, &text);
	who->name = text.n ? im_arena_strndup(a, text.p, text.n) : im_tr(m->r->lang, "(unknown sender)");
	who->addr = "";
	im_buf_done(&text);
	*from = (struct im_addresses) { .a = who, .n = 1 };
	add_people(m, people, "From", from);
}

/* misleading - does the name show an address that is not the sender's? */
static bool
misleading(const struct im_address *from)
{
	return strchr(from->name, '@') && *from->addr && !strcasestr(from->name, from->addr);
}

static bool
same_people(const struct im_addresses *a, const struct im_addresses *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (strcasecmp(a->a[i].addr, b->a[i].addr) != 0)
			return false;
	return true;
}

/* initial - the letter in the circle beside the sender: the first character that is no quote or bracket */
static const char *
initial(struct im_arena *a, const struct im_address *from)
{
	const char *p = *from->name ? from->name : from->addr, *end = p + strlen(p);
	size_t n = 0;

	while (p < end && strchr("\"'<([ ", *p))
		p++;
	if (p == end)
		return "?";
	(void)im_utf8_next(p, end, &n);
	return *p >= 'a' && *p <= 'z' ? im_arena_fmt(a, "%c", *p - 'a' + 'A') : im_arena_strndup(a, p, n);
}

void
message_people(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	struct im_value *people = im_v_set_array(a, model, "people");
	struct im_addresses from = { 0 }, l;
	const char *warning = NULL;

	for (size_t i = 0; i < IM_COUNT(people_fields); i++) {
		addresses_of(m, people_fields[i].field, &l);
		if (l.n && !(i == 1 && same_people(&l, &from)))
			add_people(m, people, people_fields[i].label, &l);
		else if (i == 0)
			add_unreadable(m, people, &l);
		if (i == 0)
			from = l;
	}
	if (misleading(&from.a[0]))
		warning = im_tr_with(m->r->lang,
		    "The name of the sender shows an address, but the message comes from %s.", from.a[0].addr,
		    a);
	im_v_set_str(a, model, "initial", initial(a, &from.a[0]));
	im_v_set_str(a, model, "from_warning", warning);
}

void
message_fields(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	struct im_value *fields = im_v_set_array(a, model, "fields");
	struct im_field f;
	struct im_buf text;
	size_t pos = 0;

	im_buf_init(&text, MESSAGE_FIELD_MAX);
	for (int n = 0; n < MESSAGE_FIELDS_MAX && im_header_next(m->mime.header, &pos, &f); n++) {
		struct im_value *v = im_v_add_object(a, fields);

		im_buf_clear(&text);
		im_header_text(f.value, &text);
		im_v_set_span(a, v, "name", f.name);
		im_v_set_span(a, v, "value", im_buf_str(&text));
	}
	im_buf_done(&text);
}
