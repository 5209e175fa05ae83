/* store_cart.c - the statements of cart-service. What a cart costs is in rules.c. */
#include "store_cart.h"

static const struct db_column CART_COLUMNS[] = {
	DB_COLUMN(struct cart, id, DB_UUID),
	DB_COLUMN(struct cart, user_id, DB_UUID),
	DB_COLUMN(struct cart, status, DB_TEXT),
	DB_COLUMN(struct cart, currency, DB_CURRENCY),
	DB_COLUMN(struct cart, version, DB_INT64),
	DB_COLUMN(struct cart, pricing_version, DB_INT64),
	DB_COLUMN(struct cart, country, DB_TEXT),
	DB_COLUMN(struct cart, postal_code, DB_TEXT),
	DB_COLUMN(struct cart, region, DB_TEXT),
	DB_COLUMN(struct cart, shipping_option, DB_TEXT),
	DB_COLUMN(struct cart, contact, DB_JSON),
	DB_COLUMN(struct cart, quote, DB_JSON),
};
#define CART_SELECT                                                                                                    \
	"select id, user_id, status, currency, version, pricing_version, country, postal_code, region,"                \
	" shipping_option, contact, quote from cart.cart where id = $1::uuid and status <> 'merged'"

static const struct db_stmt CART_BY_ID = DB_ROWS("cart_by_id", struct cart, CART_COLUMNS, SQL(CART_SELECT));
static const struct db_stmt CART_LOCK = DB_ROWS("cart_lock", struct cart, CART_COLUMNS, SQL(CART_SELECT " for update"));

#define OFFER_MEMBERS(prefix)                                                                                          \
	{.name = "sku", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, sku)},                            \
		{.name = "slug", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, slug)},                  \
		{.name = "name", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, name)},                  \
		{.name = "image_url", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, image_url)},        \
		{.name = "category", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, category)},          \
		{.name = "tax_class", .type = DB_TEXT, .offset = (prefix) + offsetof(struct offer, tax_class)},        \
		{.name = "product_id", .type = DB_UUID, .offset = (prefix) + offsetof(struct offer, product_id)},      \
		{.name = "variant_id", .type = DB_UUID, .offset = (prefix) + offsetof(struct offer, variant_id)},      \
		{.name = "options", .type = DB_JSON, .offset = (prefix) + offsetof(struct offer, options)},            \
		{.name = "price_minor", .type = DB_INT64, .offset = (prefix) + offsetof(struct offer, price_minor)},   \
		{.name = "price_version", .type = DB_INT64, .offset = (prefix) + offsetof(struct offer, price_version)}, \
		{.name = "currency", .type = DB_CURRENCY, .offset = (prefix) + offsetof(struct offer, currency)},      \
		{.name = "in_stock", .type = DB_INT64, .offset = (prefix) + offsetof(struct offer, in_stock)}

#define OFFER_LIST                                                                                                     \
	" o.slug, o.product_name as name, o.image_url, o.category, o.tax_class, o.product_id, o.variant_id,"           \
	" o.options, o.price_minor, o.price_version, o.currency, coalesce(a.available, 0) as in_stock"

static const struct db_column LINE_COLUMNS[] = {
	DB_COLUMN(struct cart_line, id, DB_UUID),
	DB_COLUMN(struct cart_line, quantity, DB_INT64),
	DB_COLUMN(struct cart_line, position, DB_INT32),
	OFFER_MEMBERS(offsetof(struct cart_line, offer)),
};
static const struct db_stmt LINES_BY_CART = DB_ROWS("cart_lines", struct cart_line, LINE_COLUMNS,
	SQL("select l.id, l.quantity, l.position, l.sku," OFFER_LIST " from cart.line l"
	    " left join catalog.offer o on o.sku = l.sku and o.active"
	    " and o.currency = (select c.currency from cart.cart c where c.id = $1::uuid)"
	    " left join inventory.availability a on a.sku = l.sku"
	    " where l.cart_id = $1::uuid order by l.position"));

/* $3: the cart whose currency counts; else $2; else what the first SKU is offered in, $4 before others. */
static const struct db_column OFFER_COLUMNS[] = {OFFER_MEMBERS(0)};
static const struct db_stmt OFFERS = DB_ROWS("cart_offers", struct offer, OFFER_COLUMNS,
	SQL("with money as (select coalesce($2::text, (select c.currency from cart.cart c where c.id = $3::uuid),"
	    " (select f.currency from catalog.offer f where f.sku = ($1::text[])[1] and f.active"
	    "   order by f.currency <> $4::text, f.currency limit 1)) as currency)"
	    " select w.sku," OFFER_LIST " from unnest($1::text[]) with ordinality as w(sku, n)"
	    " left join catalog.offer o on o.sku = w.sku and o.active and o.currency = (select currency from money)"
	    " left join inventory.availability a on a.sku = w.sku order by w.n"));

struct pricing_now {
	int64_t version, day;
};
static const struct db_column PRICING_COLUMNS[] = {
	DB_COLUMN(struct pricing_now, version, DB_INT64),
	DB_COLUMN(struct pricing_now, day, DB_INT64),
};
static const struct db_stmt PRICING_NOW = DB_ROWS("cart_pricing_now", struct pricing_now, PRICING_COLUMNS,
	SQL("select version, (current_date - date '2000-01-01')::bigint as day from cart.pricing_version"));

static const struct db_stmt CART_INSERT = DB_EXEC("cart_insert",
	SQL("insert into cart.cart (id, currency, user_id, country, postal_code, region, quote, pricing_version)"
	    " values ($1::uuid, $2::text, $3::uuid, $4::text, $5::text, $6::text, $7::jsonb, $8::bigint)"));
static const struct db_stmt CART_SAVE = DB_EXEC("cart_save",
	SQL("update cart.cart set version = version + 1, updated_at = now(), country = $2::text, postal_code = $3::text,"
	    " region = $4::text, shipping_option = $5::text, contact = $6::jsonb, quote = $7::jsonb, pricing_version = $8::bigint"
	    " where id = $1::uuid"));
static const struct db_stmt LINES_REMOVE = DB_EXEC("cart_lines_remove",
	SQL("delete from cart.line where cart_id = $1::uuid and id <> all ($2::uuid[])"));
static const struct db_stmt LINES_WRITE = DB_EXEC("cart_lines_write",
	SQL("insert into cart.line as l (id, cart_id, sku, quantity, position)"
	    " select n.id, $1::uuid, n.sku, n.quantity, n.position"
	    " from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[]) as n(id, sku, quantity, position)"
	    " on conflict (id) do update set quantity = excluded.quantity where l.quantity <> excluded.quantity"));
static const struct db_stmt CART_CLAIM = DB_EXEC("cart_claim", SQL("update cart.cart set user_id = $2::uuid where id = $1::uuid"));
static const struct db_stmt CART_MERGED =
	DB_EXEC("cart_merged", SQL("update cart.cart set status = 'merged', updated_at = now() where id = $1::uuid"));

static const struct db_stmt PURGE = DB_EXEC("cart_purge",
	SQL("select cart.purge(value::integer) from platform.setting where key = 'cart_keep_days'"));

struct cart_id {
	struct uuid id;
};
static const struct db_column CART_ID_COLUMNS[] = {DB_COLUMN(struct cart_id, id, DB_UUID)};
static const struct db_stmt CART_OF_USER = DB_ROWS("cart_of_user", struct cart_id, CART_ID_COLUMNS,
	SQL("select id from cart.cart where user_id = $1::uuid and status = 'open'"));

static const struct db_column ADDRESS_COLUMNS[] = {
	DB_COLUMN(struct saved_address, id, DB_UUID),
	DB_COLUMN(struct saved_address, name, DB_TEXT),
	DB_COLUMN(struct saved_address, line1, DB_TEXT),
	DB_COLUMN(struct saved_address, line2, DB_TEXT),
	DB_COLUMN(struct saved_address, city, DB_TEXT),
	DB_COLUMN(struct saved_address, region, DB_TEXT),
	DB_COLUMN(struct saved_address, postal_code, DB_TEXT),
	DB_COLUMN(struct saved_address, country, DB_TEXT),
	DB_COLUMN(struct saved_address, phone, DB_TEXT),
	DB_COLUMN(struct saved_address, is_default, DB_BOOL),
};
static const struct db_stmt ADDRESSES = DB_ROWS("cart_addresses", struct saved_address, ADDRESS_COLUMNS,
	SQL("select id, name, line1, line2, city, region, postal_code, country, phone, is_default"
	    " from auth.addresses_of($1::uuid)"));

const struct db_stmt *const CART_STATEMENTS[] = {
	&CART_BY_ID, &CART_LOCK, &LINES_BY_CART, &OFFERS, &PRICING_NOW, &CART_INSERT, &CART_SAVE,
	&LINES_REMOVE, &LINES_WRITE, &CART_CLAIM, &CART_MERGED, &CART_OF_USER, &ADDRESSES, &PURGE, NULL,
};

const struct db_constraint CART_CONSTRAINTS[] = {
	{"cart_open_per_user", &ERR_CONFLICT, NULL, "the customer has a cart already"},
	{0},
};

err_t cart_store_load(struct ctx *c, const struct cart_wanted *w, struct cart *cart_r, struct offer **offers_r)
{
	struct cart_line *lines;
	struct pricing_now pricing;
	size_t nlines, noffers = 0;
	const char **skus = arena_array_of(c->arena, w->wishes ? w->wishes->n : 0, const char *);

	for (size_t i = 0; w->wishes != NULL && i < w->wishes->n; i++)
		skus[i] = w->wishes->list[i].sku;
	const struct db_call calls[] = {
		CALL_ONE(w->lock ? &CART_LOCK : &CART_BY_ID, cart_r, P_TEXT(w->id)),
		CALL_ROWS(&LINES_BY_CART, &lines, &nlines, P_TEXT(w->id)),
		{.stmt = &PRICING_NOW, .row = &pricing},
		CALL_ROWS(&OFFERS, offers_r, &noffers, P_TEXTS(skus, w->wishes ? w->wishes->n : 0), P_NULL, P_TEXT(w->id), P_NULL),
	};

	TRY(db_run(c, calls, w->wishes != NULL ? ARRAY_LEN(calls) : ARRAY_LEN(calls) - 1));
	cart_r->lines = lines;
	cart_r->nlines = nlines;
	cart_r->pricing_version_now = pricing.version;
	cart_r->pricing_day = pricing.day;
	return cart_store_rates(c, w->home_country, cart_r);
}

err_t cart_store_offers(struct ctx *c, struct cart *cart, const char *fallback, const struct lines_input *wishes, struct offer **offers_r)
{
	const char **skus = arena_array_of(c->arena, wishes->n, const char *), *currency = cart->currency[0] ? cart->currency : NULL;
	struct pricing_now pricing;
	size_t n;

	for (size_t i = 0; i < wishes->n; i++)
		skus[i] = wishes->list[i].sku;
	const struct db_call calls[] = {
		{.stmt = &PRICING_NOW, .row = &pricing},
		CALL_ROWS(&OFFERS, offers_r, &n, P_TEXTS(skus, wishes->n), P_TEXT(currency), P_NULL, P_TEXT(fallback)),
	};
	TRY(db_run(c, calls, wishes->n > 0 ? ARRAY_LEN(calls) : ARRAY_LEN(calls) - 1));
	cart->pricing_version_now = pricing.version;
	cart->pricing_day = pricing.day;
	return OK;
}

static void write_lines(struct ctx *c, const struct cart *cart)
{
	size_t n = cart->nlines;
	const char **ids = arena_array_of(c->arena, n, const char *), **skus = arena_array_of(c->arena, n, const char *);
	int64_t *quantities = arena_array_of(c->arena, n, int64_t), *positions = arena_array_of(c->arena, n, int64_t);

	for (size_t i = 0; i < n; i++) {
		ids[i] = cart->lines[i].id.s;
		skus[i] = cart->lines[i].offer.sku;
		quantities[i] = cart->lines[i].quantity;
		positions[i] = cart->lines[i].position;
	}
	if (json_array_size(json_object_get(cart->quote, "lines")) > n)
		db_defer(c, &LINES_REMOVE, PARAMS(P_UUID(&cart->id), P_TEXTS(ids, n)));
	if (n > 0)
		db_defer(c, &LINES_WRITE,
			PARAMS(P_UUID(&cart->id), P_TEXTS(ids, n), P_TEXTS(skus, n), P_INTS(quantities, n), P_INTS(positions, n)));
}

void cart_store_insert(struct ctx *c, const struct cart *cart)
{
	db_defer(c, &CART_INSERT,
		PARAMS(P_UUID(&cart->id), P_TEXT(cart->currency), P_UUID(&cart->user_id), P_TEXT(cart->country), P_TEXT(cart->postal_code),
			P_TEXT(cart->region), P_JSON(quote_document(c, cart)), P_INT(cart->pricing_version_now)));
	write_lines(c, cart);
}

void cart_store_save(struct ctx *c, struct cart *cart)
{
	const json_t *quote = quote_document(c, cart);

	db_defer(c, &CART_SAVE,
		PARAMS(P_UUID(&cart->id), P_TEXT(cart->country), P_TEXT(cart->postal_code), P_TEXT(cart->region),
			P_TEXT(cart->shipping_option), P_JSON(cart->contact), P_JSON(quote), P_INT(cart->pricing_version_now)));
	write_lines(c, cart);
	cart->version++;
	cart->quote = quote;
	cart->pricing_version = cart->pricing_version_now;
}

err_t cart_store_edit(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg)
{
	return db_tx(c, DB_TX_ASYNC_COMMIT, body, arg);
}

void cart_store_claim(struct ctx *c, const struct cart *cart, const struct uuid *user_id)
{
	db_defer(c, &CART_CLAIM, PARAMS(P_UUID(&cart->id), P_UUID(user_id)));
}

void cart_store_mark_merged(struct ctx *c, const struct cart *cart)
{
	db_defer(c, &CART_MERGED, PARAMS(P_UUID(&cart->id)));
}

err_t cart_store_of_user(struct ctx *c, const struct uuid *user_id, struct uuid *cart_id_r, bool *found_r)
{
	struct cart_id row;

	TRY(db_maybe(c, &CART_OF_USER, PARAMS(P_UUID(user_id)), &row, found_r));
	if (*found_r)
		*cart_id_r = row.id;
	return OK;
}

err_t cart_store_addresses(struct ctx *c, const struct uuid *user_id, struct saved_address **rows_r, size_t *n_r)
{
	return db_rows(c, &ADDRESSES, PARAMS(P_UUID(user_id)), rows_r, n_r);
}

err_t cart_store_purge(struct ctx *c)
{
	return db_exec(c, &PURGE, NO_PARAMS, NULL);
}
