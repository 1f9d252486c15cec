/*
 * main.c - the administration pages
 *
 * They run as a user of their own, which reads no mail and has no right in the
 * directory but to act as the person who is signed in. What needs root (the
 * queue, the mail log, the disk) is asked of the helper with that person's
 * session.
 *
 * SPDX-License-Identifier: ISC
 */
#include "admin.h"

#define PAGE(name)                                                                                      \
	static enum im_status on_##name(                                                                \
	    struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err) \
	{                                                                                               \
		return admin_run(r, resp, model, err, name);                                            \
	}

PAGE(overview_show)
PAGE(people_show)
PAGE(people_new)
PAGE(people_add)
PAGE(person_show)
PAGE(person_change)
PAGE(lists_show)
PAGE(lists_new)
PAGE(lists_add)
PAGE(list_show)
PAGE(list_change)
PAGE(queue_show)
PAGE(queue_message)
PAGE(queue_change)
PAGE(trace_show)
PAGE(audit_show)
PAGE(addresses_show)
PAGE(addresses_change)

/* a group is a list: the same pages under both names. "new" is the first that
 * fits */
static const struct im_route routes[] = {
	{ IM_GET, "/admin", "admin", IM_R_AUTH, on_overview_show },
	{ IM_GET, "/admin/people", "admin_people", IM_R_AUTH, on_people_show },
	{ IM_GET, "/admin/people/new", "admin_person_new", IM_R_AUTH, on_people_new },
	{ IM_POST, "/admin/people/new", "admin_person_new", IM_R_AUTH, on_people_add },
	{ IM_GET, "/admin/people/{}", "admin_person", IM_R_AUTH, on_person_show },
	{ IM_POST, "/admin/people/{}", "admin_person", IM_R_AUTH, on_person_change },
	{ IM_GET, "/admin/lists", "admin_lists", IM_R_AUTH, on_lists_show },
	{ IM_GET, "/admin/lists/new", "admin_list_new", IM_R_AUTH, on_lists_new },
	{ IM_POST, "/admin/lists/new", "admin_list_new", IM_R_AUTH, on_lists_add },
	{ IM_GET, "/admin/lists/{}", "admin_list", IM_R_AUTH, on_list_show },
	{ IM_POST, "/admin/lists/{}", "admin_list", IM_R_AUTH, on_list_change },
	{ IM_GET, "/admin/groups", "admin_lists", IM_R_AUTH, on_lists_show },
	{ IM_GET, "/admin/groups/{}", "admin_list", IM_R_AUTH, on_list_show },
	{ IM_GET, "/admin/addresses", "admin_addresses", IM_R_AUTH, on_addresses_show },
	{ IM_POST, "/admin/addresses", "admin_addresses", IM_R_AUTH, on_addresses_change },
	{ IM_GET, "/admin/queue", "admin_queue", IM_R_AUTH, on_queue_show },
	{ IM_GET, "/admin/queue/{}", "admin_queue_message", IM_R_AUTH, on_queue_message },
	{ IM_POST, "/admin/queue/{}", "admin_queue_message", IM_R_AUTH, on_queue_change },
	{ IM_GET, "/admin/trace", "admin_trace", IM_R_AUTH, on_trace_show },
	{ IM_GET, "/admin/audit", "admin_audit", IM_R_AUTH, on_audit_show },
};

int
main(void)
{
	return im_app_main(&(struct im_app) {
	    .name = "admin", .routes = routes, .nroutes = IM_COUNT(routes), .acts_in_directory = true });
}
