#!/bin/sh
# python.sh - pyflakes on every Python file of the tests
# SPDX-License-Identifier: ISC
find tests -name '*.py' -print | sort | xargs -r pyflakes3
