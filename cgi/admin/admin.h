/*
 * admin.h - the administration pages: what every handler has
 *
 * Each request acts in the directory as the signed-in person (proxied authorization): slapd decides. The look at "is this
 * person an administrator" is made with the same connection and only gives the refusal a page.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ADMIN_H
#define ADMIN_H

#include "base/buf.h"
#include "base/shell.h"
#include "directory/directory.h"
#include "directory/person.h"
#include "mail/maildir.h" /* im_uid_valid, im_queueid_valid */
#include "web/app.h"

enum {
	ADMIN_PAGE = 50,           /* rows of a page */
	ADMIN_COMMAND_MAX = 1500,  /* bytes of a command line that is shown; a longer one is not */
	ADMIN_PASTE_MAX = 500,     /* addresses pasted at once */
	ADMIN_FIELD_MAX = 4096,    /* bytes of a field */
	ADMIN_PASTE_BYTES = 40000, /* of the field for many addresses */
	ADMIN_HEAD_BYTES = 16384   /* shown of a waiting message */
};

struct admin {
	struct im_request *r;
	struct im_response *resp;
	struct im_value *model;
	struct im_err *err;
	struct im_arena *a;
	struct im_dir *d; /* as the signed-in person */
	struct im_person me;
	struct im_value *errors; /* field -> text, beside the field */
	bool wrong;              /* there is one */
	struct im_buf command;
};

typedef enum im_status admin_page(struct admin *x);
enum im_status admin_run(struct im_request *r, struct im_response *resp, struct im_value *model,
    struct im_err *err, admin_page *page);

/* admin_title - the title, and which entry of the navigation is the current one ("people") */
void admin_title(struct admin *x, const char *section, const char *title);

/* admin_command - the equivalent command line anew: admin_command(x, "intimail-user", "set", uid) */
#define admin_command(x, ...) admin_command_words(x, __VA_ARGS__, (const char *)NULL)
void admin_command_words(struct admin *x, ...) __attribute__((sentinel));
void admin_word(struct admin *x, const char *word);
void admin_words(struct admin *x, const char *option, const char *value); /* both */
/* admin_command_text - what was put together, NULL when it is too long; in the arena */
const char *admin_command_text(struct admin *x);

/* admin_done - 303 to a page of ours, which shows the text (translated) and the command; signed, so that no link makes one */
void admin_done(struct admin *x, const char *url, const char *text);
/* admin_wrong - a text beside a field; the page is shown again with 400 */
void admin_wrong(struct admin *x, const char *field, const char *text);
/*
 * admin_refused - a change that failed: true when the page shall be shown again with the reason, and with what is there
 * now; false when it is an error page (directory down, not allowed). csn: IM_CONFLICT because somebody else was faster
 */
bool admin_refused(struct admin *x, enum im_status st, bool changed_meanwhile);

/* fields of forms: trimmed, "" when absent, at most ADMIN_FIELD_MAX bytes (else "") */
const char *admin_field(struct admin *x, const char *name);
bool admin_checked(struct admin *x, const char *name);
/* admin_lines - the lines or words of a field, NULL-terminated; false: more than ADMIN_PASTE_MAX or too long */
bool admin_lines(struct admin *x, const char *name, const char ***ret, int *ret_n);

/* texts */
const char *admin_quota_word(struct admin *x, uint64_t bytes); /* "10G", "none": for a field and a command */
const char *admin_quota_text(struct admin *x, uint64_t bytes); /* "10 GB", "no limit" */
const char *admin_time_word(struct admin *x, int64_t t);       /* "2026-12-24T18:00" or "" */
const char *admin_time_text(struct admin *x, int64_t t);       /* for people */
bool admin_time_parse(struct admin *x, const char *s, int64_t *ret); /* local, in the future; or "14d" */
const char *admin_time_command(struct admin *x, int64_t t);          /* as commands take it, "never" */
bool admin_contains(const char *text, const char *what);             /* ASCII case folded */

/*
 * a long list that can be searched: begin; take for each hit (false: it is on another page); end sets q, total,
 * total_text and the addresses of the pages beside
 */
struct admin_rows {
	const char *what; /* searched for; "" = all */
	int page, hits;
};
void admin_rows_begin(struct admin *x, struct admin_rows *rows);
bool admin_rows_take(struct admin_rows *rows);
void admin_rows_end(struct admin *x, const struct admin_rows *rows, const char *base, const char *total_text);

/* admin_pages - newer_url and older_url for page number n (from 0) of total rows; base has its query already */
void admin_pages(struct admin *x, const char *base, int page, int total);
int admin_page_number(struct admin *x);

/* the select element's options: [{value, text, selected}] */
void admin_option(
    struct admin *x, struct im_value *arr, const char *value, const char *text, const char *selected);

/* handlers */
admin_page overview_show;
admin_page people_show, people_new, people_add, person_show, person_change;
admin_page lists_show, lists_new, lists_add, list_show, list_change;
admin_page queue_show, queue_message, queue_change;
admin_page trace_show, audit_show, addresses_show, addresses_change;

/* admin_helper - ask the helper as this session; a failure is told by *ret_text (translated), never an error page */
struct cJSON;
bool admin_helper(
    struct admin *x, const char *verb, const char *const *args, struct cJSON **ret, const char **ret_text);
const char *admin_json_text(const struct cJSON *o, const char *key); /* "" when it is no string */
int64_t admin_json_int(const struct cJSON *o, const char *key);

#endif
