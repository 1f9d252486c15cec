/*
 * dir.c - a bound libldap connection and the words for its errors
 *
 * SASL EXTERNAL is bound with the plain ldap_sasl_bind_s(): no Cyrus mechanism is needed for it, and not loading the
 * plugins (SASL_PATH) saves two thirds of what libldap costs to start. Every operation has a time limit, referrals
 * are never followed, and what ldap.conf of the host says is overruled.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "directory/dir.h"
#include "directory/ldapmsg.h"

const char *const im_person_attrs[] = { "uid", "cn", "mail", "mailAlias", "mailQuota", "mailEnabled",
	"mailExpire", "preferredLanguage", "mailSendLimit", "mailPreference", "uidNumber", "entryCSN", NULL };

void
im_dir_patience(struct im_dir *d, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	(void)ldap_set_option(d->ld, LDAP_OPT_NETWORK_TIMEOUT, &tv);
	(void)ldap_set_option(d->ld, LDAP_OPT_TIMEOUT, &tv);
}

static const char *
diagnostic(struct im_dir *d, char **owned)
{
	*owned = NULL;
	if (ldap_get_option(d->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, owned) != LDAP_OPT_SUCCESS || *owned == NULL)
		return "";
	return *owned;
}

static enum im_status
unreachable(const struct im_conf *conf, const char *why, struct im_err *err)
{
	return im_fail_dsn(err, IM_TEMP, "4.4.3",
	    "cannot reach the directory at %s: %s; is slapd running? try intimail-private status",
	    conf->ldap_socket, why);
}

enum im_status
im_dir_fail(struct im_dir *d, int rc, struct im_err *err, const char *fmt, ...)
{
	char what[160], *owned;
	va_list ap;
	int errnum = errno;

	va_start(ap, fmt);
	if (vsnprintf(what, sizeof(what), fmt, ap) < 0)
		what[0] = '\0';
	va_end(ap);
	const char *more = diagnostic(d, &owned);
	enum im_status st;
	switch (rc) {
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
		st = unreachable(d->conf, errnum ? strerror(errnum) : ldap_err2string(rc), err);
		break;
	case LDAP_TIMEOUT:
	case LDAP_TIMELIMIT_EXCEEDED:
		st = unreachable(d->conf, "no answer in time", err);
		break;
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_NO_SUCH_OBJECT: /* of a branch that is always there: it is not shown to this identity */
		st = im_fail(
		    err, IM_DENIED, "%s: the directory does not allow it to this user; try it as root", what);
		break;
	case LDAP_INVALID_CREDENTIALS:
		st = im_fail(err, IM_DENIED, "%s: wrong user name or password", what);
		break;
	case LDAP_ASSERTION_FAILED:
		st = im_fail(
		    err, IM_CONFLICT, "%s was changed by somebody else meanwhile: look at it again", what);
		break;
	case LDAP_ALREADY_EXISTS:
	case LDAP_TYPE_OR_VALUE_EXISTS:
		st = im_fail(err, IM_CONFLICT, "%s: exists already", what);
		break;
	case LDAP_CONSTRAINT_VIOLATION:
		st = im_fail(err, strstr(more, "non-unique") ? IM_CONFLICT : IM_INVALID, "%s: %s", what,
		    *more ? more : ldap_err2string(rc));
		break;
	case LDAP_INVALID_SYNTAX:
	case LDAP_OBJECT_CLASS_VIOLATION:
	case LDAP_INAPPROPRIATE_MATCHING:
		st = im_fail(err, IM_INVALID, "%s: %s (%s)", what, ldap_err2string(rc), more);
		break;
	default:
		st = im_fail(err, IM_TEMP, "%s: the directory answers: %s%s%s", what, ldap_err2string(rc),
		    *more ? ": " : "", more);
	}
	ldap_memfree(owned);
	return st;
}

/* socket_uri - ldapi:// with the path percent-encoded */
static const char *
socket_uri(struct im_arena *a, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = strlen(path), o = 0;
	char *uri = im_arena_alloc(a, sizeof("ldapi://") + 3 * n);

	memcpy(uri, "ldapi://", 8);
	o = 8;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)path[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
			uri[o++] = (char)c;
		} else {
			uri[o++] = '%';
			uri[o++] = hex[c >> 4];
			uri[o++] = hex[c & 15];
		}
	}
	uri[o] = '\0';
	return uri;
}

static enum im_status
connect_dir(struct im_dir *d, const char *authzid, struct im_err *err)
{
	int version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;
	struct berval cred = { strlen(authzid), im_arena_strdup(&d->arena, authzid) };

	/* an existing path without plugins; only ever asked for by Cyrus' sasl_client_init() */
	(void)setenv("SASL_PATH", "/proc/self/fdinfo", 1);
	int rc = ldap_initialize(&d->ld, socket_uri(&d->arena, d->conf->ldap_socket));
	if (rc != LDAP_SUCCESS)
		return unreachable(d->conf, ldap_err2string(rc), err);
	(void)ldap_set_option(d->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	(void)ldap_set_option(d->ld, LDAP_OPT_DEREF, &deref);
	(void)ldap_set_option(d->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	im_dir_patience(d, d->conf->ldap_timeout);
	errno = 0;
	rc = ldap_sasl_bind_s(d->ld, NULL, "EXTERNAL", &cred, NULL, NULL, NULL);
	if (rc != LDAP_SUCCESS)
		return im_dir_fail(d, rc, err, "signing in to the directory");
	return IM_OK;
}

enum im_status
im_dir_open(const struct im_conf *conf, struct im_dir **ret, struct im_err *err)
{
	struct im_dir *d = im_calloc(1, sizeof(*d));

	d->conf = conf;
	enum im_status st = connect_dir(d, "", err);
	if (st != IM_OK) {
		im_dir_close(d);
		return st;
	}
	*ret = d;
	return IM_OK;
}

/* still_somebody - slapd lets a name act that has no entry, or one that is ended: nobody may be that person */
static enum im_status
still_somebody(struct im_dir *d, const char *uid, struct im_err *err)
{
	static const char *const attrs[] = { "uid", NULL };
	LDAPMessage *msg = NULL;
	char now[24];

	const char *filter =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailUser)(mailEnabled=TRUE)(!(mailExpire<=%s)))",
		im_when_ldap((int64_t)time(NULL), now));
	enum im_status st =
	    im_dir_search(d, im_dir_person_dn(d, uid), LDAP_SCOPE_BASE, filter, attrs, 0, &msg, err);
	if (st != IM_OK && st != IM_DENIED)
		return st;
	int n = st == IM_OK ? ldap_count_entries(d->ld, msg) : 0;
	ldap_msgfree(msg);
	if (n == 1)
		return IM_OK;
	return im_fail(
	    err, IM_DENIED, "acting as %s: there is no such person, or the account has ended", uid);
}

enum im_status
im_dir_open_as(const struct im_conf *conf, const char *uid, struct im_dir **ret, struct im_err *err)
{
	if (uid == NULL)
		return im_dir_open(conf, ret, err);
	enum im_status st = im_person_uid_ok(uid, err);
	if (st != IM_OK)
		return st;
	struct im_dir *d = im_calloc(1, sizeof(*d));
	d->conf = conf;
	st = connect_dir(d, im_arena_fmt(&d->arena, "dn:%s", im_dir_person_dn(d, uid)), err);
	if (st == IM_DENIED)
		(void)im_fail(err, st,
		    "acting as %s: the directory does not let this user act as somebody else; try it as root",
		    uid);
	if (st == IM_OK)
		st = still_somebody(d, uid, err);
	if (st == IM_OK)
		*ret = d;
	else
		im_dir_close(d);
	return st;
}

void
im_dir_close(struct im_dir *d)
{
	if (d == NULL)
		return;
	if (d->ld != NULL)
		(void)ldap_unbind_ext_s(d->ld, NULL, NULL);
	im_arena_done(&d->arena);
	free(d);
}

enum im_status
im_dir_bind(struct im_dir *d, const char *dn, const char *password, struct im_err *err)
{
	struct berval cred = { strlen(password), im_arena_strdup(&d->arena, password) };

	errno = 0;
	int rc = ldap_sasl_bind_s(d->ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL, NULL);
	explicit_bzero(cred.bv_val, cred.bv_len);
	if (rc == LDAP_SUCCESS)
		return IM_OK;
	/* "no such object" and the like are not told apart from a wrong password by slapd either */
	return im_dir_fail(d, rc, err, "signing in");
}

const char *
im_dir_people(struct im_dir *d)
{
	return im_arena_fmt(&d->arena, "ou=people,%s", d->conf->ldap_base);
}

const char *
im_dir_groups(struct im_dir *d)
{
	return im_arena_fmt(&d->arena, "ou=groups,%s", d->conf->ldap_base);
}

const char *
im_dir_person_dn(struct im_dir *d, const char *uid)
{
	return im_arena_fmt(&d->arena, "uid=%s,ou=people,%s", uid, d->conf->ldap_base);
}

const char *
im_dir_admins_dn(struct im_dir *d)
{
	return im_arena_fmt(&d->arena, "cn=admins,ou=groups,%s", d->conf->ldap_base);
}

const char *
im_dir_eq(struct im_dir *d, const char *name, const char *value)
{
	struct berval in = { strlen(value), im_arena_strdup(&d->arena, value) }, out = { 0, NULL };

	if (ldap_bv2escaped_filter_value(&in, &out) != 0 || out.bv_val == NULL)
		return "(!(objectClass=*))"; /* out of memory: matches nothing */
	const char *f = im_arena_fmt(&d->arena, "(%s=%s)", name, out.bv_val);
	if (out.bv_val != in.bv_val)
		ldap_memfree(out.bv_val);
	return f;
}

enum im_status
im_dir_search(struct im_dir *d, const char *base, int scope, const char *filter, const char *const attrs[],
    int limit, LDAPMessage **ret, struct im_err *err)
{
	LDAPMessage *msg = NULL;

	errno = 0;
	/* the list is not changed by libldap; its type is older than const */
	int rc = ldap_search_ext_s(
	    d->ld, base, scope, filter, (char **)(uintptr_t)attrs, 0, NULL, NULL, NULL, limit, &msg);
	if (rc != LDAP_SUCCESS) {
		ldap_msgfree(msg);
		return im_dir_fail(d, rc, err, "searching the directory");
	}
	*ret = msg;
	return IM_OK;
}

const char **
im_dir_values(struct im_dir *d, LDAPMessage *entry, const char *attr, struct im_arena *a, int *ret_n)
{
	struct berval **v = ldap_get_values_len(d->ld, entry, attr);
	int n = v ? ldap_count_values_len(v) : 0, kept = 0;
	const char **out = im_arena_alloc(a, ((size_t)n + 1) * sizeof(*out));

	for (int i = 0; i < n; i++)
		if (memchr(v[i]->bv_val, 0, v[i]->bv_len) == NULL)
			out[kept++] = im_arena_strndup(a, v[i]->bv_val, v[i]->bv_len);
	ldap_value_free_len(v);
	*ret_n = kept;
	return out;
}

const char *
im_dir_value(struct im_dir *d, LDAPMessage *entry, const char *attr, struct im_arena *a)
{
	int n;
	const char **v = im_dir_values(d, entry, attr, a, &n);

	return n > 0 ? v[0] : NULL;
}

int64_t
im_dir_time(const char *text)
{
	struct im_str s = im_str(text), whole = im_str_cut(&s, '.'); /* slapd's own times have a fraction */
	char seconds[16];
	int64_t t;

	if (s.p != NULL) {
		if (s.n < 2 || s.p[s.n - 1] != 'Z' ||
		    !im_fmt(seconds, sizeof(seconds), "%.*sZ", (int)whole.n, whole.p))
			return 0;
		whole = im_str(seconds);
	}
	return im_ldap_time(whole, &t) ? t : 0;
}
