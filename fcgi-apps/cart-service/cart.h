/*
 * cart.h - the nouns of carts and quotes, and what the files of this service offer each other.
 *
 * Amounts are minor units of the cart's currency. A line's price is what the catalogue
 * offers now; the quote is the priced cart as it was last saved, with the version of
 * everything it rests on.
 */
#ifndef ES_CART_H
#define ES_CART_H

#include "app/app.h"
#include "app/route.h"

#define QUANTITY_MAX 9999
#define LINES_MAX 1000
#define SKU_MAX 64

extern const struct problem ERR_CART_CLOSED;   /* 409 cart_already_ordered */
extern const struct problem ERR_CART_FULL;     /* 422 cart_full */

/* A SKU as the catalogue offers it in one currency, and what stock may be promised. */
struct offer {
	const char *sku, *slug, *name, *image_url, *category, *tax_class; /* name NULL: not offered */
	struct uuid product_id, variant_id;
	const json_t *options;  /* {"size": "M"} */
	int64_t price_minor, price_version, in_stock;
	char currency[4];
};

struct cart_line {
	struct uuid id;
	int64_t quantity;
	int32_t position;
	struct offer offer;
	/* by cart_price(): */
	int64_t discount_minor, total_minor, tax_minor;
	int32_t tax_rate_bp;
};

struct tax_rate {
	const char *country, *tax_class;
	int32_t rate_bp;
};

struct shipping_price {
	const char *country, *currency; /* country "*": everywhere that has no row of its own */
	const char *id, *name;
	int64_t price_minor, free_from_minor; /* free_from_minor 0: never */
	int32_t days_min, days_max;
	/* by cart_price(): what this cart pays, and the whole cart's sums when shipped this way */
	int64_t charge_minor, tax_minor, total_minor;
};

/* Everything the shop charges beside prices, at one version on one day. */
struct rates {
	int64_t version, day;
	struct tax_rate *taxes;
	struct shipping_price *shipping; /* in the order in which options are offered */
	size_t ntaxes, nshipping;
};

struct totals {
	int64_t subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor;
	bool tax_included, shipping_known;
};

struct cart {
	struct uuid id, user_id;
	const char *status;              /* open, ordered, merged */
	char currency[4];
	int64_t version, pricing_version;
	const char *country, *postal_code, *region; /* country NULL: no destination yet */
	const char *shipping_option;     /* chosen on the pages; may be NULL */
	const json_t *contact;           /* {email, note, shipping_address} of the checkout pages; NULL */
	const json_t *quote;             /* as stored */
	struct cart_line *lines;
	size_t nlines;
	struct tax_rate *tax_rates;
	size_t ntax_rates;
	struct shipping_price *shipping; /* what is offered to the destination */
	size_t nshipping;
	int64_t pricing_version_now, pricing_day; /* what the rates are of */
	struct totals totals;            /* by cart_price() */
};

/* One wish: more of a SKU. */
struct line_input {
	const char *sku;
	int64_t quantity;
};
struct lines_input {
	const struct line_input *list;
	size_t n;
};
struct destination_input {
	const char *country, *postal_code, *region;
};
struct cart_input {
	const char *currency;
	struct line_input *lines;
	size_t nlines;
	const struct destination_input *destination;
	bool one; /* a form's single line: its fields have no "lines/0/" before them */
};
struct quantity_input {
	int64_t quantity;
};
struct address_input {
	const char *email, *address_id, *name, *line1, *line2, *city, *region, *postal_code, *country, *phone, *note;
};
struct shipping_input {
	const char *shipping_option;
};

extern const struct bind CART_BIND, LINE_BIND, QUANTITY_BIND, DESTINATION_BIND, ADDRESS_BIND, SHIPPING_BIND;
extern const struct route CART_ROUTES[];
extern const struct timer CART_TIMERS[];

/* rules.c: no SQL, no HTTP */
/* The taxes and shipping prices of cart->country; before it is known the taxes of home_country. */
void cart_use_rates(struct ctx *c, struct cart *cart, const struct rates *rates, const char *home_country);
/* Lines, tax and every shipping option priced; ERR_INVALID when a sum leaves money's range. */
err_t cart_price(struct ctx *c, struct cart *cart) MUST_CHECK;
/* Add wishes up; offers[i] belongs to wishes.list[i]. Field errors name prefix "lines/0/" (several) or "" (one). */
err_t cart_add(struct ctx *c, struct cart *cart, const struct lines_input *wishes, const struct offer *offers, bool one) MUST_CHECK;
/* Take over a guest's lines; offers[i] is guest->lines[i] in this cart's currency. */
void cart_merge(struct ctx *c, struct cart *cart, const struct cart *guest, const struct offer *offers);
/* ERR_NOT_FOUND when the cart has no such line; quantity 0 removes it. */
err_t cart_set_quantity(struct ctx *c, struct cart *cart, const char *line_id, int64_t quantity) MUST_CHECK;
bool line_available(const struct cart_line *l);
bool cart_can_checkout(const struct cart *cart);
int64_t cart_item_count(const struct cart *cart);
/* Whether the stored quote says something else than the cart, which is priced. */
bool cart_quote_stale(const struct cart *cart);

/* views.c */
/* The quote as stored and as cart.take_quote hands it out. */
json_t *quote_document(struct ctx *c, const struct cart *cart);
json_t *view_cart(struct request *rq, const struct cart *cart);
json_t *view_cart_page(struct request *rq, const struct cart *cart);
json_t *view_shipping_options(struct request *rq, const struct cart *cart);

/* handlers_cart.c */
/* A priced cart whose stored quote is out of date: saved anew, as it is by now. */
err_t cart_refresh(struct request *rq, struct cart *cart) MUST_CHECK;
/* A new cart from what was asked for, priced and queued for the COMMIT. */
err_t cart_create(struct request *rq, const struct cart_input *in, struct cart *cart_r) MUST_CHECK;

/* browser.c: which cart this browser holds */
/* Its open cart, loaded and priced; *found_r false when it has none. Claims a guest's cart for who signed in. */
err_t browser_cart(struct request *rq, bool lock, struct cart *cart_r, bool *found_r) MUST_CHECK;
/* Sets the cart's cookies after a change. */
void browser_remember(struct request *rq, const struct cart *cart);

handler_fn post_cart, get_my_cart, get_cart, post_line, patch_line, delete_line, delete_lines, put_destination;
handler_fn page_cart, page_add, page_update, page_remove, page_destination;
handler_fn page_address, page_post_address, page_shipping, page_post_shipping, page_review;

#endif
