-- Carts, and the only place where prices are made: a quote is kept with the cart, and
-- checkout takes it whole or not at all.

-- Moves whenever a tax rate or shipping price does, so that a quote knows it is old.
create table cart.pricing_version (
	one     boolean primary key default true check (one),
	version bigint not null default 1
);
insert into cart.pricing_version default values;

create function cart.bump_pricing_version() returns trigger language plpgsql as $$
begin
	update cart.pricing_version set version = version + 1;
	return null;
end $$;

create table cart.tax_rate (
	country    text not null check (country ~ '^[A-Z]{2}$'),
	tax_class  text not null default 'standard',
	rate_bp    int not null check (rate_bp between 0 and 10000),  -- basis points: 1900 is 19 %
	valid      daterange not null default '(,)',
	constraint tax_rate_one_at_a_time exclude using gist (country with =, tax_class with =, valid with &&)
);
create trigger tax_rate_changed after insert or update or delete on cart.tax_rate
	for each statement execute function cart.bump_pricing_version();

create table cart.shipping_option (
	id       text primary key check (id ~ '^[a-z0-9_-]{1,40}$'),
	name     text not null,
	position int not null default 0
);

-- One flat price by destination; country '*' is everywhere that has no row of its own.
create table cart.shipping_price (
	option_id       text not null references cart.shipping_option,
	country         text not null check (country ~ '^([A-Z]{2}|\*)$'),
	currency        text not null check (currency ~ '^[A-Z]{3}$'),
	price_minor     bigint not null check (price_minor >= 0),
	free_from_minor bigint check (free_from_minor > 0),             -- null: never free
	days_min        int not null check (days_min >= 0),
	days_max        int not null,
	primary key (option_id, country, currency),
	check (days_max >= days_min)
);
create trigger shipping_price_changed after insert or update or delete on cart.shipping_price
	for each statement execute function cart.bump_pricing_version();

create table cart.cart (
	id              uuid primary key,                               -- v4: a guest's secret
	status          text not null default 'open' check (status in ('open', 'ordered', 'merged')),
	currency        text not null check (currency ~ '^[A-Z]{3}$'),
	user_id         uuid,
	version         bigint not null default 1,
	country         text check (country ~ '^[A-Z]{2}$'),            -- destination; null: not known yet
	postal_code     text,
	region          text,
	shipping_option text,
	contact         jsonb,                                          -- of the checkout pages: {email, note, shipping_address}
	quote           jsonb not null,                                 -- {lines, options, subtotal_minor, …}: see views.c, quote_document()
	pricing_version bigint not null,
	created_at      timestamptz not null default now(),
	updated_at      timestamptz not null default now()
) with (fillfactor = 60);
create unique index cart_open_per_user on cart.cart (user_id) where status = 'open' and user_id is not null;

create table cart.line (
	id       uuid primary key,
	cart_id  uuid not null references cart.cart on delete cascade,
	sku      text not null,
	quantity bigint not null check (quantity between 1 and 9999),
	position int not null,
	constraint line_sku_once unique (cart_id, sku)
) with (fillfactor = 80);

-- Published. Hand the quote to an order and close the cart: refused when anything the quote rests on has moved.
create function cart.take_quote(p_cart uuid, p_version bigint, p_option text)
returns table (currency text, subtotal_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, total_minor bigint,
	tax_included boolean, shipping_option text, shipping_name text, country text, postal_code text, region text,
	user_id uuid, contact jsonb, lines jsonb)
language plpgsql security definer set search_path = cart, pg_temp as $$
declare
	c cart;
	gone record;
	chosen jsonb;
begin
	select * into c from cart where cart.id = p_cart and status <> 'merged' for update;
	if not found then
		raise exception using errcode = 'ES001', constraint = 'cart_not_found', message = 'there is no such cart';
	elsif c.status <> 'open' then
		raise exception using errcode = 'ES001', constraint = 'cart_already_ordered', message = 'this cart was ordered already';
	elsif jsonb_array_length(c.quote -> 'lines') = 0 then
		raise exception using errcode = 'ES001', constraint = 'cart_empty', message = 'the cart is empty';
	elsif c.country is null then
		raise exception using errcode = 'ES001', constraint = 'destination_missing', message = 'the cart has no destination yet';
	elsif p_version is not null and p_version <> c.version
		or c.pricing_version <> (select v.version from pricing_version v)
		-- a rate that began or ended since moves no version
		or c.updated_at::date < current_date and exists (select from tax_rate r
			where lower(r.valid) > c.updated_at::date and lower(r.valid) <= current_date
			   or upper(r.valid) > c.updated_at::date and upper(r.valid) <= current_date)
		or exists (
			select from jsonb_to_recordset(c.quote -> 'lines') as q(sku text, price_version bigint, unit_price_minor bigint)
			  left join catalog.offer o on o.sku = q.sku and o.currency = c.currency and o.active
			 where o.price_version is distinct from q.price_version
			    or o.price_minor is distinct from q.unit_price_minor and q.price_version is not null) then
		raise exception using errcode = 'ES001', constraint = 'cart_changed',
			message = 'prices or the cart changed since the quote; read the cart again';
	end if;
	-- What left the catalogue is quoted without a price version.
	select q.line_no, q.sku into gone from jsonb_to_recordset(c.quote -> 'lines') as q(line_no int, sku text, price_version bigint)
	 where q.price_version is null order by q.line_no limit 1;
	if found then
		raise exception using errcode = 'ES001', constraint = 'out_of_stock', column = format('lines/%s/quantity', gone.line_no),
			message = format('%s is not sold any more', gone.sku);
	end if;
	select o into chosen from jsonb_array_elements(c.quote -> 'options') o where o ->> 'id' = coalesce(p_option, c.shipping_option);
	if chosen is null then
		raise exception using errcode = 'ES001', constraint = 'shipping_option_unknown', column = 'shipping_option',
			message = 'this shipping option is not offered for the destination';
	end if;
	update cart set status = 'ordered', updated_at = now() where cart.id = p_cart;
	return query select c.currency, (c.quote ->> 'subtotal_minor')::bigint, (c.quote ->> 'discount_minor')::bigint,
		(chosen ->> 'price_minor')::bigint, (chosen ->> 'tax_minor')::bigint, (chosen ->> 'total_minor')::bigint,
		(c.quote ->> 'tax_included')::boolean, chosen ->> 'id', chosen ->> 'name', c.country, c.postal_code, c.region,
		c.user_id, c.contact, c.quote -> 'lines';
end $$;

revoke execute on all functions in schema cart from public;
grant usage on schema cart to es_cart, es_orders, es_orders_owner;
grant execute on function cart.take_quote(uuid, bigint, text) to es_orders, es_orders_owner;
grant select on cart.pricing_version, cart.tax_rate, cart.shipping_option, cart.shipping_price to es_cart;
grant select, insert, update on cart.cart to es_cart;
grant select, insert, update, delete on cart.line to es_cart;
