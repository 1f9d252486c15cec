/*
 * settings.h - what everybody may change about himself; each handler acts in the directory as the signed-in person
 *
 * slapd decides; what is checked here only gives a text beside the field.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "directory/person.h"
#include "web/app.h"

im_handler profile_show, profile_save;
im_handler password_show, password_save;
im_handler devices_show, devices_end;
im_handler two_step_show, two_step_change;
im_handler addresses_show, addresses_change;
im_handler reset_show, reset_save;

/* settings_refuse - a text beside a field: the page is shown again with 400 */
void settings_refuse(const struct im_request *r, struct im_response *resp, struct im_value *model,
    const char *key, const char *text);
/* settings_page - title, the place in the navigation ("at_profile"), the notice after "?done=1" */
void settings_page(const struct im_request *r, struct im_response *resp, struct im_value *model,
    const char *at, const char *title, const char *notice);
/*
 * settings_verify - the current password again, through a throttle, before something that would help a stranger at an open
 * session. *ret_ok false: refused beside the field "current_error"
 */
enum im_status settings_verify(struct im_request *r, struct im_response *resp, struct im_value *model,
    const char *password, bool *ret_ok, struct im_err *err);
/* settings_new_password - are both fields the same and fit for a password? Else what is wrong is beside them */
bool settings_new_password(struct im_request *r, struct im_response *resp, struct im_value *model,
    const char *uid, const char *password, const char *again);
/* settings_option - one of a <select>: { value, label, selected } */
void settings_option(const struct im_request *r, struct im_value *options, const char *value,
    const char *label, const char *now);

#endif
