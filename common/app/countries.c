/* countries.c - the countries of the language file as options of a <select>. */
#include "app/app.h"
#include "app/page.h"
#include <string.h>

#define LANGUAGE "en"

json_t *page_countries(struct request *rq, const char *selected)
{
	/* The language file lists them by name; jansson keeps that order. */
	json_t *names = json_object_get(tmpl_strings(rq->app->templates, LANGUAGE), "country"), *name;
	json_t *list = json_new_array(rq->ctx.arena);
	const char *code;

	json_object_foreach(names, code, name) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "code", code);
		json_set_text(o, "name", json_string_value(name));
		json_set_bool(o, "selected", selected != NULL && strcmp(selected, code) == 0);
		json_add(list, o);
	}
	return list;
}
