/*
 * intimail-message - what the reader makes of message files
 *
 * The debugging tool of the MIME reader, and what outside test sets are run against. Files are mapped, so that a part
 * of any size is extracted in little memory; what comes on standard input is read whole first.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/io.h"
#include "message.h"
#include "web/html.h"

enum { STEP = 64 * 1024, MAX_TEXT = 64 * 1024 * 1024 };

static struct {
	bool text, html;
	const char *part;
} opts;

struct input {
	struct im_str bytes;
	void *map;
	struct im_buf buf;
};

static enum im_status
write_out(struct im_str s, struct im_err *err)
{
	if (!im_write_full(STDOUT_FILENO, s.p, s.n))
		return im_fail_errno(err, errno, "write to standard output");
	return IM_OK;
}

static enum im_status
read_all(int fd, const char *name, struct input *in, struct im_err *err)
{
	char piece[STEP];
	ssize_t n;

	while ((n = im_read_full(fd, piece, sizeof(piece))) > 0)
		im_buf_add(&in->buf, piece, (size_t)n);
	if (n < 0)
		return im_fail_errno(err, errno, "read %s", name);
	in->bytes = im_buf_str(&in->buf);
	return IM_OK;
}

static enum im_status
open_input(const char *name, struct input *in, struct im_err *err)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	enum im_status st = IM_OK;
	struct stat sb;

	*in = (struct input) { 0 };
	im_buf_init(&in->buf, SIZE_MAX / 4);
	if (fd < 0)
		return im_fail_errno(err, errno, "open %s", name);
	if (fstat(fd, &sb) < 0) {
		st = im_fail_errno(err, errno, "stat %s", name);
	} else if (S_ISDIR(sb.st_mode)) {
		st = im_fail(err, IM_INVALID, "%s is a directory: name message files", name);
	} else if (!is_stdin && S_ISREG(sb.st_mode) && sb.st_size > 0) {
		in->map = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (in->map == MAP_FAILED) {
			in->map = NULL;
			st = im_fail_errno(err, errno, "map %s", name);
		} else {
			in->bytes = (struct im_str) { in->map, (size_t)sb.st_size };
		}
	} else {
		st = read_all(fd, name, in, err);
	}
	if (!is_stdin)
		close(fd);
	return st;
}

static void
close_input(struct input *in)
{
	if (in->map)
		munmap(in->map, in->bytes.n);
	im_buf_done(&in->buf);
}

static enum im_status
print_json(const char *name, struct im_str raw, const struct im_mime *m, struct im_err *err)
{
	struct im_arena a = { 0 };
	struct im_buf b;
	enum im_status st;

	im_buf_init(&b, MAX_TEXT);
	im_v_json(describe_message(&a, name, raw, m), &b);
	im_buf_addc(&b, '\n');
	st = b.full ? im_fail(err, IM_INVALID, "%s: its description is larger than 64 MiB", name)
		    : write_out(im_buf_str(&b), err);
	im_buf_done(&b);
	im_arena_done(&a);
	return st;
}

static enum im_status
print_part(const char *name, struct im_str raw, const struct im_mime *m, struct im_err *err)
{
	struct im_decoder d = { 0 };
	struct im_buf b;
	enum im_status st = IM_OK;
	uint64_t n;

	if (!im_str_u64(im_str(opts.part), 1000000, &n) || n >= (uint64_t)m->nparts)
		return im_fail(err, IM_NOTFOUND, "%s has no part %s: it has the parts 0 to %d", name,
		    opts.part, m->nparts - 1);
	d.cte = m->parts[n].cte;
	im_buf_init(&b, (size_t)STEP * 2);
	for (uint64_t at = 0, len = m->parts[n].body_len; at < len && st == IM_OK; at += STEP) {
		size_t piece = len - at < STEP ? len - at : STEP;

		im_decode(
		    &d, (struct im_str) { raw.p + m->parts[n].body_off + at, piece }, at + piece == len, &b);
		st = write_out(im_buf_str(&b), err);
		im_buf_clear(&b);
	}
	im_buf_done(&b);
	return st;
}

/* the text of part n; for --html sanitised, for --text of a message that has HTML only without its tags */
static enum im_status
print_body(const char *name, struct im_str raw, const struct im_mime *m, struct im_err *err)
{
	int text = im_mime_text_part(m), html = im_mime_html_part(m), n = opts.html || text < 0 ? html : text;
	struct im_html_opts ho = { 0 };
	struct im_html_report rep;
	struct im_buf in, out;
	enum im_status st = IM_OK;

	if (n < 0)
		return im_fail(err, IM_NOTFOUND, "%s has no %s", name, opts.html ? "HTML" : "text");
	im_buf_init(&in, MAX_TEXT);
	im_buf_init(&out, MAX_TEXT);
	(void)im_mime_part_text(raw, &m->parts[n], n == html ? IM_HTML_MAX_IN : MAX_TEXT, &in);
	if (n == html && opts.html)
		st = im_html_clean(im_buf_str(&in), &ho, &out, &rep, err);
	else if (n == html)
		im_html_text(im_buf_str(&in), MAX_TEXT, &out);
	if (st == IM_OK)
		st = write_out(im_buf_str(n == html ? &out : &in), err);
	im_buf_done(&in);
	im_buf_done(&out);
	return st;
}

static enum im_status
one_file(const char *name, struct im_err *err)
{
	struct input in;
	struct im_mime m;
	enum im_status st = open_input(name, &in, err);

	if (st == IM_OK) {
		im_mime_parse(in.bytes, &m);
		if (opts.part)
			st = print_part(name, in.bytes, &m, err);
		else if (opts.text || opts.html)
			st = print_body(name, in.bytes, &m, err);
		else
			st = print_json(name, in.bytes, &m, err);
		im_mime_done(&m);
	}
	close_input(&in);
	return st;
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	enum im_status st, worst = IM_OK;
	int failed = 0;

	if (!!opts.part + opts.text + opts.html > 1)
		return im_fail(err, IM_USAGE, "--part, --text and --html exclude each other");
	for (int i = 0; i < argc; i++) {
		st = one_file(argv[i], err);
		if (st == IM_OK)
			continue;
		worst = st;
		failed++;
		if (argc > 1)
			fprintf(stderr, "%s: %s\n", ctx->cmd->name, err->msg);
	}
	return failed && argc > 1 ? im_fail(err, worst, "%d of %d files failed", failed, argc) : worst;
}

static const struct im_opt options[] = {
	{ .name = "text",
	    .letter = 't',
	    .flag = &opts.text,
	    .help = "print the text body as UTF-8 (that of the HTML when there is no other)" },
	{ .name = "html", .letter = 'H', .flag = &opts.html, .help = "print the HTML body, made harmless" },
	{ .name = "part",
	    .letter = 'p',
	    .arg = "N",
	    .value = &opts.part,
	    .help = "print the decoded content of part N" },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-message",
		.summary = "Show what the mail reader makes of message files",
		.args = "FILE...",
		.examples = "  intimail-message Maildir/cur/*\n"
			    "  intimail-message --text - < message.eml\n"
			    "  intimail-message --part 2 message.eml > picture.jpg\n",
		.flags = IM_CMD_NOCONF,
		.opts = options,
		.min_args = 1,
		.max_args = -1,
		.run = run,
	};

	return im_cmd_main(&cmd, argc, argv);
}
