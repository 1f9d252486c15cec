/*
 * list.h - the pages of the program list
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LIST_H
#define LIST_H

#include "web/app.h"

im_handler list_mailbox;

#endif
