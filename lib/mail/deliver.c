/*
 * deliver.c - one message for one recipient, from a stream into the Maildir
 *
 * Rationale. Postfix keeps the message until we answer, so every doubt is resolved by "try again": a message may be
 * delivered late, never cut short and never lost. The point of no return is the rename into new/ (im_filing_commit);
 * what fails after it is a warning, because a retry would then be a second copy. A retry of a delivery whose answer got
 * lost is recognised by Postfix's queue id, which is part of the file's name.
 *
 * A pipe(8) that is killed looks like a clean end of the input: complete.h tells them apart.
 *
 * Locks: quota (the Maildir) before index (the mailbox). Both are taken after the message is on the disk, so that a
 * slow sender holds up nobody.
 *
 * The person's rules (wishes.h) are judged between the copy and the locks. What they forward goes out before the message
 * is filed: an answer that got lost must not keep the copy from being sent, and the journal keeps a repeated delivery
 * from sending another. A folder that a rule names wins over "+detail": the rule is the person's word, the address the
 * sender's.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/confine.h"
#include "base/io.h"
#include "directory/dirlite.h"
#include "mail/address.h"
#include "mail/aliaslog.h"
#include "mail/complete.h"
#include "mail/deliver.h"
#include "mail/index.h"
#include "mail/maildir.h"
#include "mail/quota.h"
#include "mail/quota_warn.h"
#include "mail/summary.h"
#include "mail/wishes.h"
#include "policy/admit.h"

enum {
	COPY_BYTES = 64 * 1024, /* what a pipe holds */
	QUOTA_WAIT_MS = 20 * 1000,
	INDEX_WAIT_MS = 2000
};

/* everything a delivery holds; zeroed with descriptors -1, released by release() */
struct job {
	const struct im_conf *conf;
	const struct im_delivery *d;
	struct im_rcpt rcpt;
	struct im_mailuser user;
	bool inactive; /* disabled or ended */
	struct im_complete complete;
	struct im_store store;
	struct im_mailbox box;
	struct im_filing filing;
	bool filing_open, quota_locked;
	struct im_index_lock index;
	struct im_arena arena;
	struct im_summary summary;
	struct im_wishes wishes;
	struct im_usage usage; /* before this message, when there is a quota */
	uint64_t size;
};

/* ---- where to ---- */

/* find_folder - the mailbox that "+detail" names, in any case of letters; INBOX when there is none */
static enum im_status
find_folder(const struct job *j, char ret[IM_MAILBOX_NAME_MAX + 1], struct im_err *err)
{
	/* what a person wrote himself and what he threw away is not for strangers to add to */
	static const char *const own[] = { "Sent", "Drafts", "Trash" };
	char **names;
	size_t n;

	bool found = im_fmt(ret, IM_MAILBOX_NAME_MAX + 1, "INBOX");
	if (j->rcpt.detail[0] == '\0')
		return IM_OK;
	for (size_t i = 0; i < IM_COUNT(own); i++)
		if (strcasecmp(j->rcpt.detail, own[i]) == 0)
			return IM_OK;
	enum im_status st = im_mailbox_list(&j->store, &names, &n, err);
	if (st != IM_OK)
		return st;
	found = false;
	for (size_t i = 0; i < n; i++) {
		if (!found && strcasecmp(names[i], j->rcpt.detail) == 0)
			found = im_fmt(ret, IM_MAILBOX_NAME_MAX + 1, "%s", names[i]);
		free(names[i]);
	}
	free(names);
	return IM_OK;
}

static enum im_status
find_person(struct job *j, struct im_err *err)
{
	if (!im_rcpt_split(j->d->recipient, &j->rcpt))
		return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "not an address of anybody here");
	enum im_status st = im_dirlite_user(j->conf, j->rcpt.address, &j->user, err);
	if (st == IM_NOTFOUND)
		return im_fail_dsn(
		    err, IM_NOTFOUND, "5.1.1", "%s: nobody here has this address", j->rcpt.address);
	if (st != IM_OK)
		return st;
	j->inactive = !im_admit_account(j->user.enabled, j->user.expires, im_now());
	return IM_OK;
}

static enum im_status
open_mailbox(struct job *j, struct im_err *err)
{
	char folder[IM_MAILBOX_NAME_MAX + 1];

	enum im_status st = im_store_open(j->conf->mail_root, j->user.uid, true, &j->store, err);
	if (st == IM_OK)
		st = find_folder(j, folder, err);
	if (st == IM_OK)
		st = im_mailbox_open(&j->store, folder, strcmp(folder, "INBOX") == 0, &j->box, err);
	return st;
}

/*
 * confine - before the first byte of the message is looked at: from here on only this person's Maildir can be opened
 * for writing, and no program can be started. Where the person's rules send mail, Postfix's port may be connected to.
 * No filter of system calls: syslog(3) may have to connect anew.
 */
static enum im_status
confine(struct job *j, struct im_err *err)
{
	char maildir[4096];

	if (!j->d->confine)
		return IM_OK;
	if (!im_fmt(maildir, sizeof(maildir), "%s/%s/Maildir", j->conf->mail_root, j->user.uid))
		return im_fail(err, IM_TEMP, "mail_root: too long");
	tzset(); /* reads the time zone while that can be opened */
	/* the boot id was read with the store; charsets are converted by tables of our own, the agent is static */
	const struct im_confine_path own = { maildir, IM_PATH_WRITE };
	return im_confine(&(struct im_confine) { .paths = &own,
			      .npaths = 1,
			      .calls = IM_CALLS_ALL,
			      .connect_port = j->wishes.connects ? (uint16_t)j->conf->submit_port : 0 },
	    err);
}

/* ---- the copy ---- */

static enum im_status
copy(struct job *j, char *buf, struct im_summary_parser *parser, struct im_err *err)
{
	for (;;) {
		ssize_t n = read(j->d->input, buf, COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return im_fail_errno(err, errno, "reading the message from standard input");
		if (n == 0)
			return IM_OK;
		im_summary_feed(parser, buf, (size_t)n);
		im_complete_feed(&j->complete, buf, (size_t)n);
		if (!im_write_full(j->filing.fd, buf, (size_t)n))
			return im_fail_errno(err, errno, "writing the message of %s", j->user.uid);
		j->size += (uint64_t)n;
	}
}

static enum im_status
take_in(struct job *j, struct im_err *err)
{
	enum im_status st = im_filing_begin(&j->box, &j->filing, err);
	if (st != IM_OK)
		return st;
	j->filing_open = true;
	char *buf = im_malloc(COPY_BYTES);
	struct im_summary_parser *parser = im_summary_begin();
	st = copy(j, buf, parser, err);
	im_summary_end_header(parser, &j->arena, &j->summary, j->wishes.any ? &j->wishes.header : NULL);
	free(buf);
	if (st == IM_OK)
		st = im_complete_check(&j->complete, j->d->expected, err);
	if (st == IM_OK)
		st = im_filing_sync(&j->filing, err);
	return st;
}

/* ---- telling what went wrong without a failure ---- */

/* copy_name - for the report only: what does not fit is left out */
static void
copy_name(char *dst, size_t size, const char *src)
{
	if (!im_fmt(dst, size, "%s", src))
		dst[0] = '\0';
}

static void
warn(struct im_delivered *ret, const char *what, const struct im_err *err)
{
	if (ret->warning[0] == '\0' &&
	    !im_fmt(ret->warning, sizeof(ret->warning), "%s: %.200s", what, err->msg))
		ret->warning[0] = '\0';
}

/* ---- what the person wishes ---- */

static void
load_wishes(struct job *j, struct im_delivered *ret)
{
	struct im_err werr;

	if (im_wishes_load(&j->store, &j->arena, &j->wishes, &werr) != IM_OK)
		warn(ret, "rules", &werr);
}

/* change_mailbox - the message's file goes to another mailbox's tmp/. One that is not there leaves it where it is */
static void
change_mailbox(struct job *j, const char *name, struct im_delivered *ret)
{
	struct im_mailbox to;
	struct im_err werr;

	if (strcmp(name, j->box.name) == 0)
		return;
	if (im_mailbox_open(&j->store, name, strcmp(name, "Trash") == 0, &to, &werr) != IM_OK) {
		warn(ret, "rules", &werr);
		return;
	}
	int e = im_rename_noreplace(j->box.tmp_fd, j->filing.tmp_name, to.tmp_fd, j->filing.tmp_name);
	if (e != 0) {
		(void)im_fail_errno(&werr, e, "moving the message to %s", name);
		warn(ret, "rules", &werr);
		im_mailbox_close(&to);
		return;
	}
	im_mailbox_close(&j->box);
	j->box = to; /* j->filing.box is a pointer to it */
}

static void
judge(struct job *j, struct im_delivered *ret)
{
	const struct im_verdict *v = &j->wishes.verdict;

	if (!j->wishes.any)
		return;
	im_wishes_judge(&j->wishes, j->d->sender, &j->arena);
	if (j->inactive) { /* nothing is sent in the name of somebody who cannot sign in */
		j->wishes.verdict.nforward = 0;
		j->wishes.verdict.keep = true;
		j->wishes.verdict.vacation = false;
	}
	if (v->drop || v->folder != NULL)
		change_mailbox(j, v->drop ? "Trash" : v->folder, ret);
}

/* forward - whoever did not take the copy for good leaves the message here, whatever the rules say */
static enum im_status
forward(struct job *j, struct im_delivered *ret, struct im_err *err)
{
	struct im_verdict *v = &j->wishes.verdict;
	const char *to[IM_COUNT(v->forward) + 1] = { NULL };
	size_t refused = 0;

	if (v->nforward == 0)
		return IM_OK;
	enum im_status st = im_complete_parent(&j->complete, err);
	if (st != IM_OK)
		return st;
	for (int i = 0; i < v->nforward; i++)
		to[i] = v->forward[i];
	const struct im_forward f = { .queueid = j->d->queueid,
		.from = j->rcpt.address,
		.to = to,
		.dir = j->box.tmp_fd,
		.file = j->filing.tmp_name };
	st = im_forward(j->conf, &j->store, &f, &refused, err);
	if (st != IM_OK && st != IM_DENIED)
		return err->st = IM_TEMP;
	if (st == IM_OK)
		ret->forwarded = v->nforward - (int)refused;
	if (st == IM_OK && refused > 0)
		st = im_fail(err, IM_DENIED, "%zu of %d addresses were refused", refused, v->nforward);
	if (st == IM_DENIED) {
		warn(ret, "not forwarded", err);
		v->keep = true;
	}
	return IM_OK;
}

/* reply - after the message is filed, without locks. A failure is no reason to do anything */
static void
reply(struct job *j, struct im_delivered *ret)
{
	const struct im_autoreply m = { .header = j->wishes.header,
		.sender = j->d->sender,
		.recipient = j->rcpt.address,
		.original = j->d->original,
		.subject = j->wishes.subject };
	struct im_err werr;

	if (j->wishes.any && im_wishes_reply(j->conf, &j->store, &j->wishes, &m, &werr) != IM_OK)
		warn(ret, "rules", &werr);
}

/* log_alias - "word.abcde@domain" is a throw-away address: its owner wants to know who uses it */
static void
log_alias(struct job *j, struct im_delivered *ret)
{
	struct im_rcpt alias;
	struct im_err werr;
	const char *dot;

	if (strcmp(j->d->original, j->d->recipient) == 0 || !im_rcpt_split(j->d->original, &alias) ||
	    strcmp(alias.domain, j->conf->domain) != 0 || strcmp(alias.address, j->rcpt.address) == 0)
		return;
	dot = strrchr(alias.local, '.');
	if (dot == NULL || dot == alias.local || strlen(dot + 1) != 5 ||
	    strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz234567") != 5)
		return;
	if (im_aliaslog_add(&j->store, alias.address, j->d->sender, im_now(), &werr) != IM_OK)
		warn(ret, "address log", &werr);
}

/* ---- filing ---- */

static enum im_status
lock(struct job *j, struct im_delivered *ret, struct im_err *err)
{
	struct im_err ierr;

	enum im_status st = im_quota_lock(&j->store, QUOTA_WAIT_MS, err);
	if (st != IM_OK)
		return st;
	j->quota_locked = true;
	/* whoever rebuilds a large index holds its lock for long; the mail need not wait for a cache */
	if (im_index_lock(&j->box, INDEX_WAIT_MS, &j->index, &ierr) != IM_OK)
		warn(ret, "index", &ierr);
	return IM_OK;
}

/* find_duplicate - filed by an earlier attempt whose answer was lost? Then its place in the directory is made durable now */
static enum im_status
find_duplicate(struct job *j, bool *ret, struct im_err *err)
{
	*ret = false;
	if (j->d->queueid[0] == '\0')
		return IM_OK;
	enum im_status st = im_index_has_queueid(&j->index, j->d->queueid, ret, err);
	if (st != IM_OK || !*ret)
		return st;
	if (fsync(j->box.new_fd) != 0 || fsync(j->box.cur_fd) != 0)
		return im_fail_errno(err, errno, "making the mailbox of %s durable", j->user.uid);
	return IM_OK;
}

static enum im_status
mailbox_full(const struct job *j, struct im_err *err)
{
	struct im_usage u;
	struct im_err ignored;

	if (im_quota_usage(&j->store, j->user.quota, &u, &ignored) != IM_OK)
		u.bytes = j->user.quota;
	return im_admit_full(j->conf, j->rcpt.address, u.bytes, j->user.quota, j->size, err);
}

static enum im_status
file_message(struct job *j, struct im_delivered *ret, struct im_err *err)
{
	const char *flags = im_wishes_flags(&j->wishes);
	enum im_status st = im_complete_parent(&j->complete, err);
	if (st == IM_OK)
		st = im_filing_commit(&j->filing, j->size, j->d->queueid, flags, err);
	if (st != IM_OK)
		return st;

	/* from here the message is ours: no failure any more */
	struct im_err werr;
	copy_name(ret->id, sizeof(ret->id), j->filing.id);
	if (j->index.held && im_index_append(&j->index, &j->filing, flags == NULL, flags != NULL ? flags : "",
				 j->d->queueid, &j->summary, &werr) != IM_OK)
		warn(ret, "index", &werr);
	if (im_quota_add(&j->store, (int64_t)j->size, 1, &werr) != IM_OK)
		warn(ret, "quota", &werr);
	return IM_OK;
}

/* warn_quota - under the quota lock still; INBOX's index may be the one that we hold */
static void
warn_quota(struct job *j, struct im_delivered *ret, bool refused)
{
	const struct im_quota_warning w = { .address = j->rcpt.address,
		.language = j->user.language,
		.quota = j->user.quota,
		.before = j->usage.bytes,
		.after = j->usage.bytes + (refused ? 0 : j->size),
		.refused = refused };
	struct im_err werr;
	int level;

	if (j->inactive || (!refused && im_quota_level(w.after, w.quota) == 0))
		return;
	im_index_unlock(&j->index);
	if (im_quota_warn(j->conf, &j->store, &w, &level, &werr) != IM_OK)
		warn(ret, "quota", &werr);
}

static enum im_status
file_it(struct job *j, struct im_delivered *ret, struct im_err *err)
{
	enum im_status st = lock(j, ret, err);
	if (st == IM_OK)
		st = find_duplicate(j, &ret->duplicate, err);
	if (st != IM_OK || ret->duplicate)
		return st;
	st = im_quota_admit_usage(&j->store, j->user.quota, j->size, &j->usage, err);
	if (st == IM_QUOTA && j->inactive) {
		ret->dropped = true;
		return IM_OK;
	}
	if (st == IM_QUOTA) {
		st = mailbox_full(j, err);
		warn_quota(j, ret, true);
		return st;
	}
	if (st == IM_OK)
		st = file_message(j, ret, err);
	if (st == IM_OK)
		warn_quota(j, ret, false);
	return st;
}

static enum im_status
run(struct job *j, struct im_delivered *ret, struct im_err *err)
{
	enum im_status st = find_person(j, err);
	if (st == IM_OK)
		st = open_mailbox(j, err);
	if (st == IM_OK) {
		load_wishes(j, ret);
		st = confine(j, err);
	}
	if (st == IM_OK)
		st = take_in(j, err);
	if (st != IM_OK)
		return st;
	judge(j, ret);
	st = forward(j, ret, err);
	if (st == IM_OK && j->wishes.verdict.keep)
		st = file_it(j, ret, err);
	if (st == IM_OK && !ret->duplicate && !ret->dropped)
		log_alias(j, ret);
	return st;
}

/* unlock - first what others wait for: giving the index's watch back costs the kernel a grace period */
static void
unlock(struct job *j)
{
	if (j->quota_locked)
		im_quota_unlock(&j->store);
	j->quota_locked = false;
	im_index_unlock(&j->index);
}

static void
release(struct job *j)
{
	if (j->filing_open)
		im_filing_abort(&j->filing);
	unlock(j);
	im_mailbox_close(&j->box);
	im_store_close(&j->store);
	im_arena_done(&j->arena);
	im_complete_end(&j->complete);
}

/* never_bounce - a refusal that is ours alone becomes "try again" (a bad configuration, a defect, a full disk) */
static enum im_status
never_bounce(enum im_status st, struct im_err *err)
{
	if (st != IM_OK && st != IM_QUOTA && !(st == IM_NOTFOUND && strcmp(err->dsn, "5.1.1") == 0)) {
		st = err->st = IM_TEMP;
		if (err->dsn[0] != '4')
			copy_name(err->dsn, sizeof(err->dsn), "4.3.0");
	}
	return st;
}

enum im_status
im_deliver(
    const struct im_conf *conf, const struct im_delivery *d, struct im_delivered *ret, struct im_err *err)
{
	struct job j = { .conf = conf, .d = d, .store.fd = -1 };
	struct im_delivered done = { 0 };

	im_complete_begin(&j.complete, d->parent, d->queueid[0] != '\0');
	j.box.fd = j.box.tmp_fd = j.box.new_fd = j.box.cur_fd = -1;
	j.filing.fd = -1;
	enum im_status st = never_bounce(run(&j, &done, err), err);
	if (st == IM_OK && !done.duplicate && !done.dropped) {
		unlock(&j);
		reply(&j, &done);
	}
	if (st == IM_OK) {
		copy_name(done.uid, sizeof(done.uid), j.user.uid);
		copy_name(done.mailbox, sizeof(done.mailbox), j.box.name);
		done.size = j.size;
		done.kept = j.wishes.verdict.keep;
		*ret = done;
	}
	release(&j);
	return st;
}
