/*
 * status.h - the one vocabulary of results, by what the caller should do about them
 *
 * Three return shapes exist in this library: bool for predicates, enum im_status for what can fail,
 * plain values for what cannot. The mapping to exit statuses (sysexits.h), to enhanced status codes
 * (RFC 3463) and to HTTP statuses (RFC 9110) is made here and nowhere else.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_STATUS_H
#define IM_STATUS_H

#define IM_MUSTUSE __attribute__((warn_unused_result))
#define IM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define IM_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum im_status {
	IM_OK = 0,
	IM_USAGE,    /* the command line is wrong                    64  400 */
	IM_INVALID,  /* the data is wrong                            65  400 */
	IM_NOTFOUND, /* no such thing; a definitive answer           67  404 */
	IM_QUOTA,    /* over a limit                                 69  413 */
	IM_DENIED,   /* not allowed                                  77  403 */
	IM_CONFLICT, /* exists already, or changed meanwhile         73  409 */
	IM_TEMP,     /* try again: LDAP down, no space, I/O error    75  503 */
	IM_CONFIG,   /* the administrator must act                   78  500 */
	IM_BUG,      /* our defect                                   70  500 */
	IM_NSTATUS
};

/* im_status_name - "not found", "try again" ...; static */
const char *im_status_name(enum im_status st);

/* im_exit_cli - exit status of a command (sysexits.h) */
int im_exit_cli(enum im_status st);

/*
 * im_exit_pipe - exit status for Postfix's pipe(8)
 *
 * Only 71 and 75 make Postfix retry, every other non-zero status bounces the mail; so everything but
 * the definitive results (IM_NOTFOUND 67, IM_QUOTA 69, IM_DENIED 77) is 75.
 */
int im_exit_pipe(enum im_status st);

/* im_status_dsn - the default enhanced status code ("4.3.0") of a failed delivery; static */
const char *im_status_dsn(enum im_status st);

/* im_http - HTTP status of an answer */
int im_http(enum im_status st);

#endif
