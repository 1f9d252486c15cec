/*
 * qr.c - a QR code as the path of an SVG, which needs neither a picture nor a style: our pages forbid foreign ones
 *
 * SPDX-License-Identifier: ISC
 */
#include <qrencode.h>

#include "base/buf.h"
#include "web/otp.h"

enum { MARGIN = 4, PATH_MAX_BYTES = 64 * 1024 }; /* ISO 18004: four squares of nothing around it */

const char *
im_qr_path(const char *text, int *ret_size, struct im_arena *a)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	const char *path = NULL;
	struct im_buf b;

	if (!qr)
		return NULL;
	im_buf_init(&b, PATH_MAX_BYTES);
	for (int y = 0; y < qr->width; y++) {
		for (int x = 0, run; x < qr->width; x += run) {
			const unsigned char *row = qr->data + (ptrdiff_t)y * qr->width;

			for (run = 0; x + run < qr->width && row[x + run] & 1; run++)
				;
			if (run > 0)
				im_buf_addf(&b, "M%d %dh%dv1h-%dz", x + MARGIN, y + MARGIN, run, run);
			else
				run = 1;
		}
	}
	*ret_size = qr->width + 2 * MARGIN;
	if (!b.full)
		path = im_arena_strndup(a, b.p, b.n);
	im_buf_done(&b);
	QRcode_free(qr);
	return path;
}
