/*
 * tmpl_render.c - nodes and a JSON context into text.
 *
 * Falsy, so that a section is left out: nothing there, null, false, "", an empty list.
 * Any number is a value to show, 0 too. Parsing is in tmpl_parse.c.
 */
#include "app/tmpl_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDENTS_MAX (2 * TMPL_PARTIAL_DEPTH_MAX)

/*
 * A parent being rendered: its blocks may be replaced by the children of the node that
 * named it. The outermost replacement wins. What replaces is rendered with the frames
 * of the place it was written at: those outside of this one.
 */
struct frame {
	const struct tmpl *writer;
	const struct tmpl_node *node;
	const struct frame *outer;
};

struct render {
	struct ctx *c;
	struct buf *out;
	size_t out_start;
	bool html;
	bool line_start; /* the next thing written begins a line of the output */
	const json_t *stack[TMPL_CONTEXT_MAX];
	size_t depth;
	size_t partials;
	struct str indents[INDENTS_MAX];
	size_t nindents;
};

static err_t write_nodes(struct render *r, const struct tmpl *t, size_t from, size_t to, const struct frame *frames);

static err_t render_error(struct render *r, const struct tmpl *t, const struct tmpl_node *n, const char *why)
{
	return fail(r->c, &ERR_INTERNAL, "%s:%d: %s: %s", t->name, n->line, why, n->name ? n->name : "text");
}

static const json_t *look_up(const struct render *r, const char *const *path)
{
	if (!path[0])
		return r->stack[r->depth - 1];
	const json_t *v = NULL;
	for (size_t d = r->depth; d > 0 && !v; d--)
		v = json_object_get(r->stack[d - 1], path[0]);
	for (size_t i = 1; v && path[i]; i++)
		v = json_object_get(v, path[i]);
	return v;
}

static bool is_falsy(const json_t *v)
{
	switch (v ? json_typeof(v) : JSON_NULL) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_STRING:
		return json_string_length(v) == 0;
	case JSON_ARRAY:
		return json_array_size(v) == 0;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ output */

static void begin_line(struct render *r)
{
	if (r->line_start)
		for (size_t i = 0; i < r->nindents; i++)
			buf_put(r->out, r->indents[i].p, r->indents[i].n);
	r->line_start = false;
}

static void write_text(struct render *r, struct str s)
{
	if (r->nindents == 0) {
		buf_put(r->out, s.p, s.n);
		r->line_start = s.p[s.n - 1] == '\n';
		return;
	}
	while (s.n) {
		const char *newline = memchr(s.p, '\n', s.n);
		size_t n = newline ? (size_t)(newline - s.p) + 1 : s.n;
		if (s.p[0] != '\n')
			begin_line(r);
		buf_put(r->out, s.p, n);
		r->line_start = newline != NULL;
		s.p += n;
		s.n -= n;
	}
}

static void write_value(struct render *r, const json_t *v, bool escape)
{
	char number[40];
	struct str s = {0};

	switch (v ? json_typeof(v) : JSON_NULL) {
	case JSON_STRING:
		s = (struct str){json_string_value(v), json_string_length(v)};
		break;
	case JSON_INTEGER:
		s = (struct str){number,
			(size_t)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v))};
		break;
	case JSON_REAL:
		s = (struct str){number, (size_t)snprintf(number, sizeof(number), "%.15g", json_real_value(v))};
		break;
	case JSON_TRUE:
		s = STR("true");
		break;
	case JSON_FALSE:
		s = STR("false");
		break;
	default:
		return;
	}
	if (s.n == 0)
		return;
	begin_line(r);
	if (escape && r->html)
		buf_html(r->out, s);
	else
		buf_put(r->out, s.p, s.n);
}

static bool output_full(const struct render *r)
{
	return !buf_ok(r->out) || r->out->len - r->out_start > TMPL_OUTPUT_MAX;
}

/* ------------------------------------------------------------------ nodes */

static err_t write_section(struct render *r, const struct tmpl *t, size_t i, const struct frame *frames)
{
	const struct tmpl_node *n = &t->nodes[i];
	const json_t *v = look_up(r, n->path);
	if (is_falsy(v))
		return OK;
	if (r->depth == TMPL_CONTEXT_MAX)
		return render_error(r, t, n, "sections nested too deep");

	size_t rounds = json_is_array(v) ? json_array_size(v) : 1;
	r->depth++;
	for (size_t k = 0; k < rounds; k++) {
		r->stack[r->depth - 1] = json_is_array(v) ? json_array_get(v, k) : v;
		TRY(write_nodes(r, t, i + 1, n->end, frames));
		if (output_full(r))
			return render_error(r, t, n, "output is too large");
	}
	r->depth--;
	return OK;
}

static err_t push_indent(struct render *r, const struct tmpl *t, const struct tmpl_node *n, struct str indent)
{
	if (indent.n == 0)
		return OK;
	if (r->nindents == INDENTS_MAX)
		return render_error(r, t, n, "indented too deep");
	r->indents[r->nindents++] = indent;
	return OK;
}

static err_t write_partial(
	struct render *r, const struct tmpl *t, const struct tmpl_node *n, const struct frame *frames)
{
	if (!n->target)
		return OK;
	if (r->partials == TMPL_PARTIAL_DEPTH_MAX)
		return render_error(r, t, n, "partials nested too deep");

	size_t nindents = r->nindents;
	r->partials++;
	TRY(push_indent(r, t, n, n->indent));
	struct frame frame = {.writer = t, .node = n, .outer = frames};
	TRY(write_nodes(r, n->target, 0, n->target->nnodes, n->kind == TMPL_PARENT ? &frame : frames));
	r->nindents = nindents;
	r->partials--;
	return OK;
}

/* The child of a parent node that replaces the named block, or NULL. */
static const struct tmpl_node *replacement(const struct frame *f, const char *name)
{
	const struct tmpl_node *nodes = f->writer->nodes;
	for (size_t i = (size_t)(f->node - nodes) + 1; i < f->node->end; i = nodes[i].end)
		if (nodes[i].kind == TMPL_BLOCK && strcmp(nodes[i].name, name) == 0)
			return &nodes[i];
	return NULL;
}

static err_t write_block(struct render *r, const struct tmpl *t, size_t i, const struct frame *frames)
{
	const struct tmpl_node *n = &t->nodes[i], *found = NULL;
	const struct frame *by = NULL;
	for (const struct frame *f = frames; f; f = f->outer) {
		const struct tmpl_node *other = replacement(f, n->name);
		if (other) {
			found = other;
			by = f;
		}
	}
	if (r->partials == TMPL_PARTIAL_DEPTH_MAX)
		return render_error(r, t, n, "blocks nested too deep");

	size_t nindents = r->nindents;
	r->partials++;
	if (found || n->dedented)
		TRY(push_indent(r, t, n, n->indent));
	if (found)
		TRY(write_nodes(r, by->writer, (size_t)(found - by->writer->nodes) + 1, found->end, by->outer));
	else
		TRY(write_nodes(r, t, i + 1, n->end, frames));
	r->nindents = nindents;
	r->partials--;
	return OK;
}

/* Recursion is bounded: by the nesting a file may have, times the depth of partials. */
static err_t write_nodes(struct render *r, const struct tmpl *t, size_t from, size_t to, const struct frame *frames)
{
	for (size_t i = from; i < to; i = t->nodes[i].end) {
		const struct tmpl_node *n = &t->nodes[i];
		switch (n->kind) {
		case TMPL_TEXT:
			write_text(r, n->text);
			break;
		case TMPL_VALUE:
		case TMPL_RAW:
			write_value(r, look_up(r, n->path), n->kind == TMPL_VALUE);
			break;
		case TMPL_SECTION:
			TRY(write_section(r, t, i, frames));
			break;
		case TMPL_INVERTED:
			if (is_falsy(look_up(r, n->path)))
				TRY(write_nodes(r, t, i + 1, n->end, frames));
			break;
		case TMPL_PARTIAL:
		case TMPL_PARENT:
			TRY(write_partial(r, t, n, frames));
			break;
		case TMPL_BLOCK:
			TRY(write_block(r, t, i, frames));
			break;
		}
	}
	return OK;
}

err_t tmpl_write(struct ctx *c, const struct tmpl *t, const json_t *context, bool html, struct buf *out)
{
	struct render r = {.c = c, .out = out, .out_start = out->len, .html = html, .line_start = true, .depth = 1};
	r.stack[0] = context;
	TRY(write_nodes(&r, t, 0, t->nnodes, NULL));
	if (output_full(&r))
		return fail(c, &ERR_INTERNAL, "%s: output is too large", t->name);
	return OK;
}
