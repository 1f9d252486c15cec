/*
 * common.c - opening a person's store for the subcommands of intimail-index
 *
 * Everything in a Maildir has one owner, so root becomes that user first: what he writes must not be in the way of the
 * programs that live there, and mail is parsed without root's rights.
 *
 * SPDX-License-Identifier: ISC
 */
#include "index.h"

#include <stdlib.h>

#include "base/owner.h"

enum im_status
index_begin(struct im_cmd_ctx *ctx, const char *uid, struct index_run *r, struct im_err *err)
{
	enum im_status st;

	*r = (struct index_run) { .store = { .fd = -1, .tmp_fd = -1 } };
	st = im_conf_load(ctx->config, &r->conf, err);
	if (st == IM_OK)
		st = im_become_owner_of(r->conf.mail_root, r->conf.mail_user, err);
	if (st == IM_OK)
		st = im_store_open(r->conf.mail_root, uid, false, &r->store, err);
	if (st == IM_NOTFOUND)
		(void)im_fail(err, st, "there is no mail of '%s' in %s", uid, r->conf.mail_root);
	if (st != IM_OK)
		index_end(r);
	return st;
}

void
index_end(struct index_run *r)
{
	im_store_close(&r->store);
	im_arena_done(&r->arena);
	im_conf_done(&r->conf);
}

enum im_status
index_each_mailbox(struct index_run *r, const char *name, index_box_fn *fn, void *arg, struct im_err *err)
{
	char **names = NULL;
	size_t n = 0;
	enum im_status st = IM_OK;

	if (name == NULL)
		st = im_mailbox_list(&r->store, &names, &n, err);
	for (size_t i = 0; st == IM_OK && i < (name == NULL ? n : 1); i++) {
		struct im_mailbox b;

		st = im_mailbox_open(&r->store, name == NULL ? names[i] : name, false, &b, err);
		if (st != IM_OK)
			break;
		st = fn(r, &b, arg, err);
		im_mailbox_close(&b);
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return st;
}
