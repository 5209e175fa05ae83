/* store_cart.h - carts in PostgreSQL: schema cart, with what catalogue and stock publish. */
#ifndef ES_STORE_CART_H
#define ES_STORE_CART_H

#include "cart.h"
#include "edges/db.h"

extern const struct db_stmt *const CART_STATEMENTS[], *const RATES_STATEMENTS[];
extern const struct db_constraint CART_CONSTRAINTS[];

/*
 * A cart with its lines, offers, tax rates and shipping prices, in one round trip; wishes (may be NULL)
 * are looked up too: (*offers_r)[i] belongs to wishes->list[i]. lock: until the transaction ends.
 * home_country: where tax is reckoned before a destination is known. ERR_NOT_FOUND.
 */
struct cart_wanted {
	const char *id;
	bool lock;
	const char *home_country;
	const struct lines_input *wishes;
};
err_t cart_store_load(struct ctx *c, const struct cart_wanted *w, struct cart *cart_r, struct offer **offers_r) MUST_CHECK;
/*
 * What is wished in cart->currency, and which rates are in force; for a new cart without a currency
 * in the first line's, fallback before others.
 */
err_t cart_store_offers(struct ctx *c, struct cart *cart, const char *fallback, const struct lines_input *wishes, struct offer **offers_r) MUST_CHECK;
/* The rates of cart->country (or home_country) in cart->currency, after one of the two above. */
err_t cart_store_rates(struct ctx *c, const char *home_country, struct cart *cart) MUST_CHECK;

/* Queued for the COMMIT: the cart row, its quote and its lines. */
void cart_store_insert(struct ctx *c, const struct cart *cart);
void cart_store_save(struct ctx *c, struct cart *cart);
/* A guest's cart now belongs to who signed in; or, when they have one, was merged into it. */
void cart_store_claim(struct ctx *c, const struct cart *cart, const struct uuid *user_id);
void cart_store_mark_merged(struct ctx *c, const struct cart *cart);
/* body in a transaction (joins an open one): for pages that only read, until they find a cart to take over. */
err_t cart_store_edit(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg) MUST_CHECK;

/* The oldest of the carts that nobody changed for the setting's days, but for the open ones of customers. */
err_t cart_store_purge(struct ctx *c) MUST_CHECK;

/* The customer's open cart's id. */
err_t cart_store_of_user(struct ctx *c, const struct uuid *user_id, struct uuid *cart_id_r, bool *found_r) MUST_CHECK;

struct saved_address {
	struct uuid id;
	const char *name, *line1, *line2, *city, *region, *postal_code, *country, *phone;
	bool is_default;
};
err_t cart_store_addresses(struct ctx *c, const struct uuid *user_id, struct saved_address **rows_r, size_t *n_r) MUST_CHECK;

#endif
