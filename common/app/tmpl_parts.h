/*
 * tmpl_parts.h - a parsed template: what tmpl_parse.c makes and tmpl_render.c walks.
 * Private to the three tmpl*.c files.
 *
 * A template is one flat array of nodes; a node with children is followed by them,
 * and `end` is the index after the last. Layer: app.
 */
#ifndef ES_TMPL_PARTS_H
#define ES_TMPL_PARTS_H

#include "app/tmpl.h"

#define TMPL_NESTING_MAX 32       /* sections, blocks and parents open at once in one file */
#define TMPL_PARTIAL_DEPTH_MAX 32 /* partials and parents being rendered at once */
#define TMPL_CONTEXT_MAX 256      /* sections being rendered at once, over all files */
#define TMPL_FILE_MAX (1024 * 1024)
#define TMPL_OUTPUT_MAX (4 * 1024 * 1024)

enum tmpl_kind {
	TMPL_TEXT,
	TMPL_VALUE,    /* {{name}} */
	TMPL_RAW,      /* {{{name}}} {{&name}} */
	TMPL_SECTION,  /* {{#name}} */
	TMPL_INVERTED, /* {{^name}} */
	TMPL_PARTIAL,  /* {{>name}} */
	TMPL_PARENT,   /* {{<name}}: its children that are blocks replace the parent's */
	TMPL_BLOCK,    /* {{$name}} */
};

struct tmpl;

struct tmpl_node {
	enum tmpl_kind kind;
	int line;
	size_t end;                /* with children: the index after the last; else its own + 1 */
	struct str text;           /* TEXT: what to write */
	const char *name;          /* partial, parent, block; of a value or section: as written, for messages */
	const char *const *path;   /* value, section: "a.b" → {"a", "b", NULL}; "." → {NULL} */
	struct str indent;         /* PARTIAL, PARENT: put before every line; BLOCK: the same for what replaces it */
	bool dedented;             /* BLOCK: its own content lost that indent when it was parsed */
	const struct tmpl *target; /* PARTIAL, PARENT: NULL when there is no such template */
};

struct tmpl {
	const char *name;
	struct tmpl_node *nodes;
	size_t nnodes;
};

/* ERR_INTERNAL with "name:line: why" as detail. Everything lives in a. Partials are not resolved yet. */
err_t tmpl_parse(struct ctx *c, struct arena *a, const char *name, struct str text, struct tmpl *tmpl_r) MUST_CHECK;
/* html: values are escaped. */
err_t tmpl_write(struct ctx *c, const struct tmpl *t, const json_t *context, bool html, struct buf *out) MUST_CHECK;

#endif
