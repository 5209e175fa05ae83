/*
 * multipart.c - the forms that carry one file (RFC 7578). Only what browsers send:
 * parts with Content-Disposition, one file, no nested multipart, no transfer encoding.
 */
#include <string.h>

#include "app/frame.h"
#include "edges/fcgi.h"

#define PARTS_MAX 50
#define BOUNDARY_MAX 70
#define FIELD_MAX_BYTES 65536

struct part {
	struct str name, filename, content;
	bool is_file;
};

static bool find(struct str s, struct str needle, size_t *at_r)
{
	const char *p = s.n >= needle.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	if (p == NULL)
		return false;
	*at_r = (size_t)(p - s.p);
	return true;
}

static struct str from(struct str s, size_t at)
{
	return (struct str){.p = s.p + at, .n = s.n - at};
}

static struct str unquoted(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct str){.p = s.p + 1, .n = s.n - 2};
	return s;
}

/* "\r\n--boundary": every part ends before one. */
static err_t read_boundary(struct request *rq, struct str *delimiter_r)
{
	struct str rest = str_of(request_header(rq, "Content-Type")), param, key;

	while (rest.n > 0 && str_next(&rest, ';', &param)) {
		param = str_trim(param);
		if (!str_next(&param, '=', &key) || !str_eq_nocase(key, "boundary"))
			continue;
		param = unquoted(param);
		if (param.n == 0 || param.n > BOUNDARY_MAX)
			break;
		*delimiter_r = str_of(arena_printf(rq->ctx.arena, "\r\n--%.*s", (int)param.n, param.p));
		return OK;
	}
	return fail(&rq->ctx, &ERR_BAD_REQUEST, "the form has no boundary");
}

/* form-data; name="…"; filename="…": browsers escape quotes inside as %22. */
static void read_disposition(struct str value, struct part *p)
{
	struct str param, key;

	while (value.n > 0 && str_next(&value, ';', &param)) {
		param = str_trim(param);
		if (!str_next(&param, '=', &key))
			continue;
		if (str_eq_nocase(key, "name"))
			p->name = unquoted(param);
		if (str_eq_nocase(key, "filename")) {
			p->filename = unquoted(param);
			p->is_file = true;
		}
	}
}

static err_t read_part(struct ctx *c, struct str raw, struct part *p)
{
	struct str headers, line, key;
	size_t end;

	*p = (struct part){0};
	if (!find(raw, STR("\r\n\r\n"), &end))
		return fail(c, &ERR_BAD_REQUEST, "a part of the form has no end of its headers");
	headers = (struct str){.p = raw.p, .n = end};
	p->content = from(raw, end + 4);
	while (headers.n > 0 && str_next(&headers, '\n', &line)) {
		if (str_next(&line, ':', &key) && str_eq_nocase(str_trim(key), "Content-Disposition")) {
			if (line.n > 0 && line.p[line.n - 1] == '\r')
				line.n--;
			read_disposition(line, p);
		}
	}
	if (p->name.n == 0 || !utf8_valid(p->name) || !utf8_valid(p->filename))
		return fail(c, &ERR_BAD_REQUEST, "a part of the form has no name");
	return OK;
}

static err_t keep_part(struct request *rq, const struct part *p, struct param *list, struct str *file)
{
	struct str value = p->is_file ? p->filename : p->content;

	if (p->is_file && file->p != NULL)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the form has more than one file");
	if (p->is_file)
		*file = p->content;
	if (!utf8_valid(value) || value.n > FIELD_MAX_BYTES)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "a field of the form is not UTF-8, or too long");
	if (rq->form.n == PARTS_MAX)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the form has too many fields");
	list[rq->form.n++] = (struct param){
		.name = str_of(str_dup(rq->ctx.arena, p->name)),
		.value = str_of(str_dup(rq->ctx.arena, value)),
	};
	return OK;
}

/* The file's own field has its name as value. */
err_t multipart_parse(struct request *rq)
{
	struct param *list = arena_array_of(rq->ctx.arena, PARTS_MAX, struct param);
	struct str delimiter = {NULL, 0}, rest = rq->body, file = {NULL, 0};
	size_t at;

	rq->form = (struct params){.list = list};
	TRY(read_boundary(rq, &delimiter));
	/* The first delimiter has no line before it. */
	if (rest.n < delimiter.n || memcmp(rest.p, delimiter.p + 2, delimiter.n - 2) != 0)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the form does not begin with its boundary");
	rest = from(rest, delimiter.n - 2);
	while (str_starts(rest, "\r\n") && find(rest, delimiter, &at)) {
		struct part part;
		struct str raw = {.p = rest.p + 2, .n = at >= 2 ? at - 2 : 0};
		TRY(read_part(&rq->ctx, raw, &part));
		TRY(keep_part(rq, &part, list, &file));
		rest = from(rest, at + delimiter.n);
	}
	if (!str_starts(rest, "--"))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the form ends before its last boundary");
	rq->body = file;
	return OK;
}
