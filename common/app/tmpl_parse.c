/*
 * tmpl_parse.c - Mustache text into nodes: tags, delimiters, standalone lines, indentation.
 *
 * Two passes. The first cuts the text into tokens, text never reaching over a line's
 * end. The second goes line by line: a line of tags alone leaves no trace in the output;
 * then it lays down nodes. Rendering is in tmpl_render.c.
 */
#include "app/tmpl_parts.h"

#include <string.h>

/* A tag's sigil decides what it may do: values never make a line standalone. */
enum tag_kind {
	TOKEN_TEXT,
	TAG_VALUE,
	TAG_RAW,
	TAG_SECTION,
	TAG_INVERTED,
	TAG_PARTIAL,
	TAG_PARENT,
	TAG_BLOCK,
	TAG_CLOSE,
	TAG_COMMENT,
	TAG_DELIMITERS
};

struct token {
	enum tag_kind kind;
	struct str text; /* text, or the name inside the tag */
	int line;
	bool first; /* begins a line of the file */
};

struct open_node {
	size_t index; /* of the section, block or parent */
	size_t dedent_before;
};

struct parser {
	struct ctx *c;
	struct arena *a;
	const char *name;
	struct str rest;
	int line;
	char open_delim[16], close_delim[16];
	struct token *tokens;
	size_t ntokens, tokens_cap;
	struct tmpl_node *nodes;
	size_t nnodes, nodes_cap;
	struct open_node open[TMPL_NESTING_MAX];
	size_t nopen;
	size_t dedent; /* blanks to take off the beginning of each line now */
};

static const struct {
	char sigil;
	enum tag_kind kind;
} SIGILS[] = {
	{'#', TAG_SECTION},
	{'^', TAG_INVERTED},
	{'/', TAG_CLOSE},
	{'>', TAG_PARTIAL},
	{'<', TAG_PARENT},
	{'$', TAG_BLOCK},
	{'!', TAG_COMMENT},
	{'=', TAG_DELIMITERS},
	{'&', TAG_RAW},
	{'{', TAG_RAW},
};

static err_t syntax_error(struct parser *p, int line, const char *why, struct str what)
{
	return fail(p->c, &ERR_INTERNAL, "%s:%d: %s%s%.*s", p->name, line, why, what.n ? ": " : "",
		(int)(what.n < 80 ? what.n : 80), what.n ? what.p : "");
}

/* ------------------------------------------------------------------ first pass: tokens */

static void *grown(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return old;
	size_t cap_new = *cap ? *cap * 2 : 64;
	void *bigger = arena_array(a, cap_new, size);
	if (n)
		memcpy(bigger, old, n * size);
	*cap = cap_new;
	return bigger;
}

static void token_add(struct parser *p, enum tag_kind kind, struct str text, int line, bool first)
{
	p->tokens = grown(p->a, p->tokens, p->ntokens, &p->tokens_cap, sizeof(struct token));
	p->tokens[p->ntokens++] = (struct token){.kind = kind, .text = text, .line = line, .first = first};
}

static bool at_line_start(const struct parser *p)
{
	if (p->ntokens == 0)
		return true;
	const struct token *last = &p->tokens[p->ntokens - 1];
	return last->kind == TOKEN_TEXT && last->text.n && last->text.p[last->text.n - 1] == '\n';
}

static struct str cut(struct str *rest, size_t n)
{
	struct str head = {rest->p, n};
	rest->p += n;
	rest->n -= n;
	return head;
}

static int count_lines(struct str s)
{
	int n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* Text up to the next tag or the end, one token for each line. */
static void scan_text(struct parser *p)
{
	const char *tag = memmem(p->rest.p, p->rest.n, p->open_delim, strlen(p->open_delim));
	struct str text = cut(&p->rest, tag ? (size_t)(tag - p->rest.p) : p->rest.n);

	while (text.n) {
		const char *newline = memchr(text.p, '\n', text.n);
		struct str piece = cut(&text, newline ? (size_t)(newline - text.p) + 1 : text.n);
		token_add(p, TOKEN_TEXT, piece, p->line, at_line_start(p));
		p->line += newline != NULL;
	}
}

static struct str trim_blanks(struct str s)
{
	while (s.n && memchr(" \t\r\n", s.p[0], 4))
		s.p++, s.n--;
	while (s.n && memchr(" \t\r\n", s.p[s.n - 1], 4))
		s.n--;
	return s;
}

static err_t set_delimiters(struct parser *p, struct str inside)
{
	struct str words = trim_blanks(inside);
	size_t gap = 0;
	while (gap < words.n && !memchr(" \t\r\n", words.p[gap], 4))
		gap++;
	struct str first = {words.p, gap}, last = trim_blanks((struct str){words.p + gap, words.n - gap});

	if (first.n == 0 || last.n == 0 || first.n >= sizeof(p->open_delim) || last.n >= sizeof(p->close_delim) ||
		memchr(words.p, '=', words.n) || memchr(last.p, ' ', last.n))
		return syntax_error(p, p->line, "bad delimiters", words);
	memcpy(p->open_delim, first.p, first.n);
	p->open_delim[first.n] = '\0';
	memcpy(p->close_delim, last.p, last.n);
	p->close_delim[last.n] = '\0';
	return OK;
}

static enum tag_kind sigil_kind(char sigil)
{
	for (size_t i = 0; i < ARRAY_LEN(SIGILS); i++)
		if (SIGILS[i].sigil == sigil)
			return SIGILS[i].kind;
	return TAG_VALUE;
}

/* One tag; p->rest stands behind its opening delimiter. */
static err_t scan_tag(struct parser *p)
{
	int line = p->line;
	bool first = at_line_start(p);
	while (p->rest.n && memchr(" \t\r\n", p->rest.p[0], 4))
		p->line += cut(&p->rest, 1).p[0] == '\n';
	char sigil = p->rest.n ? p->rest.p[0] : '\0';
	enum tag_kind kind = sigil_kind(sigil);
	if (kind != TAG_VALUE)
		cut(&p->rest, 1);

	char ending[20] = "";
	size_t extra = sigil == '{' || sigil == '=';
	ending[0] = sigil == '{' ? '}' : '=';
	memcpy(ending + extra, p->close_delim, strlen(p->close_delim) + 1);
	const char *close = memmem(p->rest.p, p->rest.n, ending, strlen(ending));
	if (!close)
		return syntax_error(p, line, "tag is not closed", (struct str){p->rest.p, p->rest.n});
	struct str inside = cut(&p->rest, (size_t)(close - p->rest.p));
	cut(&p->rest, strlen(ending));
	p->line += count_lines(inside);

	struct str name = trim_blanks(inside);
	if (kind == TAG_DELIMITERS)
		TRY(set_delimiters(p, inside));
	else if (kind != TAG_COMMENT && name.n == 0)
		return syntax_error(p, line, "tag without a name", name);
	else if (kind != TAG_COMMENT && (memchr(name.p, ' ', name.n) || memchr(name.p, '\n', name.n)))
		return syntax_error(p, line, "blank inside a name", name);
	token_add(p, kind, name, line, first);
	return OK;
}

static err_t scan(struct parser *p)
{
	while (p->rest.n) {
		scan_text(p);
		if (p->rest.n == 0)
			break;
		cut(&p->rest, strlen(p->open_delim));
		TRY(scan_tag(p));
	}
	return OK;
}

/* ------------------------------------------------------------------ second pass: nodes */

static bool is_blank(struct str s)
{
	return trim_blanks(s).n == 0;
}

static size_t leading_blanks(struct str s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

/* What tells about one line of the file, tokens [from, to). */
struct line {
	size_t from, to;
	bool standalone;   /* tags only: its blanks and its end are not output */
	struct str indent; /* the blanks before its first tag, when nothing else is */
	size_t first_tag;  /* index; == to when there is none */
};

/* A block opened and closed on this line is content of it, not structure. */
static bool has_whole_block(const struct parser *p, const struct line *l)
{
	for (size_t i = l->from; i < l->to; i++) {
		if (p->tokens[i].kind != TAG_BLOCK)
			continue;
		for (size_t j = i + 1; j < l->to; j++)
			if (p->tokens[j].kind == TAG_CLOSE && p->tokens[j].text.n == p->tokens[i].text.n &&
				memcmp(p->tokens[j].text.p, p->tokens[i].text.p, p->tokens[i].text.n) == 0)
				return true;
	}
	return false;
}

static struct line next_line(const struct parser *p, size_t from)
{
	struct line l = {.from = from, .to = from, .standalone = true};
	size_t tags = 0;

	do {
		const struct token *t = &p->tokens[l.to];
		if (t->kind == TOKEN_TEXT)
			l.standalone = l.standalone && is_blank(t->text);
		else
			tags++;
		if (t->kind == TAG_VALUE || t->kind == TAG_RAW)
			l.standalone = false;
		l.to++;
	} while (l.to < p->ntokens && !p->tokens[l.to].first);

	for (l.first_tag = from; l.first_tag < l.to && p->tokens[l.first_tag].kind == TOKEN_TEXT;)
		l.first_tag++;
	l.standalone = l.standalone && tags > 0 && !has_whole_block(p, &l);
	if (tags && l.first_tag <= from + 1 && p->tokens[from].kind == TOKEN_TEXT && is_blank(p->tokens[from].text))
		l.indent = p->tokens[from].text;
	return l;
}

static struct str without_dedent(const struct parser *p, struct str s)
{
	size_t n = leading_blanks(s);
	if (n > p->dedent)
		n = p->dedent;
	return (struct str){s.p + n, s.n - n};
}

static struct tmpl_node *node_add(struct parser *p, enum tmpl_kind kind, int line)
{
	p->nodes = grown(p->a, p->nodes, p->nnodes, &p->nodes_cap, sizeof(struct tmpl_node));
	struct tmpl_node *n = &p->nodes[p->nnodes++];
	*n = (struct tmpl_node){.kind = kind, .line = line, .end = p->nnodes};
	return n;
}

/* Lines of text that follow each other are one node: one write. */
static void text_add(struct parser *p, struct str text, int line)
{
	if (text.n == 0)
		return;
	struct tmpl_node *last = p->nnodes ? &p->nodes[p->nnodes - 1] : NULL;
	if (last && last->kind == TMPL_TEXT && last->text.p + last->text.n == text.p) {
		last->text.n += text.n;
		return;
	}
	node_add(p, TMPL_TEXT, line)->text = text;
}

static err_t path_of(struct parser *p, const struct token *t, const char *const **path_r)
{
	static const char *const IMPLICIT[] = {NULL};
	if (str_eq(t->text, ".")) {
		*path_r = IMPLICIT;
		return OK;
	}
	size_t parts = 1;
	for (size_t i = 0; i < t->text.n; i++)
		parts += t->text.p[i] == '.';
	const char **path = arena_array(p->a, parts + 1, sizeof(*path));
	struct str rest = t->text, part;
	for (size_t i = 0; str_next(&rest, '.', &part); i++) {
		if (part.n == 0)
			return syntax_error(p, t->line, "empty part in a name", t->text);
		path[i] = str_dup(p->a, part);
	}
	*path_r = path;
	return OK;
}

/*
 * How far the content of a block that begins after this line is indented: as its first
 * line with anything on it; a block without content as its tag.
 */
static size_t block_indent(const struct parser *p, const struct line *l, size_t tag_indent)
{
	for (size_t i = l->to; i < p->ntokens; i++) {
		const struct token *t = &p->tokens[i];
		if (t->kind == TAG_CLOSE)
			return tag_indent;
		if (t->kind != TOKEN_TEXT)
			return 0;
		if (is_blank(t->text) && t->text.p[t->text.n - 1] == '\n')
			continue;
		bool closes = i + 1 < p->ntokens && p->tokens[i + 1].kind == TAG_CLOSE && is_blank(t->text);
		size_t blanks = leading_blanks(t->text);
		return closes ? tag_indent : blanks > p->dedent ? blanks - p->dedent : 0;
	}
	return 0;
}

static const char BLANKS[] = "                                                                ";

static err_t open_push(struct parser *p, size_t index)
{
	if (p->nopen == TMPL_NESTING_MAX)
		return syntax_error(p, p->nodes[index].line, "nested too deep", str_of(p->nodes[index].name));
	p->open[p->nopen++] = (struct open_node){.index = index, .dedent_before = p->dedent};
	return OK;
}

static err_t add_block(struct parser *p, const struct line *l, size_t i)
{
	const struct token *t = &p->tokens[i];
	struct tmpl_node *n = node_add(p, TMPL_BLOCK, t->line);
	n->name = str_dup(p->a, t->text);
	struct str tag_indent = i == l->first_tag ? without_dedent(p, l->indent) : (struct str){0};
	bool ends_line = l->standalone;
	for (size_t j = i + 1; j < l->to; j++)
		ends_line = ends_line && p->tokens[j].kind != TAG_CLOSE;

	TRY(open_push(p, p->nnodes - 1));
	n->indent = tag_indent;
	if (ends_line) {
		size_t deep = block_indent(p, l, tag_indent.n);
		n->indent = (struct str){BLANKS, deep < sizeof(BLANKS) - 1 ? deep : sizeof(BLANKS) - 1};
		n->dedented = true;
		p->dedent += deep;
	}
	return OK;
}

static err_t add_close(struct parser *p, const struct token *t)
{
	if (p->nopen == 0)
		return syntax_error(p, t->line, "nothing to close", t->text);
	struct open_node *o = &p->open[--p->nopen];
	if (!str_eq(t->text, p->nodes[o->index].name))
		return syntax_error(p, t->line, "closes what is not open here", t->text);
	p->nodes[o->index].end = p->nnodes;
	p->dedent = o->dedent_before;
	return OK;
}

static err_t add_tag(struct parser *p, const struct line *l, size_t i)
{
	static const enum tmpl_kind KINDS[] = {
		[TAG_VALUE] = TMPL_VALUE,
		[TAG_RAW] = TMPL_RAW,
		[TAG_SECTION] = TMPL_SECTION,
		[TAG_INVERTED] = TMPL_INVERTED,
		[TAG_PARTIAL] = TMPL_PARTIAL,
		[TAG_PARENT] = TMPL_PARENT,
	};
	const struct token *t = &p->tokens[i];
	if (t->kind == TAG_COMMENT || t->kind == TAG_DELIMITERS)
		return OK;
	if (t->kind == TAG_CLOSE)
		return add_close(p, t);
	if (t->kind == TAG_BLOCK)
		return add_block(p, l, i);

	const char *const *path = NULL;
	bool refers = t->kind == TAG_PARTIAL || t->kind == TAG_PARENT;
	if (!refers)
		TRY(path_of(p, t, &path));
	struct tmpl_node *n = node_add(p, KINDS[t->kind], t->line);
	n->name = str_dup(p->a, t->text);
	n->path = path;
	if (refers && l->standalone && i == l->first_tag)
		n->indent = without_dedent(p, l->indent);
	if (t->kind == TAG_SECTION || t->kind == TAG_INVERTED || t->kind == TAG_PARENT)
		return open_push(p, p->nnodes - 1);
	return OK;
}

static err_t build(struct parser *p)
{
	for (size_t i = 0; i < p->ntokens;) {
		struct line l = next_line(p, i);
		for (; i < l.to; i++) {
			const struct token *t = &p->tokens[i];
			if (t->kind != TOKEN_TEXT)
				TRY(add_tag(p, &l, i));
			else if (!l.standalone)
				text_add(p, i == l.from ? without_dedent(p, t->text) : t->text, t->line);
		}
	}
	if (p->nopen) {
		const struct tmpl_node *n = &p->nodes[p->open[p->nopen - 1].index];
		return syntax_error(p, n->line, "is never closed", str_of(n->name));
	}
	return OK;
}

err_t tmpl_parse(struct ctx *c, struct arena *a, const char *name, struct str text, struct tmpl *tmpl_r)
{
	struct parser p = {
		.c = c, .a = a, .name = name, .rest = text, .line = 1, .open_delim = "{{", .close_delim = "}}"};

	if (text.n > TMPL_FILE_MAX)
		return syntax_error(&p, 1, "template is too large", (struct str){0});
	if (text.n && !utf8_valid(text))
		return syntax_error(&p, 1, "not valid UTF-8", (struct str){0});
	TRY(scan(&p));
	TRY(build(&p));
	*tmpl_r = (struct tmpl){.name = name, .nodes = p.nodes, .nnodes = p.nnodes};
	return OK;
}
