/*
 * mods.h - a list of modifications for one entry; private to lib/directory
 *
 * Values are added and deleted one by one where there are several, so that two people at once do not undo each other.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MODS_H
#define IM_MODS_H

#include "directory/dir.h"

enum { IM_MODS_MAX = 24, IM_MODS_SECONDS = 30 };

struct im_mods { /* = { .d = connection }; everything lives in the connection's arena */
	struct im_dir *d;
	LDAPMod *list[IM_MODS_MAX + 1];
	int n;
	bool full; /* something was left out: im_mods_run() refuses */
};

/* op: LDAP_MOD_ADD, _DELETE, _REPLACE; no values: all of the attribute goes (not for ADD) */
void im_mods_values(struct im_mods *m, int op, const char *attr, const char *const *values, int n);
void im_mods_add(struct im_mods *m, const char *attr, const char *value);
void im_mods_delete(struct im_mods *m, const char *attr, const char *value);
/* value NULL or "": the attribute goes */
void im_mods_replace(struct im_mods *m, const char *attr, const char *value);
void im_mods_bool(struct im_mods *m, int op, const char *attr, bool value);

/*
 * im_mods_run - as one modify operation, for im_dir_fail(): the LDAP result. No modification: success. csn not NULL:
 * only if the entry is still the one that was read (RFC 4528), else LDAP_ASSERTION_FAILED
 */
int im_mods_run(struct im_mods *m, const char *dn, const char *csn) IM_MUSTUSE;
/*
 * im_mods_run_each - on every entry one level below base that matches the filter. What is gone meanwhile (entry, value) is
 * fine; the first other failure ends it: "<what> <dn>: ..."
 */
enum im_status im_mods_run_each(
    struct im_mods *m, const char *base, const char *filter, const char *what, struct im_err *err) IM_MUSTUSE;
/* im_mods_new - as a new entry */
int im_mods_new(struct im_mods *m, const char *dn) IM_MUSTUSE;

#endif
