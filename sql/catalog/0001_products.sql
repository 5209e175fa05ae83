-- Products, their variants, prices and pictures: what staff and imports write.
--
-- A product has at least one variant; a variant is what is sold and counted (its SKU).
-- Prices are keyed (variant, currency, price list, period) and never overlap. What shoppers
-- list and search is a copy in catalog.listing, kept in the transaction of each write.

create table catalog.category (
	id          uuid primary key default gen_random_uuid(),
	parent_id   uuid references catalog.category,
	name        text not null check (length(name) between 1 and 120),
	slug        text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
	path        text not null,                  -- slugs from the top: 'kitchen/bottles'
	names       text[] not null,                -- names from the top
	description text,
	position    bigint not null default 100,
	version     bigint not null default 1,
	constraint category_path_key unique (path),
	constraint category_name_key unique nulls not distinct (parent_id, name)
);
create index category_by_slug on catalog.category (slug);

create table catalog.brand (
	id   uuid primary key default gen_random_uuid(),
	name text not null unique check (length(name) between 1 and 120),
	slug text not null                          -- "LG" and "Lg" share one, and are filtered together
);

create table catalog.product (
	id          uuid primary key,
	sku         text not null constraint product_sku_key unique check (length(sku) between 1 and 64),
	slug        text not null constraint product_slug_key unique,
	name        text not null check (length(name) between 1 and 2000),
	description text,
	brand_id    uuid references catalog.brand,
	category_id uuid references catalog.category,
	status      text not null default 'active' check (status in ('draft', 'active', 'archived')),
	attributes  jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
	tax_class   text not null default 'standard',
	popularity  bigint not null default 0 check (popularity >= 0),
	version     bigint not null default 1,
	created_at  timestamptz not null default now(),
	updated_at  timestamptz not null default now()
);
create index product_by_category on catalog.product (category_id);
create index product_by_brand on catalog.product (brand_id);

create table catalog.variant (
	id            uuid primary key,
	product_id    uuid not null references catalog.product,
	sku           text not null constraint variant_sku_key unique check (length(sku) between 1 and 64),
	options       jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
	barcode       text,
	position      bigint not null default 0,
	active        boolean not null default true,   -- false: dropped; orders still know it
	in_stock      boolean not null default false,  -- a copy of inventory's truth, moved by its events
	price_version bigint not null default 1        -- moves with every change of any of its prices
);
create index variant_by_product on catalog.variant (product_id);

create table catalog.price (
	id           bigint generated always as identity primary key,
	variant_id   uuid not null references catalog.variant,
	currency     text not null check (currency ~ '^[A-Z]{3}$'),
	price_list   text not null default 'standard',
	valid        tstzrange not null default tstzrange(now(), null) check (not isempty(valid)),
	amount_minor bigint not null check (amount_minor between 0 and 1000000000000000),
	list_minor   bigint check (list_minor between 0 and 1000000000000000),
	constraint price_once_at_a_time exclude using gist
		(variant_id with =, currency with =, price_list with =, valid with &&)
);
create index price_by_variant on catalog.price (variant_id);
create index price_by_start on catalog.price (lower(valid));
create index price_by_end on catalog.price (upper(valid)) where upper(valid) is not null;

-- Bytes by their SHA-256: the same picture twice is stored once, and its address never changes.
create table catalog.media (
	hash         text primary key check (hash ~ '^[0-9a-f]{64}$'),
	extension    text not null check (extension in ('svg', 'png', 'jpg', 'webp', 'gif')),
	content_type text not null,
	bytes        bytea not null,
	width        integer not null,
	height       integer not null,
	created_at   timestamptz not null default now()
);
alter table catalog.media alter column bytes set storage external;

create table catalog.product_image (
	id         uuid primary key default gen_random_uuid(),
	product_id uuid not null references catalog.product,
	position   bigint not null,
	url        text not null,                   -- /media/<hash>.<ext>, or an address elsewhere, kept as given
	alt        text,
	width      integer not null default 800,
	height     integer not null default 800,
	unique (product_id, position) deferrable initially deferred
);

-- The price of a variant in each currency at this moment. "is true" keeps the period out of the
-- index: nearly every price holds now, and only the variant tells them apart.
create view catalog.current_price as
	select variant_id, currency, amount_minor, list_minor from catalog.price
	 where price_list = 'standard' and (valid @> statement_timestamp()) is true;

-- Published: what can be sold, one row per variant and currency.
create view catalog.offer as
	select v.id as variant_id, p.id as product_id, v.sku, p.slug, p.name as product_name, v.options,
		i.url as image_url, cp.amount_minor as price_minor, cp.list_minor as list_price_minor, cp.currency,
		v.price_version, p.tax_class, c.path as category, (p.status = 'active' and v.active) as active
	  from catalog.variant v
	  join catalog.product p on p.id = v.product_id
	  join catalog.current_price cp on cp.variant_id = v.id
	  left join catalog.category c on c.id = p.category_id
	  left join lateral (select url from catalog.product_image where product_id = p.id order by position limit 1) i on true;

grant usage on schema catalog to es_cart, es_cart_owner, es_inventory, es_analytics;
grant select on catalog.offer to es_cart, es_cart_owner, es_inventory, es_analytics;
grant select, insert, update, delete on catalog.category, catalog.brand, catalog.product, catalog.variant, catalog.price,
	catalog.media, catalog.product_image to es_catalog;
grant select on catalog.offer, catalog.current_price to es_catalog;
