/*
 * orders.h - carts and stock to order from, for tests of order-service. Include it after testing.h.
 *
 * The catalogue is replaced by one offer, MUG at 12.50.
 */
#ifndef ES_TEST_ORDERS_H
#define ES_TEST_ORDERS_H

#include "data/ids.h"

/* Once per test program, after test_db_open. */
void orders_prepare(void);
/* An account whose session cookie is token; number is one digit, roles "{customer,warehouse}". */
void orders_account(const char *number, const char *roles, const char *token);
void orders_stock(const char *sku, int64_t on_hand);
/* on_hand and reserved as "5/2". */
const char *orders_stock_text(const char *sku);
/* An open cart to Germany with quantity of sku at 12.50 each, standard shipping 4.90; contact as the checkout pages
 * store it. */
struct uuid orders_cart(const char *sku, int64_t quantity);
/* As payment-service would say it; the event still waits for the sequencer. */
void orders_pay(const char *order_id, const char *topic);
/* Everything emitted so far reaches the log. */
void orders_sequence(void);

#endif
