/*
 * mime_part.c - what the header of one part says: type, disposition, encoding, name
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime_internal.h"

#include <string.h>

#include "mail/header.h"

enum { TOKEN_MAX = 64, NAME_MAX_BYTES = 200, ID_MAX_BYTES = 250, PARAM_MAX = 4096 };

static bool
is_token(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* the token at the start of *s in lower case into dst, *s moves behind it */
static void
take_token(struct im_str *s, char dst[static TOKEN_MAX + 1])
{
	size_t n = 0;

	*s = im_str_trim(*s);
	while (s->n && is_token(*s->p)) {
		if (n < TOKEN_MAX)
			dst[n++] = (char)(*s->p >= 'A' && *s->p <= 'Z' ? *s->p + ('a' - 'A') : *s->p);
		s->p++;
		s->n--;
	}
	dst[n] = '\0';
}

/* the types of nearly all parts need no memory */
static const char *
keep(struct im_arena *arena, const char *s)
{
	static const char *const common[] = { "text", "plain", "html", "multipart", "mixed", "alternative",
		"related", "application", "octet-stream", "pdf", "image", "jpeg", "png", "gif", "message",
		"rfc822", "report", "delivery-status", "utf-8", "us-ascii", "iso-8859-1", "windows-1252" };

	for (size_t i = 0; i < IM_COUNT(common); i++)
		if (strcmp(s, common[i]) == 0)
			return common[i];
	return im_arena_strdup(arena, s);
}

/* RFC 2045 5.2: what cannot be read is text/plain */
static void
read_type(struct im_arena *arena, struct im_str value, struct im_mime_part *part)
{
	char type[TOKEN_MAX + 1], subtype[TOKEN_MAX + 1] = "";

	take_token(&value, type);
	value = im_str_trim(value);
	if (value.n && value.p[0] == '/') {
		value.p++;
		value.n--;
		take_token(&value, subtype);
	}
	if (*type && *subtype) {
		part->type = keep(arena, type);
		part->subtype = keep(arena, subtype);
	}
}

static enum im_disposition
read_disposition(struct im_str value)
{
	char token[TOKEN_MAX + 1];

	take_token(&value, token);
	if (!*token)
		return IM_DISP_NONE;
	return strcmp(token, "inline") == 0       ? IM_DISP_INLINE
	       : strcmp(token, "attachment") == 0 ? IM_DISP_ATTACHMENT
						  : IM_DISP_OTHER;
}

static enum im_cte
read_cte(struct im_str value)
{
	static const struct {
		const char *name;
		enum im_cte cte;
	} ctes[] = {
		{ "base64", IM_CTE_BASE64 },
		{ "quoted-printable", IM_CTE_QP },
		{ "x-uuencode", IM_CTE_UUENCODE },
		{ "uuencode", IM_CTE_UUENCODE },
		{ "x-uue", IM_CTE_UUENCODE },
		{ "uue", IM_CTE_UUENCODE },
	};
	char token[TOKEN_MAX + 1];

	while (value.n && (value.p[0] == '"' || value.p[0] == ' ')) {
		value.p++;
		value.n--;
	}
	take_token(&value, token);
	for (size_t i = 0; i < IM_COUNT(ctes); i++)
		if (strcmp(token, ctes[i].name) == 0)
			return ctes[i].cte;
	return IM_CTE_IDENTITY;
}

const char *
im_mime_clean_name(struct im_arena *arena, struct im_str name)
{
	struct im_buf b;
	struct im_str s;
	const char *r = NULL;

	im_buf_init(&b, PARAM_MAX * 3);
	im_text_line(name, false, &b);
	s = im_buf_str(&b);
	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\') {
			s.p += i;
			s.n -= i;
			break;
		}
	}
	s = im_str_trim(s);
	while (s.n && (s.p[0] == '.' || s.p[0] == ' ')) {
		s.p++;
		s.n--;
	}
	if (s.n > NAME_MAX_BYTES) { /* the extension is worth more than the middle */
		const char *dot = memrchr(s.p, '.', s.n);
		size_t ext = dot && s.p + s.n - dot <= 16 ? (size_t)(s.p + s.n - dot) : 0;
		size_t head = im_utf8_cut(s, NAME_MAX_BYTES - ext);

		r = im_arena_fmt(arena, "%.*s%.*s", (int)head, s.p, (int)ext, s.p + s.n - ext);
	} else if (s.n) {
		r = im_arena_strndup(arena, s.p, s.n);
	}
	im_buf_done(&b);
	return r;
}

static void
read_type_params(struct im_arena *arena, struct im_str value, struct im_mime_part *part, struct im_buf *b)
{
	char token[TOKEN_MAX + 1];
	struct im_str s;

	if (strcmp(part->type, "text") != 0)
		return;
	im_buf_clear(b);
	if (im_header_param(value, "charset", b)) {
		s = im_buf_str(b);
		if (s.n && s.p[0] == '\'')
			s = (struct im_str) { s.p + 1, s.n - 1 };
		for (size_t i = 0; i < s.n; i++)
			if (s.p[i] == ':') /* "ISO_8859-1:1987" */
				b->p[i + (size_t)(s.p - b->p)] = '-';
		take_token(&s, token);
		if (*token)
			part->charset = keep(arena, token);
	}
	if (strcmp(part->subtype, "plain") != 0)
		return;
	im_buf_clear(b);
	part->flowed =
	    im_header_param(value, "format", b) && im_str_isi(im_str_trim(im_buf_str(b)), "flowed");
	im_buf_clear(b);
	part->delsp = part->flowed && im_header_param(value, "delsp", b) &&
		      im_str_isi(im_str_trim(im_buf_str(b)), "yes");
}

static void
read_name(struct im_arena *arena, struct im_str disposition, struct im_str type, struct im_mime_part *part,
    struct im_buf *b)
{
	im_buf_clear(b);
	if (im_header_param(disposition, "filename", b))
		part->name = im_mime_clean_name(arena, im_buf_str(b));
	im_buf_clear(b);
	if (!part->name && im_header_param(type, "name", b))
		part->name = im_mime_clean_name(arena, im_buf_str(b));
}

static const char *
read_id(struct im_arena *arena, struct im_str id)
{
	id = im_str_trim(id);
	if (id.n && id.p[0] == '<') {
		id.p++;
		id.n--;
	}
	if (id.n && id.p[id.n - 1] == '>')
		id.n--;
	return id.n && id.n <= ID_MAX_BYTES ? im_arena_strndup(arena, id.p, id.n) : NULL;
}

static void
read_boundary(struct im_str type, struct im_buf *b, struct im_buf *boundary)
{
	struct im_str s;

	im_buf_clear(b);
	if (!im_header_param_raw(type, "boundary", b))
		return;
	s = im_buf_str(b);
	/* RFC 2046 5.1.1: it does not end in white space */
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	if (s.n <= IM_MIME_MAX_BOUNDARY)
		im_buf_add_str(boundary, s);
}

void
im_mime_read_part(struct im_arena *arena, struct im_str header, bool in_digest, bool lean,
    struct im_mime_part *part, struct im_buf *boundary)
{
	struct im_str type = { NULL, 0 }, disposition = { NULL, 0 }, cte = { NULL, 0 }, id = { NULL, 0 };
	struct im_field f;
	struct im_buf b;
	size_t pos = 0;

	while (im_header_next(header, &pos, &f)) {
		if (f.name.n < 10 || (f.name.p[0] | 0x20) != 'c')
			continue;
		if (!type.p && im_str_isi(f.name, "content-type"))
			type = f.value;
		else if (!disposition.p && im_str_isi(f.name, "content-disposition"))
			disposition = f.value;
		else if (!cte.p && im_str_isi(f.name, "content-transfer-encoding"))
			cte = f.value;
		else if (!id.p && im_str_isi(f.name, "content-id"))
			id = f.value;
	}
	part->type = in_digest ? "message" : "text";
	part->subtype = in_digest ? "rfc822" : "plain";
	read_type(arena, type, part);
	part->disposition = read_disposition(disposition);
	part->cte = read_cte(cte);
	im_buf_init(&b, PARAM_MAX);
	if (strcmp(part->type, "multipart") == 0)
		read_boundary(type, &b, boundary);
	read_type_params(arena, type, part, &b);
	if (!lean) {
		read_name(arena, disposition, type, part, &b);
		part->content_id = read_id(arena, id);
	}
	im_buf_done(&b);
}
