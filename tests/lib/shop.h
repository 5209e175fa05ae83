/*
 * shop.h - a little shop in the test's database: products on offer, stock, people who
 * are signed in. Include it after testing.h.
 */
#ifndef TEST_SHOP_H
#define TEST_SHOP_H

#include "base/base.h"

/* Three products in EUR with stock 10 each: MUG (12.99), BOTTLE (24.00), SOAP (4.50). Call it once, after test_db_open. */
void shop_open(void);
/* On offer at this price; a SKU known already gets a new price. */
void shop_offer(const char *sku, const char *name, int64_t price_minor);
/* Archive it. */
void shop_withdraw(const char *sku);
/* What a stock count finds. */
void shop_stock(const char *sku, int64_t quantity);

#define SHOP_CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
/*
 * An account with roles as a PostgreSQL array ("{customer}"), and its page session. n (1 to 9) makes both:
 * the account's id is 01900000-0000-7000-8000-00000000000<n>, its cookie 43 times the digit.
 */
void shop_person(int n, const char *roles);
/* CGI parameters of a request of person n: "HTTP_COOKIE", …, "HTTP_X_CSRF_TOKEN", … */
#define SHOP_AS(digit)                                                                                                 \
	"HTTP_COOKIE", "es_session=" SHOP_TIMES_43(#digit) "; es_csrf=" SHOP_CSRF, "HTTP_X_CSRF_TOKEN", SHOP_CSRF
#define SHOP_TIMES_6(d) d d d d d d
#define SHOP_TIMES_43(d) SHOP_TIMES_6(d d d d d d d) d

/* test_sql with printf's arguments; values are the test's own. */
void shop_sql(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
