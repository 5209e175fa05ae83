/*
 * page.c - HTML answers: the root members of every context, forms shown again, flash
 * messages, error pages. Tags live in templates/, words in templates/lang/.
 */
#include "app/page.h"

#include <stdlib.h>
#include <string.h>

#include "app/frame.h"
#include "app/viewing.h"
#include "base/log.h"
#include "data/clock.h"
#include "edges/fcgi.h"

#define PAGE_MAX_BYTES (4u * 1024 * 1024)
#define FLASH_COOKIE "es_flash"
#define FLASH_MAX_BYTES 600
#define FLASH_SECS 60
#define CART_COUNT_COOKIE "es_cart_count"
#define NAV_FRESH_US (5 * US_PER_SEC)
#define NAV_MAX_BYTES 8192

/* What a menu entry of the back office is called in templates, and what it needs. */
static const struct {
	const char *name, *permission;
} MENU_PERMISSIONS[] = {
	{"orders_read", "orders:read"},
	{"orders_write", "orders:write"},
	{"catalog_read", "products:read"},
	{"catalog_write", "products:write"},
	{"customers_read", "users:read"},
	{"customers_write", "users:write"},
	{"inventory_read", "inventory:read"},
	{"inventory_write", "inventory:write"},
	{"payments_read", "payments:read"},
	{"messages_read", "notifications:read"},
	{"messages_write", "notifications:write"},
	{"analytics_read", "analytics:read"},
	{"audit_read", "audit:read"},
	{"roles_read", "roles:read"},
	{"roles_write", "roles:write"},
	{"keys_read", "keys:read"},
	{"keys_write", "keys:write"},
	{"system_read", "system:read"},
	{"system_write", "system:write"},
};

/* ------------------------------------------------------------------ navigation */

struct nav_row {
	const char *nav;
};
static const struct db_column NAV_COLUMNS[] = {DB_COLUMN(struct nav_row, nav, DB_TEXT)};
static const struct db_stmt NAV = DB_ROWS("page_nav", struct nav_row, NAV_COLUMNS,
	SQL("select value as nav from platform.setting where key = 'nav'"));
const struct db_stmt *const PAGE_STATEMENTS[] = {&NAV, NULL};

static struct {
	char text[NAV_MAX_BYTES];
	int64_t loaded_us;
} nav_cache = {.text = "[]"};

/* Asked for outside transactions only: a page is rendered after its handler's work. */
static const char *nav_text(struct request *rq)
{
	int64_t now = clock_monotonic_us();
	struct nav_row row;
	bool found;

	if (rq->ctx.db == NULL || (nav_cache.loaded_us != 0 && now - nav_cache.loaded_us < NAV_FRESH_US))
		return nav_cache.text;
	if (db_in_tx(&rq->ctx))
		return nav_cache.text;
	/* A shop without its menu for a moment is better than no page. */
	if (db_maybe(&rq->ctx, &NAV, NO_PARAMS, &row, &found) != OK)
		return nav_cache.text;
	nav_cache.loaded_us = now;
	if (found && strlen(row.nav) < sizeof(nav_cache.text))
		memcpy(nav_cache.text, row.nav, strlen(row.nav) + 1);
	return nav_cache.text;
}

static bool leads_here(const char *path, const char *href)
{
	size_t n = strlen(href);

	return strncmp(path, href, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static json_t *nav_of(struct request *rq)
{
	json_t *list, *entry, *nav = json_new_array(rq->ctx.arena);
	size_t i;

	if (json_parse(&rq->ctx, str_of(nav_text(rq)), &list) != OK)
		return nav;
	json_array_foreach(list, i, entry) {
		json_t *o = json_new_object(rq->ctx.arena);
		const char *href = json_text(entry, "href", "/");
		json_set_text(o, "name", json_text(entry, "name", ""));
		json_set_text(o, "href", href);
		json_set_bool(o, "current", leads_here(rq->path, href));
		json_add(nav, o);
	}
	return nav;
}

/* ------------------------------------------------------------------ members of the root */

static json_t *shop_of(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", rq->app->shop_name);
	json_set_text(o, "url", rq->app->public_url);
	json_set_text(o, "currency", rq->app->currency);
	json_set_text(o, "support_email", rq->app->support_email);
	return o;
}

/* "<" would end the script element, and begin an SSI command. */
static const char *script_safe(struct arena *a, const char *json)
{
	struct buf b;

	buf_init(&b, a, strlen(json) * 6 + 1);
	for (const char *p = json; *p != '\0'; p++) {
		if (*p == '<' || *p == '>' || *p == '&')
			buf_printf(&b, "\\u%04x", (unsigned)*p);
		else
			buf_putc(&b, *p);
	}
	return buf_ok(&b) && b.p != NULL ? b.p : "";
}

static void set_page(struct request *rq, json_t *context, const struct page_info *info)
{
	json_t *o = json_object_get(context, "page");

	if (!json_is_object(o)) {
		o = json_new_object(rq->ctx.arena);
		json_set(context, "page", o);
	}
	json_set_text(o, "title", info->title);
	json_set_text_if(o, "description", info->description);
	if (info->canonical != NULL)
		json_set_text(o, "canonical",
			arena_printf(rq->ctx.arena, "%s%s", rq->app->public_url, info->canonical));
	if (info->json_ld != NULL)
		json_set_text(o, "json_ld", script_safe(rq->ctx.arena, info->json_ld));
	if (info->noindex)
		json_set_text(o, "robots", "noindex");
	if (json_object_get(o, "og_type") == NULL)
		json_set_text(o, "og_type", "website");
}

static json_t *user_of(struct request *rq)
{
	const struct subject *s = rq->subject;
	json_t *o, *permissions;

	if (s == NULL || !subject_signed_in(s))
		return NULL;
	o = json_new_object(rq->ctx.arena);
	permissions = json_new_object(rq->ctx.arena);
	json_set_text(o, "id", s->user_id.s);
	json_set_text(o, "name", s->name);
	json_set_text(o, "email", s->email);
	json_set_bool(o, "is_staff", s->is_staff);
	for (size_t i = 0; i < ARRAY_LEN(MENU_PERMISSIONS); i++)
		json_set_bool(permissions, MENU_PERMISSIONS[i].name, subject_can(s, MENU_PERMISSIONS[i].permission));
	json_set(o, "permissions", permissions);
	return o;
}

static int64_t cart_count(struct request *rq)
{
	const char *text = request_cookie(rq, CART_COUNT_COOKIE);
	int64_t n;

	return text != NULL && str_int64(str_of(text), &n) && n > 0 && n < 1000000 ? n : 0;
}

/* ------------------------------------------------------------------ forms */

const char *form_value(struct request *rq, const char *name)
{
	return rq->form.n > 0 ? params_get(&rq->form, name) : NULL;
}

/* Problems are phrases, in logs and in the API; people read sentences. */
static const char *sentence(struct arena *a, const char *phrase)
{
	size_t n = strlen(phrase);
	char *s = arena_printf(a, "%s%s", phrase, n > 0 && strchr(".!?", phrase[n - 1]) == NULL ? "." : "");

	if (s[0] >= 'a' && s[0] <= 'z')
		s[0] = (char)(s[0] - 'a' + 'A');
	return s;
}

static void add_error(struct request *rq, json_t *form, const char *field, const char *phrase)
{
	json_t *o = json_new_object(rq->ctx.arena), *errors = json_object_get(form, "errors");
	json_t *by_field = json_object_get(form, "error");
	const char *message = sentence(rq->ctx.arena, phrase);

	json_set_text_if(o, "field", field);
	json_set_text(o, "message", message);
	json_set_text(o, "href", field != NULL ? arena_printf(rq->ctx.arena, "#%s", field) : NULL);
	json_add(errors, o);
	if (field != NULL && json_object_get(by_field, field) == NULL)
		json_set_text(by_field, field, message);
}

static json_t *member(struct request *rq, json_t *object, const char *key, json_t *(*make)(struct arena *a))
{
	json_t *value = json_object_get(object, key);

	if (value == NULL) {
		value = make(rq->ctx.arena);
		json_set(object, key, value);
	}
	return value;
}

/* The view's own form.values are where a form starts; what was sent wins. */
static void set_form(struct request *rq, json_t *context)
{
	json_t *form = member(rq, context, "form", json_new_object);
	json_t *values = member(rq, form, "values", json_new_object);

	(void)member(rq, form, "error", json_new_object);
	(void)member(rq, form, "errors", json_new_array);
	for (size_t i = 0; i < rq->form.n; i++) {
		const struct param *p = &rq->form.list[i];
		const char *name = str_dup(rq->ctx.arena, p->name);
		if (strcmp(name, "csrf") != 0 && strstr(name, "password") == NULL)
			json_set_text(values, name, str_dup(rq->ctx.arena, p->value));
	}
	for (const struct field_error *f = rq->ctx.errors; rq->failure != OK && f != NULL; f = f->next)
		add_error(rq, form, f->field, f->message);
	if (rq->failure != OK && rq->ctx.errors == NULL)
		add_error(rq, form, NULL, rq->ctx.detail != NULL ? rq->ctx.detail : rq->failure->title);
	json_set_bool(form, "has_errors", json_array_size(json_object_get(form, "errors")) > 0);
}

/* ------------------------------------------------------------------ flash */

void page_flash(struct request *rq, const char *kind, const char *message)
{
	struct cookie k = {.name = FLASH_COOKIE, .max_age_secs = FLASH_SECS};
	struct buf b;

	buf_init(&b, rq->ctx.arena, FLASH_MAX_BYTES * 3);
	buf_printf(&b, "%s.", kind);
	buf_url(&b, utf8_prefix(str_of(message), FLASH_MAX_BYTES / 4));
	if (!buf_ok(&b))
		return;
	k.value = b.p;
	response_cookie(rq, &k);
}

static json_t *take_flash(struct request *rq)
{
	static const char *const KINDS[] = {"success", "info", "error"};
	struct cookie gone = {.name = FLASH_COOKIE, .max_age_secs = -1};
	struct str rest = str_of(request_cookie(rq, FLASH_COOKIE)), kind, message;

	if (rest.n == 0 || rest.n > FLASH_MAX_BYTES * 3)
		return NULL;
	response_cookie(rq, &gone);
	if (!str_next(&rest, '.', &kind) || !url_decode(rq->ctx.arena, rest, false, &message) || !utf8_valid(message))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		if (!str_eq(kind, KINDS[i]))
			continue;
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "kind", KINDS[i]);
		json_set_text(o, "text", str_dup(rq->ctx.arena, message));
		return o;
	}
	return NULL;
}

/* ------------------------------------------------------------------ the page */

static void set_if(json_t *context, const char *key, json_t *value)
{
	if (value != NULL)
		json_set(context, key, value);
	else
		json_set_null(context, key);
}

static int64_t year_now(struct request *rq)
{
	int64_t year = 0;
	struct str digits = {.p = time_rfc3339(rq->ctx.arena, clock_now_us()), .n = 4};

	return str_int64(digits, &year) ? year : 0;
}

/* Such a page's forms send no token: none of them does anything, not even once the view is over. */
static bool shown_as_customer(const struct request *rq)
{
	return rq->viewing != NULL && rq->subject == &rq->viewing->customer;
}

/* Kept for those who have no cookie that nginx could print: nothing is left for it to fill in. */
static bool is_plain(struct request *rq)
{
	const char *plain = fcgi_param(rq, "ES_PLAIN");

	return plain != NULL && plain[0] != '\0';
}

static void set_root(struct request *rq, json_t *context, const struct page_info *info)
{
	bool cached = rq->route != NULL && (rq->route->flags & ROUTE_CACHED) != 0;

	/* Borrowed for the length of the request: the view never changes it. */
	json_object_set(context, "t", (json_t *)(uintptr_t)tmpl_strings(rq->app->templates, "en"));
	json_set_text(context, "lang", "en");
	json_set_text(context, "base", "");
	json_set(context, "shop", shop_of(rq));
	set_page(rq, context, info);
	json_set_bool(context, "cached", cached && !is_plain(rq));
	json_set_text(context, "csrf", cached || shown_as_customer(rq) ? "" : csrf_token(rq));
	set_if(context, "viewing", cached ? NULL : viewing_banner(rq));
	set_if(context, "user", cached ? NULL : user_of(rq));
	set_if(context, "flash", cached ? NULL : take_flash(rq));
	json_set_int(context, "cart_count", cached ? 0 : cart_count(rq));
	json_set(context, "nav", nav_of(rq));
	if (rq->app->assets != NULL)
		json_object_set(context, "asset", (json_t *)(uintptr_t)rq->app->assets);
	json_set_int(context, "year", year_now(rq));
	set_form(rq, context);
}

err_t page_respond(struct request *rq, int status, const char *template_name, json_t *context,
	const struct page_info *info)
{
	struct buf out;

	set_root(rq, context, info);
	buf_init(&out, rq->ctx.arena, PAGE_MAX_BYTES);
	TRY(tmpl_render(&rq->ctx, rq->app->templates, template_name, context, &out));
	if (!buf_ok(&out))
		return fail_bug(&rq->ctx, "page %s is too long", template_name);
	return respond_bytes(rq, status, "text/html; charset=utf-8", buf_str(&out));
}

err_t page_error(struct request *rq, err_t e)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct page_info info = {.title = e->title, .noindex = true};

	json_set_int(context, "status", e->status);
	json_set_text(context, "title", e->title);
	json_set_text(context, "detail", (e->flags & PROBLEM_BUG) == 0 ? rq->ctx.detail : NULL);
	json_set_text(context, "request_id", rq->ctx.request_id);
	json_set_bool(context, "is_404", e->status == 404);
	return page_respond(rq, e->status, "errors/error", context, &info);
}

void page_set_money(struct request *rq, json_t *object, const char *key, struct money m)
{
	json_set_money(object, key, m);
	json_set_text(json_object_get(object, key), "text", money_text(rq->ctx.arena, m));
}

void page_set_time(struct request *rq, json_t *object, const char *key, int64_t unix_us)
{
	json_t *o;

	if (unix_us == 0) {
		json_set_null(object, key);
		return;
	}
	o = json_new_object(rq->ctx.arena);
	json_set_text(o, "iso", time_rfc3339(rq->ctx.arena, unix_us));
	json_set_text(o, "text", time_text(rq->ctx.arena, unix_us));
	json_set(object, key, o);
}
