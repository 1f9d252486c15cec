/*
 * maildir.h - one person's Maildir++: mailboxes, unique names, flags, durable filing
 *
 * https://cr.yp.to/proto/maildir.html, Maildir++ as of Courier's README.maildirquota. Names are
 * "<unique>,S=<bytes>:2,<flags>". All work is relative to open directories; symbolic links are never followed;
 * nothing here is built from what a sender wrote.
 *
 *	/var/mail/intimail/<uid>/Maildir/{tmp,new,cur}  .<Folder>/{tmp,new,cur}  maildirsize  <mailbox>/index.jsonl
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MAILDIR_H
#define IM_MAILDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	IM_MAILBOX_NAME_MAX = 200, /* bytes of "Family.Photos" as stored */
	IM_MSG_NAME_MAX = 255,
	IM_FLAGS_MAX = 52, /* A-Z a-z */
	IM_BOOT_ID = 32
};

/*
 * A person's store. Quota decisions are made under flock(tmp_fd): not the Maildir directory itself, because that is
 * INBOX, whose index lock is another one.
 */
struct im_store {
	int fd;     /* the Maildir directory */
	int tmp_fd; /* its tmp/; flock'ed by im_quota_lock */
	char uid[65];
	char boot[IM_BOOT_ID + 1]; /* of the running system, for the index; "" where it is not to be had */
};

/* im_uid_valid - [a-z0-9][a-z0-9._-]{0,63}, no "..": safe as a path component and in LDAP */
bool im_uid_valid(const char *uid);

/*
 * im_store_open - <mail_root>/<uid>/Maildir; created with its three folders and mode 0700 when 'create'
 * Refuses (IM_TEMP, clear text) a wrong owner, a symbolic link, a network file system (F25).
 */
enum im_status im_store_open(
    const char *mail_root, const char *uid, bool create, struct im_store *ret, struct im_err *err) IM_MUSTUSE;
void im_store_close(struct im_store *s);
/* im_boot_id_learn - reads now what im_store_open wants to know from /proc, for who will be confined before it */
void im_boot_id_learn(void);

/* a mailbox: INBOX is the Maildir itself, any other one ".<name>" */
struct im_mailbox {
	int fd; /* the mailbox directory (holds tmp new cur index.jsonl); flock'ed by index writers */
	int tmp_fd, new_fd, cur_fd;
	/* "INBOX", "Sent", "Family.Photos": the stored form, modified UTF-7 as in Dovecot */
	char name[IM_MAILBOX_NAME_MAX + 1];
	char boot[IM_BOOT_ID + 1]; /* the store's */
};
bool im_mailbox_name_valid(const char *name);
enum im_status im_mailbox_open(const struct im_store *s, const char *name, bool create,
    struct im_mailbox *ret, struct im_err *err) IM_MUSTUSE;
void im_mailbox_close(struct im_mailbox *b);
/* im_mailbox_list - names, INBOX first, the well-known ones (Drafts Sent Archive Junk Trash) next, then sorted; *ret owned by caller (free each and the array) */
enum im_status im_mailbox_list(
    const struct im_store *s, char ***ret, size_t *ret_n, struct im_err *err) IM_MUSTUSE;
/* im_mailbox_display - decoded UTF-8 name for people */
void im_mailbox_display(const char *name, struct im_buf *out);

/* --- names --- */

/* flags as a set; the text has each letter once, sorted: capitals, then small letters (keywords). Other characters are dropped */
uint64_t im_flags_mask(struct im_str letters);
size_t im_flags_text(uint64_t mask, char dst[static IM_FLAGS_MAX + 1]);

bool im_queueid_valid(struct im_str q); /* 6-32 letters and digits */
/* im_queueid_time - seconds UTC out of a long queue id (enable_long_queue_ids); false for the short form */
bool im_queueid_time(struct im_str q, int64_t *ret);

/* what a file name says. id = everything before ":2,": stable while flags change */
struct im_msg_name {
	struct im_str id;
	struct im_str flags;   /* letters after ":2,", or empty */
	int64_t arrived;       /* leading seconds, -1 where the name has none */
	uint64_t size;         /* ,S=; UINT64_MAX where absent */
	struct im_str queueid; /* from the 'Q' part of our own names, or empty */
};
/* false: no message file (dot file, control bytes, no UTF-8, too long) */
bool im_msg_name_parse(struct im_str file, struct im_msg_name *ret);

/* im_msg_arrived - the leading seconds of a unique name, -1 where it has none */
int64_t im_msg_arrived(struct im_str id);

/*
 * im_maildir_each - every message file of new/ and of cur/, in no order; fn returns false to stop
 * file is NUL-terminated, borrowed like the name's spans until fn returns.
 */
typedef bool im_maildir_fn(const struct im_msg_name *name, const char *file, bool is_new, void *arg);
enum im_status im_maildir_each(
    const struct im_mailbox *b, im_maildir_fn *fn, void *arg, struct im_err *err) IM_MUSTUSE;

/* --- filing --- */

struct im_filing {
	const struct im_mailbox *box;
	int fd; /* the file in tmp/, write to it */
	char tmp_name[IM_MSG_NAME_MAX + 1];
	char id[IM_MSG_NAME_MAX + 1]; /* after commit: the unique name with ,S= */
	int64_t arrived;              /* the seconds of the name */
};
/* im_filing_begin - O_EXCL|O_NOFOLLOW file in tmp/ */
enum im_status im_filing_begin(
    const struct im_mailbox *box, struct im_filing *f, struct im_err *err) IM_MUSTUSE;
/* im_filing_sync - fsync and close of the file; nothing is visible yet */
enum im_status im_filing_sync(struct im_filing *f, struct im_err *err) IM_MUSTUSE;
/*
 * im_filing_commit - renameat2(RENAME_NOREPLACE) into new/ (flags == NULL) or cur/ with flags, then fsync of that directory
 * queueid "" = none. The name's seconds are 'arrived' (now). A name that exists gets another one (F9, F10).
 * IM_TEMP when the directory could not be synced: the file may be there, a retry finds the duplicate.
 */
enum im_status im_filing_commit(struct im_filing *f, uint64_t size, const char *queueid, const char *flags,
    struct im_err *err) IM_MUSTUSE;
/* im_rename_noreplace - rename that never replaces, on file systems without RENAME_NOREPLACE too; 0 or errno */
int im_rename_noreplace(int from_fd, const char *from, int to_fd, const char *to) IM_MUSTUSE;
/* im_filing_abort - remove the temporary file; harmless after commit */
void im_filing_abort(struct im_filing *f);

#endif
