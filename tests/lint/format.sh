#!/bin/sh
# format.sh - is every C file as clang-format would write it? Versions differ: 14 is the one that counts
# SPDX-License-Identifier: ISC
if ! clang-format --version 2>/dev/null | grep -q 'version 14'; then
	echo "format: skipped, clang-format 14 (Debian 12) decides"
	exit 0
fi
find lib cmd cgi tests -name '*.[ch]' -print | sort | xargs clang-format --dry-run -Werror 2>&1 |
	sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: code should be clang-formatted.*/\1/p' | sort | uniq -c |
	awk '{ print $2 ": " $1 " places are not as clang-format has them (make format)"; bad = 1 } END { exit bad }'
