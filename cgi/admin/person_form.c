/*
 * person_form.c - fields that the forms of a new and of a known person share
 *
 * SPDX-License-Identifier: ISC
 */
#include "person_form.h"

#include <string.h>

void
person_read_quota(struct admin *x, uint64_t *ret)
{
	const char *s = admin_field(x, "quota");

	*ret = 0;
	if (!*s || strcmp(s, "none") == 0)
		return;
	if (!im_str_size(im_str(s), ret))
		admin_wrong(
		    x, "quota", im_tr(x->r->lang, "A size is wanted, as 500M or 5G; empty is no limit."));
}

void
person_read_expires(struct admin *x, int64_t *ret)
{
	const char *s = admin_field(x, "expires");

	*ret = 0;
	if (*s && !admin_time_parse(x, s, ret))
		admin_wrong(x, "expires",
		    im_tr(x->r->lang, "A date and time in the future are wanted, as 2026-12-24 18:00."));
}

const char *
person_password_text(struct admin *x)
{
	return im_tr(x->r->lang, "At least 10 characters, and not the user name; a few words are fine.");
}

void
person_languages(struct admin *x, const char *selected)
{
	struct im_value *arr = im_v_set_array(x->a, x->model, "languages");

	admin_option(x, arr, "", im_tr(x->r->lang, "The browser’s"), selected);
	admin_option(x, arr, "en", "English", selected);
	admin_option(x, arr, "fr", "Français", selected);
	if (*selected && strcmp(selected, "en") != 0 && strcmp(selected, "fr") != 0)
		admin_option(x, arr, selected, selected, selected);
}
