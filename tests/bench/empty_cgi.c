/*
 * empty_cgi.c - the smallest CGI that answers a page: what starting a static program under lighttpd costs
 *
 * SPDX-License-Identifier: ISC
 */
#include <unistd.h>

int
main(void)
{
	static const char page[] =
	    "Content-Type: text/html; charset=utf-8\r\n\r\n"
	    "<!doctype html><html lang=\"en\"><title>empty</title><p>The quick brown fox</p>\n";

	return write(STDOUT_FILENO, page, sizeof(page) - 1) != sizeof(page) - 1;
}
