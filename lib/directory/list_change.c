/*
 * list_change.c - making, changing and removing lists
 *
 * Members are added and deleted value by value, so that two who join at once both stay.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "directory/list_int.h"
#include "directory/mods.h"

enum {
	LIST_CHANGE_MAX = IM_LIST_MAX,
	TEXT_MAX = 400,
	GID_TRIES = 16,
	GID_FIRST = 5000,
	GID_LAST = 2000000000
};

static const char *
list_dn(struct im_dir *d, const char *name)
{
	return im_arena_fmt(&d->arena, "cn=%s,ou=groups,%s", name, d->conf->ldap_base);
}

/* ---- what is written ---- */

/* one attribute's values, each once; room comes as it is needed */
struct values {
	const char **v;
	int n;
};

static void
put(struct im_dir *d, struct values *x, const char *s)
{
	if ((x->n & (x->n + 1)) == 0) {
		const char **more = im_arena_alloc(&d->arena, (size_t)(2 * x->n + 2) * sizeof(*more));
		if (x->n > 0)
			memcpy(more, x->v, (size_t)x->n * sizeof(*more));
		x->v = more;
	}
	x->v[x->n++] = s;
}

static bool
has(const struct values *x, const char *s)
{
	for (int i = 0; i < x->n; i++)
		if (strcmp(x->v[i], s) == 0)
			return true;
	return false;
}

/* split - people and lists into *in, addresses elsewhere into *out; the same one twice counts once */
static enum im_status
split(struct im_dir *d, const char *const *who, const char *list, struct values *in, struct values *out,
    struct im_err *err)
{
	enum im_status st = IM_OK;

	for (; st == IM_OK && who != NULL && *who != NULL; who++) {
		const char *name;
		bool outside;
		st = im_list_who(d, *who, &name, &outside, err);
		if (st != IM_OK)
			break;
		struct values *x = outside ? out : in;
		if (!outside && strcmp(name, list) == 0)
			return im_fail(err, IM_INVALID, "%s cannot be a member of itself", list);
		if (x->n == LIST_CHANGE_MAX)
			return im_fail(
			    err, IM_QUOTA, "%s: more than %d members at once", list, LIST_CHANGE_MAX);
		if (!has(x, name))
			put(d, x, name);
	}
	return st;
}

/* leaving - as split(), but a member that is nobody any more can be taken out too */
static enum im_status
leaving(struct im_dir *d, const char *const *who, const struct im_list *l, struct values *in,
    struct values *out, struct im_err *err)
{
	for (; who != NULL && *who != NULL; who++) {
		const char *one[] = { *who, NULL };
		if (im_list_has(l->members, *who)) {
			if (!has(in, *who))
				put(d, in, im_arena_strdup(&d->arena, *who));
			continue;
		}
		int before = in->n;
		enum im_status st = split(d, one, l->name, in, out, err);
		if (st != IM_OK)
			return st;
		if (in->n > before && !im_list_has(l->members, in->v[in->n - 1]))
			return im_fail(err, IM_NOTFOUND, "%.80s is not a member of %s", *who, l->name);
	}
	for (int i = 0; l->outside != NULL && i < out->n; i++)
		if (!im_list_has(l->outside, out->v[i]))
			return im_fail(err, IM_NOTFOUND, "%.200s is not a member of %s", out->v[i], l->name);
	return IM_OK;
}

static void
put_values(struct im_mods *m, int op, const char *attr, const struct values *x)
{
	if (x->n > 0)
		im_mods_values(m, op, attr, x->v, x->n);
}

static enum im_status
mod_members(struct im_mods *m, const struct im_list *l, const struct im_list_change *c, struct im_err *err)
{
	struct values in = { 0 }, out = { 0 }, gone = { 0 }, gone_out = { 0 };

	enum im_status st = split(m->d, c->add_members, l->name, &in, &out, err);
	if (st == IM_OK)
		st = leaving(m->d, c->remove_members, l, &gone, &gone_out, err);
	if (st != IM_OK)
		return st;
	for (int i = 0; i < in.n + out.n; i++) {
		const char *who = i < in.n ? in.v[i] : out.v[i - in.n];
		if (im_list_has(i < in.n ? l->members : l->outside, who))
			return im_fail(err, IM_CONFLICT, "%.200s is a member of %s already", who, l->name);
	}
	put_values(m, LDAP_MOD_ADD, "memberUid", &in);
	put_values(m, LDAP_MOD_ADD, "mailListMember", &out);
	put_values(m, LDAP_MOD_DELETE, "memberUid", &gone);
	put_values(m, LDAP_MOD_DELETE, "mailListMember", &gone_out);
	return IM_OK;
}

static enum im_status
mod_owners(struct im_mods *m, const struct im_list *l, const struct im_list_change *c, struct im_err *err)
{
	struct values add = { 0 }, gone = { 0 };
	int left = 0;

	for (const char **u = c->add_owners; u != NULL && *u != NULL; u++) {
		enum im_status st = im_list_owner_ok(m->d, *u, err);
		if (st != IM_OK)
			return st;
		if (im_list_has(l->owners, *u))
			return im_fail(err, IM_CONFLICT, "%s owns %s already", *u, l->name);
		if (!has(&add, im_dir_person_dn(m->d, *u)))
			put(m->d, &add, im_dir_person_dn(m->d, *u));
	}
	for (const char **u = c->remove_owners; u != NULL && *u != NULL; u++) {
		if (!im_list_has(l->owners, *u))
			return im_fail(err, IM_NOTFOUND, "%.80s does not own %s", *u, l->name);
		if (!has(&gone, im_dir_person_dn(m->d, *u)))
			put(m->d, &gone, im_dir_person_dn(m->d, *u));
	}
	for (const char **u = l->owners; *u != NULL; u++)
		left += !has(&gone, im_dir_person_dn(m->d, *u));
	if (gone.n > 0 && left + add.n == 0)
		return im_fail(
		    err, IM_CONFLICT, "%s would be left without an owner: name another one first", l->name);
	put_values(m, LDAP_MOD_ADD, "owner", &add);
	put_values(m, LDAP_MOD_DELETE, "owner", &gone);
	return IM_OK;
}

static enum im_status
mod_addresses(struct im_mods *m, const struct im_list *l, const struct im_list_change *c, struct values *add,
    struct im_err *err)
{
	struct values gone = { 0 };
	const char *address;
	enum im_status st = IM_OK;

	for (const char **s = c->add_addresses; st == IM_OK && s != NULL && *s != NULL; s++) {
		st = im_person_address_ok(m->d->conf, *s, &m->d->arena, &address, err);
		if (st == IM_OK && im_list_has(l->addresses, address))
			st = im_fail(err, IM_CONFLICT, "%s has the address %s already", l->name, address);
		else if (st == IM_OK && !has(add, address))
			put(m->d, add, address);
	}
	for (const char **s = c->remove_addresses; st == IM_OK && s != NULL && *s != NULL; s++) {
		st = im_person_address_ok(m->d->conf, *s, &m->d->arena, &address, err);
		if (st == IM_OK && strcmp(address, l->mail) == 0)
			st = im_fail(
			    err, IM_CONFLICT, "%s is the address of %s itself: it stays", address, l->name);
		else if (st == IM_OK && !im_list_has(l->addresses, address))
			st = im_fail(err, IM_NOTFOUND, "%s does not have the address %s", l->name, address);
		else if (st == IM_OK && !has(&gone, address))
			put(m->d, &gone, address);
	}
	put_values(m, LDAP_MOD_ADD, "mailAlias", add);
	put_values(m, LDAP_MOD_DELETE, "mailAlias", &gone);
	return st;
}

static void
mod_rules(struct im_mods *m, int op, const struct im_list_change *c)
{
	const char *post = im_list_post_text(c->post), *join = im_list_join_text(c->join),
		   *reply = c->reply_to_list ? "list" : "author";

	if (c->set_post)
		im_mods_values(m, op, "mailListPost", &post, 1);
	if (c->set_join)
		im_mods_values(m, op, "mailListJoin", &join, 1);
	if (c->set_reply)
		im_mods_values(m, op, "mailListReplyTo", &reply, 1);
	if (c->set_archive)
		im_mods_bool(m, op, "mailListArchive", c->archive);
	if (c->set_enabled)
		im_mods_bool(m, op, "mailEnabled", c->enabled);
}

/* explain - a conflict in terms of who has the address */
static enum im_status
explain(struct im_dir *d, int rc, const char *name, const struct values *addresses, struct im_err *err)
{
	enum im_status st = im_dir_fail(d, rc, err, "%s", name);

	for (int i = 0; st == IM_CONFLICT && rc == LDAP_CONSTRAINT_VIOLATION && i < addresses->n; i++) {
		const char *who = im_dir_taken(d, addresses->v[i]);
		if (who != NULL && strcmp(who, name) != 0)
			return im_fail(err, IM_CONFLICT, "address %s is taken by %s", addresses->v[i], who);
	}
	return st;
}

enum im_status
im_list_set(struct im_dir *d, const char *name, const struct im_list_change *c, struct im_err *err)
{
	struct im_mods m = { .d = d };
	struct values addresses = { 0 };
	struct im_list l;

	enum im_status st = im_list_get(d, name, &d->arena, &l, err);
	if (st == IM_OK && l.is_admins)
		st = im_fail(err, IM_DENIED,
		    "admins is the group of the administrators, no list: intimail-user set UID --admin adds "
		    "one");
	if (st == IM_OK && c->description != NULL)
		st = im_list_description_ok(c->description, err);
	if (st == IM_OK)
		st = mod_members(&m, &l, c, err);
	if (st == IM_OK)
		st = mod_owners(&m, &l, c, err);
	if (st == IM_OK)
		st = mod_addresses(&m, &l, c, &addresses, err);
	if (st != IM_OK)
		return st;
	if (c->description != NULL)
		im_mods_replace(&m, "description", c->description);
	mod_rules(&m, LDAP_MOD_REPLACE, c);
	/* who else takes an owner away at the same moment must not leave none */
	const char *csn = c->csn ? c->csn : c->remove_owners && *c->remove_owners ? l.csn : NULL;
	errno = 0;
	int rc = im_mods_run(&m, list_dn(d, l.name), csn);
	return rc == LDAP_SUCCESS ? IM_OK : explain(d, rc, l.name, &addresses, err);
}

/* ---- add ---- */

/* next_gid - one more than the largest; slapd sees to it that each is given once */
static enum im_status
next_gid(struct im_dir *d, uint64_t *ret, struct im_err *err)
{
	static const char *const attrs[] = { "gidNumber", NULL };
	LDAPMessage *msg;
	uint64_t gid;

	*ret = GID_FIRST;
	enum im_status st = im_dir_search(
	    d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, "(objectClass=posixGroup)", attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL; e = ldap_next_entry(d->ld, e)) {
		const char *v = im_dir_value(d, e, "gidNumber", &d->arena);
		if (v != NULL && im_str_u64(im_str(v), GID_LAST, &gid) && gid > *ret)
			*ret = gid;
	}
	ldap_msgfree(msg);
	(*ret)++;
	return IM_OK;
}

/* fill - all of a new entry but its number */
static enum im_status
fill(struct im_mods *m, const struct im_list *l, struct values *addresses, struct im_err *err)
{
	static const char *const classes[] = { "posixGroup", "intimailList" };
	const struct im_list none = { .name = l->name,
		.mail = im_arena_fmt(&m->d->arena, "%s@%s", l->name, m->d->conf->domain),
		.members = (const char *[]) { NULL },
		.addresses = (const char *[]) { NULL },
		.owners = (const char *[]) { NULL },
		.outside = (const char *[]) { NULL } };
	struct im_list_change c = { .add_members = l->members,
		.add_owners = l->owners,
		.add_addresses = l->addresses,
		.set_post = true,
		.set_join = true,
		.set_reply = true,
		.set_archive = true,
		.set_enabled = true,
		.post = l->post,
		.join = l->join,
		.reply_to_list = l->reply_to_list,
		.archive = l->archive,
		.enabled = l->enabled };

	im_mods_values(m, LDAP_MOD_ADD, "objectClass", classes, IM_COUNT(classes));
	im_mods_add(m, "cn", l->name);
	im_mods_add(m, "mail", none.mail);
	if (l->description != NULL && *l->description)
		im_mods_add(m, "description", l->description);
	put(m->d, addresses, none.mail);
	enum im_status st = mod_addresses(m, &none, &c, addresses, err);
	if (st == IM_OK)
		st = mod_owners(m, &none, &c, err);
	if (st != IM_OK)
		return st;
	/* addresses elsewhere are told apart by their form, as everywhere */
	struct values in = { 0 }, out = { 0 };
	st = split(m->d, l->members, l->name, &in, &out, err);
	if (st == IM_OK)
		st = split(m->d, l->outside, l->name, &in, &out, err);
	put_values(m, LDAP_MOD_ADD, "memberUid", &in);
	put_values(m, LDAP_MOD_ADD, "mailListMember", &out);
	mod_rules(m, LDAP_MOD_ADD, &c);
	return st;
}

static enum im_status
check_new(struct im_dir *d, const struct im_list *l, struct im_err *err)
{
	bool there = false;

	enum im_status st = im_list_name_ok(l->name, err);
	if (st == IM_OK && l->description != NULL)
		st = im_list_description_ok(l->description, err);
	if (st == IM_OK)
		st = im_dir_known(d, l->name, true, &there, err);
	if (st == IM_OK && there)
		st = im_fail(
		    err, IM_CONFLICT, "%s is the user name of a person: a list needs another name", l->name);
	if (st == IM_OK && (l->owners == NULL || l->owners[0] == NULL))
		st = im_fail(err, IM_INVALID, "%s needs an owner", l->name);
	return st;
}

enum im_status
im_list_add(struct im_dir *d, const struct im_list *l, struct im_err *err)
{
	uint64_t gid;

	enum im_status st = check_new(d, l, err);
	for (int i = 0; st == IM_OK && i < GID_TRIES; i++) {
		struct im_mods m = { .d = d };
		struct values addresses = { 0 };
		st = fill(&m, l, &addresses, err);
		if (st == IM_OK)
			st = next_gid(d, &gid, err);
		if (st != IM_OK)
			return st;
		im_mods_add(&m, "gidNumber", im_arena_fmt(&d->arena, "%llu", (unsigned long long)gid));
		errno = 0;
		int rc = im_mods_new(&m, list_dn(d, l->name));
		if (rc == LDAP_SUCCESS)
			return IM_OK;
		if (rc == LDAP_ALREADY_EXISTS)
			return im_fail(err, IM_CONFLICT, "%s: there is a list of this name", l->name);
		st = explain(d, rc, l->name, &addresses, err);
		if (st != IM_CONFLICT || strstr(err->msg, "is taken by") != NULL)
			return st;
		/* somebody else took the number meanwhile */
		if (i + 1 < GID_TRIES)
			st = IM_OK;
	}
	return st;
}

/* ---- delete ---- */

/* unnest - out of the lists whose member it is: a later list, or person, of the same name must not inherit that */
static enum im_status
unnest(struct im_dir *d, const char *name, struct im_err *err)
{
	struct im_mods m = { .d = d };

	im_mods_delete(&m, "memberUid", name);
	return im_mods_run_each(&m, im_dir_groups(d), im_dir_eq(d, "memberUid", name),
	    im_arena_fmt(&d->arena, "taking %s out of", name), err);
}

enum im_status
im_list_delete(struct im_dir *d, const char *name, struct im_err *err)
{
	struct im_list_viewer who;
	struct im_list l;

	enum im_status st = im_list_get(d, name, &d->arena, &l, err);
	if (st == IM_OK && l.is_admins)
		st = im_fail(
		    err, IM_DENIED, "admins is the group of the administrators: it cannot be deleted");
	if (st == IM_OK)
		st = im_list_viewer(d, &who, err);
	/* an owner may not delete, and shall not leave half of it behind: slapd refuses below */
	if (st == IM_OK && who.all)
		st = unnest(d, l.name, err);
	if (st != IM_OK)
		return st;
	errno = 0;
	int rc = ldap_delete_ext_s(d->ld, list_dn(d, l.name), NULL, NULL);
	return rc == LDAP_SUCCESS ? IM_OK : im_dir_fail(d, rc, err, "deleting %s", l.name);
}
