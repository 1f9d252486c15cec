#!/bin/sh
# cppcheck.sh - cppcheck over the product's C files
# SPDX-License-Identifier: ISC
dirs=
for d in lib cmd cgi; do
	[ -d $d ] && dirs="$dirs $d"
done
# shellcheck disable=SC2086
exec cppcheck -q -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=duplicateAssignExpression -D_GNU_SOURCE -D__x86_64__ -Ilib --error-exitcode=1 $dirs
