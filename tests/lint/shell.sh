#!/bin/sh
# shell.sh - shellcheck on every shell script
# SPDX-License-Identifier: ISC
find tests .ci debian -type f ! -name '*.py' ! -path '*/corpus/*' ! -path '*/data/*' 2>/dev/null | sort | while read -r f; do
	case $(head -c 20 "$f" 2>/dev/null | head -n 1 | tr -d '\0') in
	'#!/bin/sh'* | '#!/bin/bash'* | '#!/usr/bin/env bash'*) echo "$f" ;;
	esac
done | xargs -r shellcheck
