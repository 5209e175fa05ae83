/* links.c - addresses of list pages: the parameters a page knows, one more or one less. */
#include <string.h>

#include "service.h"

#define LINK_MAX 8192

/* What a list page understands; the rest (utm_…) is not carried on. The page number never is. */
static bool kept(struct str name)
{
	static const char *const NAMES[] = {"q", "exact", "brand", "price_min", "price_max", "in_stock", "sort"};

	if (str_starts(name, "attr."))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		if (str_eq(name, NAMES[i]))
			return true;
	return false;
}

static void put_pair(struct buf *b, struct str name, struct str value)
{
	buf_putc(b, strchr(buf_str(b).p, '?') == NULL ? '?' : '&');
	buf_url(b, name);
	buf_putc(b, '=');
	buf_url(b, value);
}

char *link_with(struct request *rq, const char *path, const char *drop, const char *name, const char *value)
{
	struct buf b;
	bool was_on = false;

	buf_init(&b, rq->ctx.arena, LINK_MAX);
	buf_puts(&b, path);
	for (size_t i = 0; i < rq->query.n; i++) {
		const struct param *p = &rq->query.list[i];
		if (!kept(p->name) || p->value.n == 0 || (drop != NULL && str_eq(p->name, drop)))
			continue;
		if (name != NULL && str_eq(p->name, name) && value != NULL && str_eq(p->value, value)) {
			was_on = true;
			continue;
		}
		put_pair(&b, p->name, p->value);
	}
	if (name != NULL && value != NULL && !was_on)
		put_pair(&b, str_of(name), str_of(value));
	return buf_ok(&b) ? b.p : arena_strdup(rq->ctx.arena, path);
}

const char *count_text(struct request *rq, const char *key, int64_t n)
{
	const char *full = arena_printf(rq->ctx.arena, "%s.%s", key, n == 1 ? "one" : "other");
	const char *number = arena_printf(rq->ctx.arena, "%lld", (long long)n);

	return text(rq, full, TEXT_ARGS({"count", number}));
}

json_t *page_crumb(struct request *rq, const char *name, const char *href)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", name);
	json_set_text(o, "href", href);
	return o;
}

json_t *page_pager(struct request *rq, const char *path, bool first, const char *next_cursor)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct buf b;

	buf_init(&b, rq->ctx.arena, LINK_MAX);
	buf_puts(&b, path);
	for (size_t i = 0; i < rq->query.n; i++) {
		const struct param *p = &rq->query.list[i];
		if ((str_eq(p->name, "q") || str_eq(p->name, "state")) && p->value.n > 0)
			put_pair(&b, p->name, p->value);
	}
	json_set_text(o, "first_href", first || !buf_ok(&b) ? NULL : b.p);
	if (next_cursor != NULL)
		put_pair(&b, STR("cursor"), str_of(next_cursor));
	json_set_text(o, "next_href", next_cursor == NULL || !buf_ok(&b) ? NULL : b.p);
	json_set_null(o, "range_text");
	return o;
}
