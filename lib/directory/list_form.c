/*
 * list_form.c - what a list and an address elsewhere may look like, and who is meant by a name
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "directory/list_int.h"

enum { TEXT_MAX = 400 };

/* ---- forms ---- */

enum im_status
im_list_name_ok(const char *name, struct im_err *err)
{
	struct im_err why;

	if (im_person_uid_ok(name, &why) == IM_OK)
		return IM_OK;
	return im_fail(err, IM_INVALID,
	    "list name \"%.80s\": wanted are up to 64 small letters a-z, digits, \".\", \"_\" and \"-\", the "
	    "first a letter "
	    "or a digit",
	    name);
}

enum im_status
im_list_description_ok(const char *s, struct im_err *err)
{
	if (strlen(s) > TEXT_MAX || !im_utf8_valid(im_str(s)))
		return im_fail(
		    err, IM_INVALID, "description: wanted are at most %d bytes of UTF-8", TEXT_MAX);
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return im_fail(err, IM_INVALID, "description: holds a control character");
	return IM_OK;
}

static bool
domain_ok(struct im_str s)
{
	int labels = 0;

	if (s.p == NULL || s.n > 253)
		return false;
	while (s.p != NULL) {
		struct im_str label = im_str_cut(&s, '.');
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!((label.p[i] >= 'a' && label.p[i] <= 'z') ||
				(label.p[i] >= '0' && label.p[i] <= '9') || label.p[i] == '-'))
				return false;
		labels++;
	}
	return labels > 1;
}

static const char *
lower(struct im_arena *a, const char *s)
{
	char *l = im_arena_strdup(a, s);

	for (char *p = l; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return l;
}

enum im_status
im_list_outside_ok(const char *address, struct im_arena *a, const char **ret, struct im_err *err)
{
	const char *l = lower(a, address);
	struct im_str domain = im_str(l), local = im_str_cut(&domain, '@');
	bool ok = local.n > 0 && local.n <= 64 && domain_ok(domain) && local.p[0] != '-' &&
		  local.p[0] != '.' && local.p[local.n - 1] != '.';

	/* a dot-atom (RFC 5321 4.1.2): what needs quotes is nobody's address and some parser's trouble */
	for (size_t i = 0; ok && i < local.n; i++)
		ok = local.p[i] > ' ' && local.p[i] < 0x7f && strchr("()<>[]:;@\\,\"", local.p[i]) == NULL &&
		     !(local.p[i] == '.' && local.p[i + 1] == '.');
	if (!ok)
		return im_fail(err, IM_INVALID,
		    "\"%.200s\": this is no address (name@domain in ASCII; a domain with other letters is "
		    "written xn--...)",
		    address);
	*ret = l;
	return IM_OK;
}

/* ---- who is meant ---- */

const char *
im_dir_taken(struct im_dir *d, const char *address)
{
	static const char *const attrs[] = { "uid", "cn", "objectClass", NULL };
	const char *who = NULL;
	struct im_err ignored;
	LDAPMessage *msg;
	int n;

	if (im_dir_search(d, d->conf->ldap_base, LDAP_SCOPE_SUBTREE, im_dir_eq(d, "mailAlias", address),
		attrs, 0, &msg, &ignored) != IM_OK)
		return NULL;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	if (e != NULL && (who = im_dir_value(d, e, "uid", &d->arena)) == NULL) {
		/* a person's cn is a name: only a group is known by it */
		const char **classes = im_dir_values(d, e, "objectClass", &d->arena, &n);
		bool list = false;
		for (int i = 0; i < n; i++)
			list = list || strcmp(classes[i], "intimailList") == 0;
		who = list ? im_dir_value(d, e, "cn", &d->arena) : address;
	}
	ldap_msgfree(msg);
	return who;
}

/* known - a person or a list of this name? */
enum im_status
im_dir_known(struct im_dir *d, const char *name, bool people_only, bool *ret, struct im_err *err)
{
	static const char *const attrs[] = { "objectClass", NULL };
	LDAPMessage *msg;
	struct im_err why;

	*ret = false;
	if (im_person_uid_ok(name, &why) != IM_OK)
		return IM_OK;
	const char *person =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailUser)%s)", im_dir_eq(d, "uid", name));
	const char *list =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailList)%s)", im_dir_eq(d, "cn", name));
	enum im_status st =
	    im_dir_search(d, im_dir_people(d), LDAP_SCOPE_ONELEVEL, person, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	*ret = ldap_first_entry(d->ld, msg) != NULL;
	ldap_msgfree(msg);
	if (*ret || people_only)
		return IM_OK;
	st = im_dir_search(d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, list, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	*ret = ldap_first_entry(d->ld, msg) != NULL;
	ldap_msgfree(msg);
	return IM_OK;
}

enum im_status
im_list_owner_ok(struct im_dir *d, const char *uid, struct im_err *err)
{
	bool there;

	enum im_status st = im_dir_known(d, uid, true, &there, err);
	if (st != IM_OK || there)
		return st;
	return im_fail(err, IM_NOTFOUND, "%.80s cannot own a list: there is no such person", uid);
}

/* im_list_who - what to write, and in which attribute */
enum im_status
im_list_who(struct im_dir *d, const char *given, const char **ret, bool *ret_outside, struct im_err *err)
{
	const char *at = strrchr(given, '@');
	bool there;

	*ret_outside = false;
	if (at == NULL) {
		*ret = given;
		enum im_status st = im_dir_known(d, given, false, &there, err);
		if (st != IM_OK || there)
			return st;
		return im_fail(err, IM_NOTFOUND,
		    "\"%.80s\" is nobody here: wanted is a user name, the name of a list, or an address",
		    given);
	}
	if (strcasecmp(at + 1, d->conf->domain) != 0) {
		*ret_outside = true;
		return im_list_outside_ok(given, &d->arena, ret, err);
	}
	enum im_status st = im_person_address_ok(d->conf, given, &d->arena, ret, err);
	if (st != IM_OK)
		return st;
	const char *who = im_dir_taken(d, *ret);
	if (who == NULL)
		return im_fail(err, IM_NOTFOUND, "%s: nobody here has this address", *ret);
	if (strchr(who, '@') != NULL)
		return im_fail(err, IM_INVALID, "%s is a throw-away address: name the person", *ret);
	*ret = who;
	return IM_OK;
}
