/*
 * keys.c - print the table of configuration keys: name, type, default, help, separated by tabs
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

#include "base/conf.h"

int
main(void)
{
	size_t n;
	const struct im_conf_key *k = im_conf_keys(&n);

	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\t%s\n", k[i].name, k[i].type, k[i].def ? k[i].def : "", k[i].help);
	return 0;
}
