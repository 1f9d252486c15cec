/*
 * raster.c - the four image types that are shown within a page, by their first bytes
 *
 * Apart from mimetype.c so that those who ask no more do not link libmagic.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mimetype.h"

#include <string.h>

const char *
im_raster_type(struct im_str head)
{
	if (head.n >= 8 && memcmp(head.p, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (head.n >= 6 && (memcmp(head.p, "GIF87a", 6) == 0 || memcmp(head.p, "GIF89a", 6) == 0))
		return "image/gif";
	if (head.n >= 3 && memcmp(head.p, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (head.n >= 12 && memcmp(head.p, "RIFF", 4) == 0 && memcmp(head.p + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}
