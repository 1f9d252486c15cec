/*
 * check_mimetype.c - types by content
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mimetype.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define S(lit)                         \
	{                              \
		(lit), sizeof(lit) - 1 \
	}

static const struct {
	struct im_str head;
	const char *raster, *magic;
} rows[] = {
	{ S("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png", "image/png" },
	{ S("GIF89a\1\0\1\0"), "image/gif", "image/gif" },
	{ S("GIF87a"), "image/gif", "image/gif" },
	{ S("\xff\xd8\xff\xe0\0\20JFIF"), "image/jpeg", "image/jpeg" },
	{ S("RIFF\4\0\0\0WEBPVP8 "), "image/webp", "image/webp" },
	{ S("RIFF\4\0\0\0WAVEfmt "), NULL, "audio/x-wav" },
	{ S("\x89PNG\r\n"), NULL, NULL },
	{ S("GIF88a"), NULL, NULL },
	{ S("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), NULL, "application/pdf" },
	{ S("\x1f\x8b\x08\0\0\0\0\0\0\3"), NULL, "application/gzip" },
	{ S("MZ\x90\0\3\0\0\0"), NULL, NULL },
	{ S("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), NULL,
	    "image/svg+xml" },
	{ S("<!DOCTYPE html><html><body>x</body></html>"), NULL, "text/html" },
	{ S("plain words\n"), NULL, "text/plain" },
	{ S(""), NULL, "application/octet-stream" },
};

START_TEST(types)
{
	struct im_str h = rows[_i].head;
	char *exact = malloc(h.n ? h.n : 1);
	memcpy(exact, h.p, h.n);
	h.p = exact;
	const char *raster = im_raster_type(h);
	ck_assert_pstr_eq(raster, rows[_i].raster);
	struct im_magic *m = im_magic_open();
	ck_assert_ptr_nonnull(m);
	const char *t = im_magic_type(m, h);
	ck_assert_ptr_nonnull(strchr(t, '/'));
	if (rows[_i].magic)
		ck_assert_str_eq(t, rows[_i].magic);
	im_magic_close(m);
	free(exact);
}
END_TEST

/* without the data base the four raster types are still known and nothing else is claimed */
START_TEST(without_database)
{
	ck_assert_str_eq(im_magic_type(NULL, (struct im_str)S("GIF89a")), "image/gif");
	ck_assert_str_eq(im_magic_type(NULL, (struct im_str)S("%PDF-1.4")), "application/octet-stream");
	im_magic_close(NULL);
}
END_TEST

/* a name of the sender's choice decides nothing, and the content is decoded before it is judged */
START_TEST(part_by_content)
{
	static const char msg[] = "Content-Type: image/png; name=x.png\nContent-Transfer-Encoding: base64\n\n"
				  "PHN2ZyB4bWxucz0naHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmcnPjwvc3ZnPg==\n";
	struct im_mime mime;
	struct im_arena a = { 0 };
	struct im_str raw = S(msg);
	im_mime_parse(raw, &mime);
	struct im_magic *m = im_magic_open();
	ck_assert_str_eq(im_magic_part(m, raw, &mime.parts[0], &a), "image/svg+xml");
	im_magic_close(m);
	im_mime_done(&mime);
	im_arena_done(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mimetype");
	TCase *t = tcase_create("content");
	tcase_add_loop_test(t, types, 0, (int)IM_COUNT(rows));
	tcase_add_test(t, without_database);
	tcase_add_test(t, part_by_content);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
