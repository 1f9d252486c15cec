/*
 * mailfile.h - one message of the signed-in person, opened and mapped for a page, and its parts as streams
 *
 * A message may be 50 MB and a page program must stay small: a large file is mapped too, for those who look at a few pages
 * of it, but whoever goes through all of it reads it by windows.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MAILFILE_H
#define IM_MAILFILE_H

#include "mail/index.h"
#include "mail/mime.h"
#include "web/app.h"
#include "web/folders.h"

struct im_mail_file {
	struct im_mail_at at;
	struct im_entry entry;
	int fd;
	struct im_str raw; /* mapped as long as the file is open */
};

/*
 * im_mail_file_open - message id of a mailbox; IM_NOTFOUND with resp->error_text when it is not there. Both names may be
 * anything. Close on IM_OK
 */
enum im_status im_mail_file_open(const struct im_request *r, struct im_response *resp, const char *mailbox,
    const char *id, struct im_mail_file *f, struct im_err *err) IM_MUSTUSE;
void im_mail_file_close(struct im_mail_file *f);

/* im_mail_file_parse - im_mime_parse whose memory does not grow with the file. Release m with im_mime_done */
void im_mail_file_parse(const struct im_mail_file *f, struct im_mime *m);

/* the decoded bytes of a part, or the raw ones of any range of the file, a window at a time */
struct im_part_stream {
	const struct im_mail_file *file;
	uint64_t at, left; /* of the file */
	struct im_decoder decoder;
};
void im_part_stream_init(
    struct im_part_stream *s, const struct im_mail_file *f, const struct im_mime_part *part);
void im_raw_stream_init(struct im_part_stream *s, const struct im_mail_file *f);
/* im_part_stream_next - append the next window, at most IM_STREAM_CHUNK bytes; false when it was the last, or cannot be read */
bool im_part_stream_next(struct im_part_stream *s, struct im_buf *out);
/* im_part_stream_size - bytes of all that im_part_stream_next will give; the stream itself does not move */
uint64_t im_part_stream_size(const struct im_part_stream *s);

#endif
