/* orders.c - see orders.h. */
#include "testing.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>

#define UNIT_MINOR 1250
#define SHIPPING_MINOR 490

void orders_prepare(void)
{
	test_sql("drop view if exists catalog.offer cascade;"
		 "create table catalog.offer as select 'MUG' as sku, 'EUR' as currency, true as active, 1::bigint as "
		 "price_version, 1250::bigint as price_minor;"
		 "grant usage on schema catalog to es_cart_owner; grant select on catalog.offer to es_cart_owner");
}

void orders_account(const char *number, const char *roles, const char *token)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		"insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		" ('01900000-0000-7000-8000-00000000000%s', 'u%s@example.com', 'u%s@example.com', 'Jo', 'x', '%s');"
		"insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		" ('01900000-0000-7000-8000-00000000001%s', '01900000-0000-7000-8000-00000000000%s', 'page',"
		" encode(sha256('%s'), 'hex'), now() + interval '1 day')",
		number, number, number, roles, number, number, token);
	test_sql(sql);
}

void orders_stock(const char *sku, int64_t on_hand)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"set session authorization es_catalog; select inventory.count_stock(array['%s'], array[%lld], 'test'); "
		"reset session authorization",
		sku, (long long)on_hand);
	test_sql(sql);
}

const char *orders_stock_text(const char *sku)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "select on_hand || '/' || reserved from inventory.item where sku = '%s'", sku);
	return test_sql_text(sql);
}

struct uuid orders_cart(const char *sku, int64_t quantity)
{
	struct uuid id = uuid_v4();
	long long lines = (long long)quantity * UNIT_MINOR, total = lines + SHIPPING_MINOR;
	char sql[2000];

	snprintf(sql, sizeof(sql),
		"insert into cart.cart (id, currency, country, postal_code, shipping_option, contact, quote, "
		"pricing_version)"
		" select '%s', 'EUR', 'DE', '10999', 'standard', '{\"email\": \"mara@example.com\", \"note\": \"ring "
		"twice\", \"shipping_address\":"
		" {\"name\": \"Mara Lind\", \"line1\": \"Birkenweg 4\", \"city\": \"Berlin\", \"postal_code\": "
		"\"10999\", \"country\": \"DE\"}}',"
		" '{\"lines\": [{\"line_no\": 0, \"sku\": \"%s\", \"product_id\": "
		"\"0198f1c2-6b1d-7e8f-a1b2-c3d4e5f60718\", \"name\": \"Blue mug\","
		" \"options\": {\"size\": \"L\"}, \"image_url\": null, \"category\": \"kitchen\", \"quantity\": %lld, "
		"\"unit_price_minor\": 1250,"
		" \"price_version\": 1, \"discount_minor\": 0, \"total_minor\": %lld, \"tax_minor\": %lld, "
		"\"tax_rate_bp\": 1900}],"
		" \"options\": [{\"id\": \"standard\", \"name\": \"Standard\", \"price_minor\": 490, \"tax_minor\": "
		"%lld, \"total_minor\": %lld}],"
		" \"subtotal_minor\": %lld, \"discount_minor\": 0, \"tax_included\": true}', version from "
		"cart.pricing_version",
		id.s, sku, (long long)quantity, lines, lines * 19 / 119, total * 19 / 119, total, lines);
	test_sql(sql);
	return id;
}

void orders_pay(const char *order_id, const char *topic)
{
	char sql[600];

	snprintf(sql, sizeof(sql),
		"select bus.emit('%s', 'payment', o.payment_id::text, o.id::text, jsonb_build_object('payment_id', "
		"o.payment_id,"
		" 'order_id', o.id, 'amount_minor', o.total_minor, 'currency', o.currency, 'failure_code', "
		"'card_declined', 'reason', 'order cancelled', 'refunded_minor', o.total_minor, 'captured_minor', o.total_minor), '{}')"
		" from orders.orders o where o.id = '%s'",
		topic, order_id);
	test_sql(sql);
}

void orders_sequence(void)
{
	test_sql("select bus.sequence_batch()");
}
