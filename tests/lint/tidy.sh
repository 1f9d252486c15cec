#!/bin/sh
# tidy.sh [FILE...] - clang-tidy (.clang-tidy says which checks) over the product's C files, or over those named
# SPDX-License-Identifier: ISC
if [ $# = 0 ]; then
	set -- lib/*/*.c cmd/*/*.c cgi/*/*.c
fi
# it counts the warnings that it does not show on stderr
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- \
	-std=gnu17 -Ilib -D_GNU_SOURCE 2>/dev/null
