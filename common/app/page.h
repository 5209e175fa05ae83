/*
 * page.h - HTML answers: a Mustache template over a JSON context.
 *
 * page_respond() adds the root members every template relies on (templates/README.md):
 * t, lang, shop, page, user, viewing, csrf, cached, flash, cart_count, nav, asset, form.
 *
 * Layer: app.
 */
#ifndef ES_PAGE_H
#define ES_PAGE_H

#include "app/tmpl.h"
#include "edges/http.h"

struct page_info {
	const char *title;       /* of the page alone: the layout adds the shop's name */
	const char *description; /* may be NULL */
	const char *canonical;   /* path; may be NULL */
	const char *json_ld;     /* ready JSON text from json_render(); made safe here; may be NULL */
	bool noindex;
};

/* context: an object of the arena; members set here win. */
err_t page_respond(struct request *rq, int status, const char *template_name, json_t *context, const struct page_info *info);
/* A one-time message shown on the next page: a short cookie, kind success|info|error. */
void page_flash(struct request *rq, const char *kind, const char *text);
/* The value a form field had when it came back with errors, else NULL. */
const char *form_value(struct request *rq, const char *name);

/* Every country for a <select>, by name: [{code, name, selected}]; selected may be NULL. */
json_t *page_countries(struct request *rq, const char *selected);

/* Display forms next to the API's: {"amount","currency","text"} and {"iso","text"}. */
void page_set_money(struct request *rq, json_t *object, const char *key, struct money m);
void page_set_time(struct request *rq, json_t *object, const char *key, int64_t unix_us);

#endif
