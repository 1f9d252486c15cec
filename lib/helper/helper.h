/*
 * helper.h - the small root service: one validated verb a connection, for the administration pages
 *
 * <run_dir>/helper.sock, group pages_user, peer credentials checked (pages_user or root). A request is one line of JSON,
 * {"verb": "queue-hold", "session": "<token of the browser's cookie>", "args": ["4cXq..."]}; the helper itself loads
 * the session and asks the directory whether its person is an administrator: a page that was taken over can do no more
 * than the person whose cookie it has. The answer is one JSON object: {"status": "ok", ...} or {"status": "...",
 * "message": "..."} with a name of status.h. No shell; verbs and the form of their arguments stand in one table (verb.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HELPER_H
#define IM_HELPER_H

#include <cjson/cJSON.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"

enum { IM_HELPER_REQUEST_MAX = 16 * 1024, IM_HELPER_ANSWER_MAX = 4 * 1024 * 1024, IM_HELPER_SECONDS = 30 };

/*
 * im_helper_call - ask; *ret is the whole answer (cJSON_Delete by the caller). A failure is the helper's own status and
 * text. Verbs, and what their answers have besides "status":
 *	queue-list			total, messages [{id, queue, arrived, size, sender, recipients [{address, reason}]}]
 *	queue-show ID			text
 *	queue-hold, queue-release, queue-delete, queue-retry ID
 *	trace TEXT			messages, as im_trace_value has them, of the last two weeks
 *	usage [UID], recount UID	people [{uid, name, used, of, messages, last_delivery, last_sign_in}]; used may be null
 *	archive UID			place, where im_archive_mail put the mail; null: there was none
 *	purge UID			nothing; a removal that takes longer than IM_HELPER_SECONDS goes on without an answer
 * archive and purge: IM_CONFLICT, and nothing is done, while the person is in the directory.
 * Lists that do not fit into an answer are shortened.
 */
enum im_status im_helper_call(const struct im_conf *conf, const char *session_token, const char *verb,
    const char *const *args, cJSON **ret, struct im_err *err) IM_MUSTUSE;

/* what was asked and what came of it, for the log; texts without control characters, nothing of the session */
struct im_helper_done {
	char who[80];             /* "alice", "root", "user 33" before more is known */
	char verb[32], args[128]; /* verb "": nothing was asked; "?": nothing that could be read */
	enum im_status st;
	char message[256];
};
/* im_helper_serve - one connection: read, check, do, answer (the program's loop calls it in a child) */
void im_helper_serve(const struct im_conf *conf, int fd, struct im_helper_done *ret);

#endif
