/*
 * orders.h - carts and stock to order from, for tests of order-service. Include it after testing.h.
 *
 * Where the schemas of catalogue and payment are not there yet, the least that checkout needs of them is put in their place.
 */
#ifndef ES_TEST_ORDERS_H
#define ES_TEST_ORDERS_H

#include "data/ids.h"

/* Once per test program, after test_db_open. */
void orders_prepare(void);
void orders_stock(const char *sku, int64_t on_hand);
/* on_hand and reserved as "5/2". */
const char *orders_stock_text(const char *sku);
/* An open cart to Germany with quantity of sku at 12.50 each, standard shipping 4.90; contact as the checkout pages store it. */
struct uuid orders_cart(const char *sku, int64_t quantity);
/* As payment-service would say it; the event still waits for the sequencer. */
void orders_pay(const char *order_id, const char *topic);
/* Everything emitted so far reaches the log. */
void orders_sequence(void);

#endif
