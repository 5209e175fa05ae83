/*
 * shop.c - see shop.h.
 */
#include "testing.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#define STOCK 10
#define COOKIE_LENGTH 43

void shop_sql(const char *fmt, ...)
{
	char sql[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof(sql));
	test_sql(sql);
}

/* What carts rest on is the catalogue's published view; what is behind it is tested there. */
void shop_open(void)
{
	static const struct {
		const char *sku, *name;
		int64_t price_minor;
	} PRODUCTS[] = {{"MUG", "Mug", 1299}, {"BOTTLE", "Bottle", 2400}, {"SOAP", "Soap <b>bar</b>", 450}};

	test_sql("drop view if exists catalog.offer cascade;"
		 "create table public.offer (sku text primary key, product_name text not null, price_minor bigint not null,"
		 " price_version bigint not null default 1, active boolean not null default true);"
		 "create view catalog.offer as select md5('v' || sku)::uuid as variant_id, md5('p' || sku)::uuid as product_id, sku,"
		 " lower(sku) as slug, product_name, '{\"size\": \"M\"}'::jsonb as options, '/media/' || lower(sku) || '.svg' as image_url,"
		 " price_minor, null::bigint as list_price_minor, 'EUR'::text as currency, price_version, 'standard'::text as tax_class,"
		 " 'kitchen/mugs'::text as category, active from public.offer;"
		 "grant usage on schema catalog to es_cart, es_cart_owner, es_inventory, es_analytics;"
		 "grant select on catalog.offer to es_cart, es_cart_owner, es_inventory, es_analytics");
	for (size_t i = 0; i < ARRAY_LEN(PRODUCTS); i++) {
		shop_offer(PRODUCTS[i].sku, PRODUCTS[i].name, PRODUCTS[i].price_minor);
		shop_stock(PRODUCTS[i].sku, STOCK);
	}
}

void shop_offer(const char *sku, const char *name, int64_t price_minor)
{
	shop_sql("insert into public.offer as o (sku, product_name, price_minor) values ('%s', '%s', %lld) on conflict (sku) do update"
		 " set product_name = excluded.product_name, price_minor = excluded.price_minor, active = true,"
		 " price_version = o.price_version + 1",
		sku, name, (long long)price_minor);
}

void shop_withdraw(const char *sku)
{
	shop_sql("update public.offer set active = false where sku = '%s'", sku);
}

void shop_stock(const char *sku, int64_t quantity)
{
	shop_sql("select inventory.count_stock(array['%s'], array[%lld]::bigint[], 'test')", sku, (long long)quantity);
}

void shop_person(int n, const char *roles)
{
	char cookie[COOKIE_LENGTH + 1];

	memset(cookie, '0' + n, COOKIE_LENGTH);
	cookie[COOKIE_LENGTH] = '\0';
	shop_sql("insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		 " ('01900000-0000-7000-8000-00000000000%d', 'person%d@example.com', 'person%d@example.com', 'Person %d', 'x', '%s');"
		 "insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		 " ('01900000-0000-7000-8000-00000000010%d', '01900000-0000-7000-8000-00000000000%d', 'page',"
		 " encode(sha256('%s'), 'hex'), now() + interval '1 day')",
		n, n, n, n, roles, n, n, cookie);
}
