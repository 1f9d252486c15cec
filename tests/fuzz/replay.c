/*
 * replay.c - the main() of a fuzz target without a fuzzer: each file, and each file of each directory, once
 *
 * So the stored corpora run in "make check" under gcc's sanitizers, with no clang needed.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int runs;

static int
one_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	/* exactly as large as the content: a sanitizer sees an overread */
	uint8_t *data = malloc(size ? size : 1);
	size_t n = 0;

	if (f && data)
		n = fread(data, 1, size, f);
	if (!f || !data || n != size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	(void)LLVMFuzzerTestOneInput(data, n);
	runs++;
	free(data);
	return fclose(f);
}

static int
one_path(const char *path)
{
	struct stat sb;
	struct dirent *e;
	char below[4096];
	DIR *d;

	if (stat(path, &sb) < 0) {
		perror(path);
		return 1;
	}
	if (S_ISREG(sb.st_mode))
		return one_file(path, (size_t)sb.st_size);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (one_path(below))
			return 1;
	}
	return d ? closedir(d) : 1;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (one_path(argv[i]))
			return 1;
	printf("%s: %d inputs\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], runs);
	return runs == 0;
}
