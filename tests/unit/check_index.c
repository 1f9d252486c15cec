/*
 * check_index.c - the header index, case by case
 *
 * SPDX-License-Identifier: ISC
 */
#include <cjson/cJSON.h>
#include <sys/wait.h>
#include <time.h>

#include "mail/crc32.h"
#include "mail/index_cursor.h"
#include "mail/index_impl.h"
#include "mailbox_fixture.h"

static void
read_index(struct fixture *f, struct im_buf *b)
{
	im_buf_init(b, 1 << 24);
	ck_assert_int_eq(im_read_file(f->box.fd, "index.jsonl", 1 << 24, b, &f->err), IM_OK);
}

static void
write_index(struct fixture *f, const char *p, size_t n)
{
	int fd = openat(f->box.fd, "index.jsonl", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert(im_write_full(fd, p, n));
	close(fd);
}

static void
deliver_many(struct fixture *f, int n)
{
	for (int i = 0; i < n; i++)
		fixture_deliver(f, NULL);
}

/* --- format --- */

START_TEST(crc)
{
	/* the check value of the polynomial, and the same over every split and alignment */
	char text[64];

	ck_assert_uint_eq(im_crc32(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(im_crc32(0, "", 0), 0);
	for (int i = 0; i < 64; i++)
		text[i] = (char)(i * 37);
	for (size_t i = 0; i <= 64; i++)
		ck_assert_uint_eq(im_crc32(im_crc32(0, text, i), text + i, 64 - i), im_crc32(0, text, 64));
}
END_TEST

START_TEST(header_round_trip)
{
	const struct im_ix_header rows[] = {
		{ .bytes = 512, .last = INT64_MIN },
		{ 1, 600, 2, 1, 0, 1795500000, "0123456789abcdef0123456789abcdef",
		    { 11, 1795500000123456789, 1795500000000000001 }, { 12, 5, 999999999 } },
		{ UINT64_MAX, INT64_MAX / 2, UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MAX,
		    "0123456789abcdef0123456789abcdef",
		    { UINT64_MAX, 9223372035999999999, 9223372035999999999 },
		    { UINT64_MAX, 9223372035999999999, 9223372035999999999 } },
	};

	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		char buf[IM_IX_HEADER];
		struct im_ix_header h;
		cJSON *v;

		im_ix_header_encode(&rows[i], buf);
		ck_assert_int_eq(buf[IM_IX_HEADER - 1], '\n');
		ck_assert(im_ix_header_decode(buf, &h));
		ck_assert_uint_eq(h.generation, rows[i].generation);
		ck_assert_uint_eq(h.bytes, rows[i].bytes);
		ck_assert_uint_eq(h.total, rows[i].total);
		ck_assert_uint_eq(h.unread, rows[i].unread);
		ck_assert_uint_eq(h.removed, rows[i].removed);
		ck_assert_int_eq(h.last, rows[i].last);
		ck_assert_str_eq(h.boot, rows[i].boot);
		ck_assert(h.new_mark.inode == rows[i].new_mark.inode &&
			  h.new_mark.mtime == rows[i].new_mark.mtime &&
			  h.new_mark.ctime == rows[i].new_mark.ctime);
		ck_assert(
		    h.cur_mark.inode == rows[i].cur_mark.inode && h.cur_mark.mtime == rows[i].cur_mark.mtime);
		v = cJSON_ParseWithLength(buf, IM_IX_HEADER);
		ck_assert_ptr_nonnull(v);
		cJSON_Delete(v);
		for (size_t k = 0; k < IM_IX_HEADER; k++) {
			buf[k] ^= 4;
			ck_assert_msg(!im_ix_header_decode(buf, &h), "byte %zu", k);
			buf[k] ^= 4;
		}
	}
}
END_TEST

START_TEST(line_round_trip)
{
	static const char *const texts[] = { "", "plain", "\"quoted\" \\ back",
		"tab\tand\x01"
		"control\x1f",
		"\xc3\xa9\xf0\x9f\x98\x80", "]},{\"" };

	for (size_t i = 0; i < IM_COUNT(texts) * IM_COUNT(texts); i++) {
		const char *a = texts[i % IM_COUNT(texts)], *b = texts[i / IM_COUNT(texts)];
		struct im_entry e = { .id = i % 3 ? "1795500000.M1P2.mail,S=5" : "no\"time\\",
			.is_new = i % 2,
			.arrived = 1795500000,
			.unixtimestamp = -5,
			.timestamp = "1969-12-31 23:59:55",
			.queueid = "A1B2C3D4E5",
			.size = UINT64_MAX >> 1,
			.from = a,
			.to = b,
			.subject = a,
			.snippet = b,
			.attachments = 3,
			.message_id = 1,
			.parent_id = i % 5,
			.thread_id = i % 7 },
				got;
		struct im_buf buf;
		struct im_ix_line l;
		cJSON *v;

		memcpy(e.flags, i % 2 ? "" : "RS", i % 2 ? 1 : 3);
		im_buf_init(&buf, 10000);
		im_ix_line_put(&buf, &e);
		v = cJSON_ParseWithLength(buf.p, buf.n);
		ck_assert_ptr_nonnull(v);
		ck_assert_str_eq(cJSON_GetObjectItem(v, "subject")->valuestring, a);
		ck_assert_str_eq(cJSON_GetObjectItem(v, "to")->valuestring, b);
		ck_assert_str_eq(cJSON_GetObjectItem(v, "id")->valuestring, e.id);
		cJSON_Delete(v);
		ck_assert(im_ix_line_parse((struct im_str) { buf.p, buf.n - 1 }, &l));
		ck_assert_str_eq(l.id, e.id);
		ck_assert_int_eq(l.arrived, e.arrived);
		/* a tombstone and back, other flags, too many flags */
		ck_assert_uint_gt(im_ix_line_set(buf.p, buf.n - 1, true, false, 0), 0);
		ck_assert(im_ix_line_parse((struct im_str) { buf.p, buf.n - 1 }, &l) && l.removed);
		ck_assert_uint_gt(
		    im_ix_line_set(buf.p, buf.n - 1, false, false, im_flags_mask(IM_STR("DFPRSTab"))), 0);
		ck_assert_uint_eq(
		    im_ix_line_set(buf.p, buf.n - 1, false, false, im_flags_mask(IM_STR("DFPRSTabc"))), 0);
		ck_assert(
		    im_ix_line_parse((struct im_str) { buf.p, buf.n - 1 }, &l) && !l.removed && !l.is_new);
		ck_assert(im_ix_line_entry(&l, buf.p, &got));
		ck_assert_str_eq(got.flags, "DFPRSTab");
		ck_assert_str_eq(got.from, a);
		ck_assert_str_eq(got.to, b);
		ck_assert_str_eq(got.subject, a);
		ck_assert_str_eq(got.queueid, e.queueid);
		ck_assert_str_eq(got.timestamp, e.timestamp);
		ck_assert(got.size == e.size && got.unixtimestamp == -5 && got.attachments == 3);
		ck_assert(
		    got.message_id == 1 && got.parent_id == e.parent_id && got.thread_id == e.thread_id);
		im_buf_done(&buf);
	}
}
END_TEST

/* no flipped bit of a line passes, and a line cut anywhere is none */
START_TEST(line_damage)
{
	struct im_entry e = { .id = "1795500000.M1P2.mail,S=5",
		.arrived = 1795500000,
		.timestamp = "2026-11-24 07:00:00",
		.queueid = "",
		.from = "a",
		.to = "b",
		.subject = "c \"",
		.snippet = "d" };
	struct im_ix_line l;
	struct im_buf b;

	im_buf_init(&b, 10000);
	im_ix_line_put(&b, &e);
	for (size_t i = 0; i < b.n - 1; i++) {
		char *cut = unit_exact(b.p, i);

		ck_assert(!im_ix_line_parse((struct im_str) { cut, i }, &l));
		free(cut);
		for (int bit = 0; bit < 8; bit++) {
			b.p[i] ^= (char)(1 << bit);
			ck_assert_msg(!im_ix_line_parse((struct im_str) { b.p, b.n - 1 }, &l),
			    "byte %zu bit %d", i, bit);
			b.p[i] ^= (char)(1 << bit);
		}
	}
	im_buf_done(&b);
}
END_TEST

/* --- damage to the file: F12 --- */

START_TEST(truncated)
{
	struct fixture f;
	struct im_buf b;

	fixture_init(&f);
	deliver_many(&f, 3);
	fixture_right(&f, &f.box);
	read_index(&f, &b);
	for (size_t i = 0; i <= b.n; i++) {
		write_index(&f, b.p, i);
		fixture_right(&f, &f.box);
	}
	im_buf_done(&b);
	fixture_done(&f);
}
END_TEST

START_TEST(flipped)
{
	struct fixture f;
	struct im_buf b;

	fixture_init(&f);
	deliver_many(&f, 3);
	fixture_right(&f, &f.box);
	for (size_t i = 0;; i++) {
		/* each time from the present one: marks change */
		read_index(&f, &b);
		if (i == b.n)
			break;
		b.p[i] = (char)(i % 2 ? b.p[i] ^ (1 << (i % 8)) : b.p[i] == '\n' ? 'x' : '\n');
		write_index(&f, b.p, b.n);
		fixture_right(&f, &f.box);
		im_buf_done(&b);
	}
	im_buf_done(&b);
	fixture_done(&f);
}
END_TEST

START_TEST(no_index_at_all)
{
	static const char zeros[4096];
	struct fixture f;

	fixture_init(&f);
	deliver_many(&f, 5);
	write_index(&f, zeros, sizeof(zeros));
	fixture_right(&f, &f.box);
	ck_assert_int_eq(unlinkat(f.box.fd, "index.jsonl", 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", f.box.fd, "index.jsonl"), 0);
	fixture_right(&f, &f.box);
	ck_assert_int_eq(unlinkat(f.box.fd, "index.jsonl", 0), 0);
	ck_assert_int_eq(mkfifoat(f.box.fd, "index.jsonl", 0600), 0);
	fixture_right(&f, &f.box);
	/* every line twice */
	{
		struct im_buf b, twice;

		read_index(&f, &b);
		im_buf_init(&twice, 1 << 24);
		im_buf_add(&twice, b.p, b.n);
		im_buf_add(&twice, b.p + IM_IX_HEADER, b.n - IM_IX_HEADER);
		write_index(&f, twice.p, twice.n);
		im_buf_done(&twice);
		im_buf_done(&b);
	}
	fixture_right(&f, &f.box);
	fixture_done(&f);
}
END_TEST

/* whole lines in another order: they are kept, in the right one */
START_TEST(swapped)
{
	struct fixture f;
	struct im_buf b, out;
	char *first, *second;

	fixture_init(&f);
	deliver_many(&f, 2);
	read_index(&f, &b);
	first = b.p + IM_IX_HEADER;
	second = (char *)memchr(first, '\n', b.n - IM_IX_HEADER) + 1;
	im_buf_init(&out, 65536);
	im_buf_add(&out, b.p, IM_IX_HEADER);
	im_buf_add(&out, second, (size_t)(b.p + b.n - second));
	im_buf_add(&out, first, (size_t)(second - first));
	out.p[0] = 'x';
	write_index(&f, out.p, out.n);
	fixture_right(&f, &f.box);
	im_buf_done(&b);
	im_buf_done(&out);
	fixture_done(&f);
}
END_TEST

/* lines of another version of the format, with right checksums: made anew */
START_TEST(older_schema)
{
	static const char extra[] = ",\"spam\":true}\n";
	struct fixture f;
	struct im_buf b, out;
	char *p, *nl;

	fixture_init(&f);
	deliver_many(&f, 3);
	read_index(&f, &b);
	im_buf_init(&out, 65536);
	im_buf_add(&out, b.p, IM_IX_HEADER);
	for (p = b.p + IM_IX_HEADER; (nl = memchr(p, '\n', (size_t)(b.p + b.n - p))) != NULL; p = nl + 1) {
		size_t start = out.n, n, crc_at = (size_t)(strstr(p, "\"crc\":\"") + 7 - p);

		im_buf_add(&out, p, (size_t)(nl - p) - 1);
		im_buf_adds(&out, extra);
		n = out.n - start - 1;
		im_ix_put_hex(out.p + start + crc_at, im_ix_checksum(out.p + start, n, crc_at), 8);
	}
	{
		struct im_ix_header h;

		ck_assert(im_ix_header_decode(out.p, &h));
		h.bytes = out.n;
		im_ix_header_encode(&h, out.p);
	}
	write_index(&f, out.p, out.n);
	fixture_right(&f, &f.box);
	im_buf_done(&b);
	im_buf_done(&out);
	fixture_done(&f);
}
END_TEST

/* after another boot nothing is believed without a comparison */
START_TEST(another_boot)
{
	char buf[IM_IX_HEADER];
	struct im_ix_header h;
	struct fixture f;
	struct im_buf b;
	char id[IM_MSG_NAME_MAX + 1];
	size_t n;

	fixture_init(&f);
	fixture_deliver(&f, id);
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "S", "", &f.err), IM_OK);
	read_index(&f, &b);
	/* the change of the line did not reach the disk, header and directory did */
	ck_assert(im_ix_header_decode(b.p, &h));
	n = (size_t)((char *)memchr(b.p + IM_IX_HEADER, '\n', b.n - IM_IX_HEADER) - b.p) - IM_IX_HEADER;
	ck_assert_uint_gt(im_ix_line_set(b.p + IM_IX_HEADER, n, false, true, 0), 0);
	h.boot[0] = h.boot[0] == '0' ? '1' : '0';
	im_ix_header_encode(&h, buf);
	memcpy(b.p, buf, sizeof(buf));
	write_index(&f, b.p, b.n);
	fixture_right(&f, &f.box);
	im_buf_done(&b);
	fixture_done(&f);
}
END_TEST

static void
set_boot(struct fixture *f, char c)
{
	struct im_ix_header h;
	struct im_buf b;

	read_index(f, &b);
	ck_assert(im_ix_header_decode(b.p, &h));
	h.boot[0] = c;
	im_ix_header_encode(&h, b.p);
	write_index(f, b.p, b.n);
	im_buf_done(&b);
}

/* until somebody reads, deliveries go on with the index as it is, and it stays one that must be compared */
START_TEST(deliveries_after_boot)
{
	static const char q[] = "4dPNmq0Z6QzZrZc";
	char id[IM_MSG_NAME_MAX + 1];
	struct im_index_report r;
	struct im_index_lock l;
	struct fixture f;
	bool found = false;

	fixture_init(&f);
	fixture_deliver(&f, id);
	fixture_right(&f, &f.box);
	set_boot(&f, 'x');
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fixture_deliver_to(&f, &f.box, i == 0 ? q : "", NULL, NULL), IM_OK);
		ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
		ck_assert(r.out_of_step && r.missing == 0 && r.wrong == 0 && !r.header_bad);
	}
	ck_assert_int_eq(im_index_lock(&f.box, 1000, &l, &f.err), IM_OK);
	ck_assert(l.in_step);
	ck_assert_int_eq(im_index_has_queueid(&l, q, &found, &f.err), IM_OK);
	ck_assert(found);
	im_index_unlock(&l);
	fixture_right(&f, &f.box);
	/* and a change of ours compares first */
	set_boot(&f, 'x');
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "S", "", &f.err), IM_OK);
	ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
	ck_assert(!r.out_of_step);
	fixture_right(&f, &f.box);
	fixture_done(&f);
}
END_TEST

/* --- our own changes --- */

START_TEST(flags)
{
	char id[IM_MSG_NAME_MAX + 1];
	struct im_arena a = { 0 };
	struct im_entry e;
	struct fixture f;
	int fd;

	fixture_init(&f);
	deliver_many(&f, 3);
	fixture_deliver(&f, id);
	deliver_many(&f, 3);
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "", "", &f.err), IM_OK);
	ck_assert_int_eq(im_index_find(&f.box, id, &a, &e, &f.err), IM_OK);
	ck_assert(e.is_new);
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "S", "", &f.err), IM_OK);
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "RFabcdefghijkl", "F", &f.err), IM_OK);
	fixture_right(&f, &f.box);
	ck_assert_int_eq(im_index_find(&f.box, id, &a, &e, &f.err), IM_OK);
	ck_assert_str_eq(e.flags, "RSabcdefghijkl");
	ck_assert(!e.is_new);
	ck_assert_int_eq(im_index_open_message(&f.box, &e, &fd, &f.err), IM_OK);
	close(fd);
	ck_assert_int_eq(im_index_set_flags(&f.box, id, "", "RSabcdefghijkl", &f.err), IM_OK);
	fixture_right(&f, &f.box);
	/* the entry is an old one now: the file is found all the same */
	ck_assert_int_eq(im_index_open_message(&f.box, &e, &fd, &f.err), IM_OK);
	close(fd);
	ck_assert_int_eq(im_index_set_flags(&f.box, "1795500000.M1P1.gone", "S", "", &f.err), IM_NOTFOUND);
	ck_assert_int_eq(im_index_set_flags(&f.box, "gone", "S", "", &f.err), IM_NOTFOUND);
	ck_assert_int_eq(im_index_find(&f.box, "", &a, &e, &f.err), IM_NOTFOUND);
	im_arena_done(&a);
	fixture_done(&f);
}
END_TEST

START_TEST(moves)
{
	char ids[6][IM_MSG_NAME_MAX + 1];
	struct im_mailbox other;
	struct fixture f;
	uint64_t size = 0;

	fixture_init(&f);
	ck_assert_int_eq(im_mailbox_open(&f.store, "Archive", true, &other, &f.err), IM_OK);
	for (int i = 0; i < 6; i++)
		fixture_deliver(&f, ids[i]);
	/* newest first, so that the others must be put before it */
	for (int i = 5; i >= 0; i -= 2)
		ck_assert_int_eq(im_index_move(&f.box, &other, ids[i], &f.err), IM_OK);
	fixture_right(&f, &f.box);
	fixture_right(&f, &other);
	ck_assert_int_eq(im_index_move(&f.box, &other, ids[5], &f.err), IM_NOTFOUND);
	/* and back over its own tombstone */
	ck_assert_int_eq(im_index_move(&other, &f.box, ids[3], &f.err), IM_OK);
	fixture_right(&f, &f.box);
	fixture_right(&f, &other);
	ck_assert_int_eq(im_index_move(&other, &other, ids[1], &f.err), IM_OK);
	ck_assert_int_eq(im_index_remove(&other, ids[1], &size, &f.err), IM_OK);
	ck_assert_uint_gt(size, 100);
	ck_assert_int_eq(im_index_remove(&other, ids[1], &size, &f.err), IM_NOTFOUND);
	/* a file of that name is there already: nothing is replaced */
	fixture_foreign(&f, &other, true, ids[0]);
	ck_assert_int_eq(im_index_move(&f.box, &other, ids[0], &f.err), IM_CONFLICT);
	fixture_right(&f, &f.box);
	fixture_right(&f, &other);
	im_mailbox_close(&other);
	fixture_done(&f);
}
END_TEST

START_TEST(compaction)
{
	char id[IM_MSG_NAME_MAX + 1];
	struct fixture f;
	struct stat before, after;
	uint64_t size;

	fixture_init(&f);
	deliver_many(&f, 10);
	ck_assert_int_eq(fstatat(f.box.fd, "index.jsonl", &before, 0), 0);
	for (int i = 0; i < 100; i++) {
		fixture_deliver(&f, id);
		ck_assert_int_eq(im_index_remove(&f.box, id, &size, &f.err), IM_OK);
	}
	ck_assert_int_eq(fstatat(f.box.fd, "index.jsonl", &after, 0), 0);
	ck_assert_int_lt(after.st_size, before.st_size + 70 * 500);
	fixture_right(&f, &f.box);
	fixture_done(&f);
}
END_TEST

/* --- deliveries --- */

START_TEST(duplicates)
{
	static const char q[] = "4dPNmq0Z6QzZrZc", *const others[] = { "4dPNmq0Z6QzZrZd", "A1B2C3D4E5", "x",
		"" };
	char id[IM_MSG_NAME_MAX + 1], recent[] = "A1B2C3D4E6";
	struct im_index_lock l;
	struct fixture f;
	uint64_t size;
	bool found;

	fixture_init(&f);
	deliver_many(&f, 20);
	ck_assert_int_eq(fixture_deliver_to(&f, &f.box, q, NULL, id), IM_OK);
	ck_assert_int_eq(fixture_deliver_to(&f, &f.box, recent, NULL, NULL), IM_OK);
	deliver_many(&f, 40);
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(im_index_lock(&f.box, 1000, &l, &f.err), IM_OK);
		ck_assert_int_eq(l.in_step, round < 2);
		ck_assert_int_eq(im_index_has_queueid(&l, q, &found, &f.err), IM_OK);
		ck_assert_int_eq(found, round == 0 || round == 1);
		ck_assert_int_eq(im_index_has_queueid(&l, recent, &found, &f.err), IM_OK);
		ck_assert(found);
		for (size_t i = 0; i < IM_COUNT(others); i++) {
			ck_assert_int_eq(im_index_has_queueid(&l, others[i], &found, &f.err), IM_OK);
			ck_assert_msg(!found, "%s", others[i]);
		}
		im_index_unlock(&l);
		/* removed already: still a duplicate while the tombstone is there; by the names alone it is not */
		if (round == 0)
			ck_assert_int_eq(im_index_remove(&f.box, id, &size, &f.err), IM_OK);
		if (round == 1)
			fixture_foreign(&f, &f.box, true, "1795500001.M1P1.elsewhere");
	}
	fixture_done(&f);
}
END_TEST

/* the agent does not repair, and makes the first index of a mailbox */
START_TEST(agent_and_index)
{
	struct im_index_report r;
	struct fixture f;

	fixture_init(&f);
	fixture_deliver(&f, NULL);
	ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
	ck_assert(!r.out_of_step && r.missing == 0);
	fixture_foreign(&f, &f.box, true, "1795500001.M1P1.elsewhere");
	fixture_deliver(&f, NULL);
	ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
	ck_assert(r.out_of_step && r.missing == 2);
	fixture_right(&f, &f.box);
	fixture_deliver(&f, NULL);
	ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
	ck_assert(!r.out_of_step && r.missing == 0);
	fixture_done(&f);
}
END_TEST

/* a message that came earlier than the last one, as after a clock was set back: F9 */
START_TEST(earlier_message)
{
	struct im_index_lock l;
	struct im_filing g;
	struct im_summary sum = { .from = "", .to = "", .subject = "", .snippet = "" };
	struct im_index_report r;
	struct fixture f;

	fixture_init(&f);
	deliver_many(&f, 3);
	fixture_foreign(&f, &f.box, true, "4000000000.M1P1.future");
	fixture_right(&f, &f.box);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(im_filing_begin(&f.box, &g, &f.err), IM_OK);
		ck_assert_int_eq(im_filing_sync(&g, &f.err), IM_OK);
		ck_assert_int_eq(im_index_lock(&f.box, 1000, &l, &f.err), IM_OK);
		ck_assert_int_eq(im_filing_commit(&g, 0, "", i % 2 ? NULL : "S", &f.err), IM_OK);
		ck_assert_int_eq(im_index_append(&l, &g, i % 2, i % 2 ? "" : "S", "", &sum, &f.err), IM_OK);
		ck_assert(l.in_step);
		im_index_unlock(&l);
	}
	ck_assert_int_eq(im_index_check(&f.box, true, &r, &f.err), IM_OK);
	ck_assert(!r.out_of_step && r.missing == 0 && r.wrong == 0);
	fixture_right(&f, &f.box);
	fixture_done(&f);
}
END_TEST

/* pages next to an id that is gone, and of an empty mailbox */
START_TEST(pages)
{
	char ids[5][IM_MSG_NAME_MAX + 1];
	struct im_arena a = { 0 };
	struct im_page p;
	struct fixture f;
	uint64_t size;

	fixture_init(&f);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_NEWEST, NULL, 50, &a, &p, &f.err), IM_OK);
	ck_assert(p.n == 0 && p.counts.total == 0 && !p.has_newer && !p.has_older);
	for (int i = 0; i < 5; i++)
		fixture_deliver(&f, ids[i]);
	ck_assert_int_eq(im_index_remove(&f.box, ids[2], &size, &f.err), IM_OK);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_OLDER_THAN, ids[2], 50, &a, &p, &f.err), IM_OK);
	ck_assert(p.n == 2 && p.has_newer && !p.has_older);
	ck_assert_str_eq(p.e[0].id, ids[1]);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_NEWER_THAN, ids[2], 50, &a, &p, &f.err), IM_OK);
	ck_assert(p.n == 2 && !p.has_newer && p.has_older);
	ck_assert_str_eq(p.e[0].id, ids[4]);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_OLDER_THAN, ids[0], 50, &a, &p, &f.err), IM_OK);
	ck_assert(p.n == 0 && p.has_newer && !p.has_older);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_OLDER_THAN, "no such name", 1, &a, &p, &f.err), IM_OK);
	ck_assert(p.n == 1 && p.has_older);
	ck_assert_int_eq(im_index_page(&f.box, IM_PAGE_NEWEST, NULL, 100000, &a, &p, &f.err), IM_INVALID);
	im_arena_done(&a);
	fixture_done(&f);
}
END_TEST

/* more messages than are read under the lock, in an order that is none */
START_TEST(bulk)
{
	struct im_index_report r;
	struct fixture f;

	fixture_init(&f);
	for (int i = 0; i < 700; i++) {
		char name[64];

		ck_assert(im_fmt(name, sizeof(name), "%d.M%dP1.elsewhere%s", 1700000000 + i * 7919 % 701, i,
		    i % 2 ? "" : ":2,S"));
		fixture_foreign(&f, &f.box, i % 2, name);
	}
	fixture_right(&f, &f.box);
	ck_assert_int_eq(im_index_rebuild(&f.box, NULL, NULL, &r, &f.err), IM_OK);
	ck_assert(r.messages == 700 && r.unread == 350 && !r.out_of_step);
	fixture_right(&f, &f.box);
	ck_assert_int_eq(faccessat(f.box.fd, "index.jsonl.new", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(f.box.fd, "index.jsonl.tmp", F_OK, 0), -1);
	fixture_done(&f);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { crc, 0, 0 }, { header_round_trip, 0, 0 },
		{ line_round_trip, 0, 0 }, { line_damage, 0, 0 }, { truncated, 0, 0 }, { flipped, 0, 0 },
		{ no_index_at_all, 0, 0 }, { swapped, 0, 0 }, { older_schema, 0, 0 }, { another_boot, 0, 0 },
		{ deliveries_after_boot, 0, 0 }, { flags, 0, 0 }, { moves, 0, 0 }, { compaction, 0, 0 },
		{ duplicates, 0, 0 }, { agent_and_index, 0, 0 }, { earlier_message, 0, 0 }, { pages, 0, 0 },
		{ bulk, 0, 0 } };

	return unit_main("index", tests, IM_COUNT(tests));
}
