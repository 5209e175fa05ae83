/*
 * tmpl.h - Mustache over jansson: the specification's core, and its inheritance
 * ({{<parent}}{{$block}}…{{/block}}{{/parent}}) and dynamic-free partials.
 *
 * Templates are parsed once at start; a syntax error refuses to start. Values are
 * HTML-escaped unless {{{raw}}} / {{&raw}}. Depth of partials ≤ 32, output ≤ 4 MiB.
 *
 * Layer: app (needs only base and data).
 */
#ifndef ES_TMPL_H
#define ES_TMPL_H

#include "data/json.h"

struct tmpl_set;

/* All *.mustache below dir, by path without the ending; and lang/<code>.json. Failure names file and line. */
err_t tmpl_load(struct ctx *c, const char *dir, struct tmpl_set **set_r) MUST_CHECK;
void tmpl_free(struct tmpl_set *set);
/* ERR_INTERNAL when there is no such template. A name ending in .txt is not HTML: nothing is escaped. */
err_t tmpl_render(struct ctx *c, const struct tmpl_set *set, const char *name, const json_t *context, struct buf *out) MUST_CHECK;
/* One template from text, partials from the object {"name": "text"}: for tests of the specification. */
err_t tmpl_render_text(struct ctx *c, struct str text, const json_t *partials, const json_t *context, struct buf *out) MUST_CHECK;

/* The strings of a language as one object ("t" of every context); English when lang is unknown. Borrowed. */
const json_t *tmpl_strings(const struct tmpl_set *set, const char *lang);
/* A string by dotted key with {name} filled in; the key itself when unknown (logged). args: name, value pairs. */
struct text_arg {
	const char *name, *value;
};
const char *tmpl_text(struct ctx *c, const struct tmpl_set *set, const char *lang, const char *key, const struct text_arg *args, size_t n);

#endif
