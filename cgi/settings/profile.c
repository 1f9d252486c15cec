/*
 * profile.c - name, language, look, density, time zone
 *
 * The sessions of the person learn the new values at once, so that the mail pages need no directory.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <unistd.h>

#include "settings.h"
#include "web/session.h"

enum { NAME_MAX_BYTES = 128 };

struct profile {
	const char *name, *language, *look, *density, *timezone, *csn;
};

static bool
among(const char *value, const char *const *allowed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(value, allowed[i]) == 0)
			return true;
	}
	return false;
}

/* zone_known - of the system's time zones; the characters keep the path below their directory */
static bool
zone_known(const struct im_request *r, const char *zone)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

	return *zone == '\0' ||
	       (*zone != '/' && strlen(zone) < sizeof(r->session->timezone) &&
		   strspn(zone, allowed) == strlen(zone) && zone[strlen(zone) - 1] != '/' &&
		   access(im_arena_fmt(r->arena, "/usr/share/zoneinfo/%s", zone), R_OK) == 0);
}

static void
show(struct im_request *r, struct im_response *resp, struct im_value *model, const struct im_person *p,
    const struct profile *f)
{
	struct im_arena *a = r->arena;
	struct im_value *o;

	settings_page(r, resp, model, "at_profile", im_tr(r->lang, "Profile"),
	    im_tr(r->lang, "Your settings are saved."));
	im_v_set_str(a, model, "name", f->name);
	im_v_set_str(a, model, "timezone", f->timezone);
	im_v_set_str(a, model, "default_timezone", r->conf->timezone);
	im_v_set_str(a, model, "csn", f->csn);
	im_v_set_str(a, model, "mail", p->mail);
	o = im_v_set_array(a, model, "languages");
	settings_option(r, o, "", im_tr(r->lang, "As the browser asks"), f->language);
	settings_option(r, o, "en", "English", f->language);
	settings_option(r, o, "fr", "Français", f->language);
	o = im_v_set_array(a, model, "looks");
	settings_option(r, o, "", im_tr(r->lang, "As the device is set"), f->look);
	settings_option(r, o, "light", im_tr(r->lang, "Light"), f->look);
	settings_option(r, o, "dark", im_tr(r->lang, "Dark"), f->look);
	o = im_v_set_array(a, model, "densities");
	settings_option(r, o, "", im_tr(r->lang, "Comfortable"), f->density);
	settings_option(r, o, "compact", im_tr(r->lang, "Compact"), f->density);
}

static enum im_status
read_person(
    struct im_request *r, struct im_dir **d, struct im_person *p, struct profile *f, struct im_err *err)
{
	enum im_status st = im_dir_open_as(r->conf, r->session->uid, d, err);

	if (st == IM_OK)
		st = im_person_get(*d, r->session->uid, r->arena, p, err);
	if (st == IM_OK)
		*f = (struct profile) { p->name, p->language, im_person_preference(p, "look"),
			im_person_preference(p, "density"), im_person_preference(p, "timezone"), p->csn };
	return st;
}

enum im_status
profile_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_person p = { 0 };
	struct im_dir *d = NULL;
	struct profile f;
	enum im_status st = read_person(r, &d, &p, &f, err);

	if (st == IM_OK)
		show(r, resp, model, &p, &f);
	im_dir_close(d);
	return st;
}

/* check - each field against what it may be; what no page of ours sends is refused as a whole */
static enum im_status
check(struct im_request *r, struct im_response *resp, struct im_value *model, const struct profile *f,
    struct im_err *err)
{
	static const char *const languages[] = { "", "en", "fr" }, *const looks[] = { "", "light", "dark" },
				 *const densities[] = { "", "compact" };

	if (!among(f->language, languages, IM_COUNT(languages)) || !among(f->look, looks, IM_COUNT(looks)) ||
	    !among(f->density, densities, IM_COUNT(densities)))
		return im_fail(err, IM_INVALID, "a value that the form does not have");
	if (!*f->name || strlen(f->name) > NAME_MAX_BYTES)
		settings_refuse(r, resp, model, "name_error", im_tr(r->lang, "Please enter a name."));
	if (!zone_known(r, f->timezone))
		settings_refuse(r, resp, model, "timezone_error",
		    im_tr(r->lang, "There is no such time zone. A right one is “Europe/Paris”."));
	return IM_OK;
}

static enum im_status
store(struct im_request *r, struct im_dir *d, const struct profile *f, struct im_err *err)
{
	const char *preferences[] = { im_arena_fmt(r->arena, "look=%s", f->look),
		im_arena_fmt(r->arena, "density=%s", f->density),
		im_arena_fmt(r->arena, "timezone=%s", f->timezone), NULL };
	struct im_person_change c = {
		.name = f->name, .language = f->language, .csn = f->csn, .set_preferences = preferences
	};
	enum im_status st = im_person_set(d, r->session->uid, &c, err);

	if (st != IM_OK)
		return st;
	return im_session_update(r->conf,
	    &(struct im_session_new) { .uid = r->session->uid,
		.language = f->language,
		.look = f->look,
		.density = f->density,
		.timezone = f->timezone,
		.admin = r->session->admin },
	    err);
}

enum im_status
profile_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct profile now,
	    f = { im_form_text(r, "name"), im_form_text(r, "language"), im_form_text(r, "look"),
		    im_form_text(r, "density"), im_form_text(r, "timezone"), im_form_text(r, "csn") };
	struct im_person p = { 0 };
	struct im_dir *d = NULL;
	enum im_status st = check(r, resp, model, &f, err);

	if (st == IM_OK)
		st = read_person(r, &d, &p, &now, err);
	if (st == IM_OK && !resp->status) {
		st = store(r, d, &f, err);
		if (st == IM_OK) {
			resp->redirect = "/settings?done=1";
		} else if (st == IM_CONFLICT) {
			resp->status = 409;
			im_v_set_str(r->arena, model, "conflict",
			    im_tr(r->lang, "These settings were changed elsewhere meanwhile. Below is what "
					   "they are now; nothing of yours was saved."));
			im_dir_close(d);
			d = NULL;
			st = read_person(r, &d, &p, &now, err);
			f = now;
		} else if (st == IM_INVALID) {
			settings_refuse(
			    r, resp, model, "name_error", im_tr(r->lang, "This name cannot be used."));
			st = IM_OK;
		}
	}
	if (st == IM_OK && !resp->redirect)
		show(r, resp, model, &p, &f);
	im_dir_close(d);
	return st;
}
