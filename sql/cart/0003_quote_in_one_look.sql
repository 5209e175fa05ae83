-- The lines of a quote were read three times: are there any, has a price moved, has one left
-- the catalogue. Once is enough.

create or replace function cart.take_quote(p_cart uuid, p_version bigint, p_option text)
returns table (currency text, subtotal_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, total_minor bigint,
	tax_included boolean, shipping_option text, shipping_name text, country text, postal_code text, region text,
	user_id uuid, contact jsonb, lines jsonb)
language plpgsql security definer set search_path = cart, pg_temp as $$
declare
	c cart;
	seen record;
	chosen jsonb;
begin
	select * into c from cart where cart.id = p_cart and status <> 'merged' for update;
	if not found then
		raise exception using errcode = 'ES001', constraint = 'cart_not_found', message = 'there is no such cart';
	elsif c.status <> 'open' then
		raise exception using errcode = 'ES001', constraint = 'cart_already_ordered', message = 'this cart was ordered already';
	end if;
	-- What left the catalogue is quoted without a price version.
	select count(*) as n, (select v.version from pricing_version v) as pricing,
		coalesce(bool_or(o.price_version is distinct from q.price_version
			or o.price_minor is distinct from q.unit_price_minor and q.price_version is not null), false) as moved,
		min(q.line_no) filter (where q.price_version is null) as gone
	  into seen
	  from jsonb_to_recordset(c.quote -> 'lines') as q(line_no int, sku text, price_version bigint, unit_price_minor bigint)
	  left join catalog.offer o on o.sku = q.sku and o.currency = c.currency and o.active;
	if seen.n = 0 then
		raise exception using errcode = 'ES001', constraint = 'cart_empty', message = 'the cart is empty';
	elsif c.country is null then
		raise exception using errcode = 'ES001', constraint = 'destination_missing', message = 'the cart has no destination yet';
	elsif p_version is not null and p_version <> c.version or c.pricing_version <> seen.pricing or seen.moved
		-- a rate that began or ended since moves no version
		or c.updated_at::date < current_date and exists (select from tax_rate r
			where lower(r.valid) > c.updated_at::date and lower(r.valid) <= current_date
			   or upper(r.valid) > c.updated_at::date and upper(r.valid) <= current_date) then
		raise exception using errcode = 'ES001', constraint = 'cart_changed',
			message = 'prices or the cart changed since the quote; read the cart again';
	elsif seen.gone is not null then
		raise exception using errcode = 'ES001', constraint = 'out_of_stock', column = format('lines/%s/quantity', seen.gone),
			message = format('%s is not sold any more', c.quote -> 'lines' -> seen.gone ->> 'sku');
	end if;
	chosen := jsonb_path_query_first(c.quote -> 'options', '$[*] ? (@.id == $id)',
		jsonb_build_object('id', coalesce(p_option, c.shipping_option)));
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
