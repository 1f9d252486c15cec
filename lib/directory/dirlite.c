/*
 * dirlite.c - one look-up over slapd's local socket
 *
 * Nothing is retried here; the caller's caller (Postfix) has a queue.
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/dirlite.h"
#include "directory/ldaplink.h"
#include "directory/ldapmsg.h"

enum { REQUEST_MAX = 2048 };

static enum im_status
look_up(struct im_ldap_link *l, const char *address, struct im_mailuser *ret, struct im_err *err)
{
	uint8_t request[REQUEST_MAX];
	struct im_ber_out o = { .p = request, .cap = sizeof(request) };
	struct im_ldap_found found = { 0 };
	struct im_str msg = { 0 };

	enum im_status st = im_ldap_link_open(l, err);
	if (st != IM_OK)
		return st;
	im_ldap_put_search(&o, l->conf->ldap_base, address, l->conf->ldap_timeout);
	st = im_ldap_link_send(l, &o, err);
	for (bool done = false; st == IM_OK && !done;) {
		st = im_ldap_link_read(l, &msg, err);
		if (st == IM_OK)
			st = im_ldap_search_answer(msg, &found, &done, err);
	}
	if (st == IM_OK)
		*ret = found.user;
	return st;
}

enum im_status
im_dirlite_user(const struct im_conf *conf, const char *address, struct im_mailuser *ret, struct im_err *err)
{
	char in[IM_LDAP_MSG_MAX];
	struct im_ldap_link l = { .conf = conf, .fd = -1, .in = in, .cap = sizeof(in), .max = sizeof(in) };

	im_ldap_link_begin(&l);
	enum im_status st = look_up(&l, address, ret, err);
	im_ldap_link_close(&l);
	return st;
}
