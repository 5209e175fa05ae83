-- The one way products are written: rows in the import's shape, one or hundreds at a
-- time, set by set. Staff's edits and imports use the same function, so they can't differ.
--
-- A row: {"row", "sku", "id" (for a new product), "product_id"? (match by it instead of the sku), "name"?, "slug" (wish),
-- "slug_is_set"?, "must_be_new"?, "sku_slug", "description"?, "brand"?, "brand_slug"?, "category"?: [{"name", "slug"}], "price_minor"?,
-- "list_minor"?, "currency" (null without prices), "barcode"?, "images"?: [{"url", "alt", "width", "height"}], "attributes"?, "stock"?,
-- "popularity"?, "status"?, "variant_id" (for a new single variant), "variants"?: [{"id", "sku", "options"?, "price_minor"?,
-- "list_minor"?, "stock"?, "barcode"?}]}. A member that is absent leaves what is there; null clears it.

-- Both are empty outside catalog.apply_products, whose lock makes its caller the only writer.
create unlogged table catalog.staged (
	n           bigint primary key,
	data        jsonb not null,
	product_id  uuid not null,
	is_new      boolean not null,
	category_id uuid,
	brand_id    uuid,
	field       text,                            -- set: refused, and why
	code        text,
	message     text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create unlogged table catalog.staged_variant (
	n          bigint not null,
	position   bigint not null,
	variant_id uuid not null,
	sku        text not null,
	data       jsonb not null,
	is_new     boolean not null,
	currency   text,                             -- the row's; without prices the variant's own
	old_minor  bigint,                           -- the price now, and what it becomes
	old_list   bigint,
	new_minor  bigint,
	new_list   bigint,
	primary key (n, position)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index staged_variant_sku on catalog.staged_variant (sku);

-- The category with these names from the top, made when it is missing. Two names may make the same slug.
create function catalog.ensure_category(p_levels jsonb) returns uuid language plpgsql as $$
declare
	level jsonb;
	parent catalog.category;
	found_one catalog.category;
	wish text;
	tries integer;
begin
	for level in select value from jsonb_array_elements(p_levels) loop
		select * into found_one from catalog.category
		 where name = level ->> 'name' and parent_id is not distinct from parent.id;
		if not found then
			wish := level ->> 'slug';
			tries := 1;
			while exists (select from catalog.category where path = concat_ws('/', parent.path, wish)) loop
				tries := tries + 1;
				wish := (level ->> 'slug') || '-' || tries;
			end loop;
			insert into catalog.category (parent_id, name, slug, path, names)
			values (parent.id, level ->> 'name', wish, concat_ws('/', parent.path, wish),
				coalesce(parent.names, '{}') || (level ->> 'name'))
			returning * into found_one;
		end if;
		parent := found_one;
	end loop;
	return parent.id;
end $$;

-- The shop's top categories, where every service's pages find them.
create function catalog.publish_nav() returns void language plpgsql as $$
begin
	perform platform.set_nav(coalesce(jsonb_agg(jsonb_build_object('name', t.name, 'href', '/c/' || t.path)
		order by t.position, t.name), '[]'))
	  from (select name, path, position from catalog.category where parent_id is null order by position, name limit 8) t;
end $$;

create function catalog.stage(p_rows jsonb) returns void language plpgsql as $$
begin
	insert into catalog.staged (n, data, product_id, is_new)
	select (r ->> 'row')::bigint, r, coalesce(by_id.id, by_sku.id, (r ->> 'id')::uuid), by_id.id is null and by_sku.id is null
	  from jsonb_array_elements(p_rows) r
	  left join catalog.product by_id on by_id.id = (r ->> 'product_id')::uuid
	  left join catalog.product by_sku on by_sku.sku = r ->> 'sku' and not r ? 'product_id';

	-- With variants: those. Without: the one of the product's own SKU, or, where there is none, all that it has.
	insert into catalog.staged_variant (n, position, variant_id, sku, data, is_new)
	select w.n, w.position, coalesce(v.id, (w.data ->> 'id')::uuid), w.data ->> 'sku', w.data, v.id is null
	  from (
		select s.n, x.position, x.value || jsonb_build_object('currency', s.data -> 'currency') as data
		  from catalog.staged s cross join lateral jsonb_array_elements(s.data -> 'variants') with ordinality x(value, position)
		union all
		select s.n, 1, (s.data - array['variants', 'id']) || jsonb_build_object('id', s.data ->> 'variant_id')
		  from catalog.staged s
		 where not s.data ? 'variants' and (s.is_new or exists (
			select from catalog.variant o where o.product_id = s.product_id and o.sku = s.data ->> 'sku'))
		union all
		select s.n, row_number() over (partition by s.n order by o.position, o.sku),
			jsonb_build_object('sku', o.sku, 'currency', s.data -> 'currency') || catalog.price_members(s.data)
		  from catalog.staged s join catalog.variant o on o.product_id = s.product_id and o.active
		 where not s.data ? 'variants' and not s.is_new and not exists (
			select from catalog.variant z where z.product_id = s.product_id and z.sku = s.data ->> 'sku')) w
	  left join catalog.variant v on v.sku = w.data ->> 'sku';

	update catalog.staged_variant s
	   set currency = coalesce(s.data ->> 'currency', (
		select p.currency from catalog.price p
		 where p.variant_id = s.variant_id and p.price_list = 'standard' and (p.valid @> clock_timestamp()) is true
		 order by (p.currency = catalog.shop_currency()) desc, p.currency limit 1));
	update catalog.staged_variant s
	   set old_minor = p.amount_minor, old_list = p.list_minor,
		new_minor = coalesce((s.data ->> 'price_minor')::bigint, p.amount_minor),
		new_list = case when s.data ? 'list_minor' then (s.data ->> 'list_minor')::bigint else p.list_minor end
	  from catalog.staged_variant x
	  left join catalog.price p on p.variant_id = x.variant_id and p.currency = x.currency
		and p.price_list = 'standard' and (p.valid @> clock_timestamp()) is true
	 where x.n = s.n and x.position = s.position;
end $$;

create function catalog.price_members(p_data jsonb) returns jsonb language sql immutable as $$
	select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(p_data) where key in ('price_minor', 'list_minor')
$$;

create function catalog.refuse_staged() returns void language plpgsql as $$
begin
	update catalog.staged s set field = 'sku', code = 'taken', message = 'There is a product with this SKU already.'
	 where not s.is_new and s.data ? 'must_be_new';
	update catalog.staged s set field = 'name', code = 'required', message = 'A new product needs a name.'
	 where s.is_new and s.field is null and s.data ->> 'name' is null;
	update catalog.staged s set field = case when s.data ? 'variants' then format('variants/%s/price', v.position - 1) else 'price' end,
		code = 'required', message = 'A new product or variant needs a price.'
	  from catalog.staged_variant v
	 where v.n = s.n and v.new_minor is null and v.is_new and s.field is null;
	update catalog.staged s set field = case when s.data ? 'variants' then format('variants/%s/sku', v.position - 1) else 'sku' end,
		code = 'taken', message = 'This SKU is used by another product.'
	  from catalog.staged_variant v
	 where v.n = s.n and s.field is null
	   and (exists (select from catalog.variant o where o.sku = v.sku and o.product_id <> s.product_id)
		or exists (select from catalog.staged_variant e where e.sku = v.sku and e.n < v.n)
		or exists (select from catalog.product o where o.sku = v.sku and o.id <> s.product_id));
	update catalog.staged s set field = 'sku', code = 'taken', message = 'This SKU is used by another product.'
	 where s.field is null
	   and exists (select from catalog.variant o where o.sku = s.data ->> 'sku' and o.product_id <> s.product_id);
	delete from catalog.staged_variant v using catalog.staged s where s.n = v.n and s.field is not null;
end $$;

create function catalog.apply_names() returns void language plpgsql as $$
declare
	levels jsonb;
	place uuid;
	made boolean := false;
begin
	for levels in select distinct s.data -> 'category' from catalog.staged s
		where s.field is null and jsonb_typeof(s.data -> 'category') = 'array' loop
		place := catalog.ensure_category(levels);
		update catalog.staged s set category_id = place where s.data -> 'category' = levels;
		made := true;
	end loop;
	if made then
		perform catalog.publish_nav();
	end if;
	insert into catalog.brand (name, slug)
	select distinct on (s.data ->> 'brand') s.data ->> 'brand', s.data ->> 'brand_slug'
	  from catalog.staged s where s.field is null and s.data ->> 'brand' is not null
	on conflict (name) do nothing;
	update catalog.staged s set brand_id = b.id from catalog.brand b where b.name = s.data ->> 'brand';
end $$;

create function catalog.apply_rows() returns void language plpgsql as $$
begin
	insert into catalog.product (id, sku, slug, name, description, brand_id, category_id, status, attributes, popularity)
	select d.product_id, d.data ->> 'sku',
		case when d.data ? 'slug_is_set' or (d.turn = 1 and not exists (select from catalog.product where slug = d.data ->> 'slug'))
			then d.data ->> 'slug'
			when not exists (select from catalog.product where slug = d.longer)
			 and not exists (select from catalog.staged e where e.data ->> 'slug' = d.longer) then d.longer
			else (d.data ->> 'slug') || '-' || right(d.product_id::text, 12) end,
		d.data ->> 'name', d.data ->> 'description', d.brand_id, d.category_id, coalesce(d.data ->> 'status', 'active'),
		coalesce(d.data -> 'attributes', '{}'), coalesce((d.data ->> 'popularity')::bigint, 0)
	  from (select s.*, row_number() over (partition by s.data ->> 'slug' order by s.n) as turn,
			(s.data ->> 'slug') || '-' || (s.data ->> 'sku_slug') as longer
		  from catalog.staged s where s.is_new and s.field is null) d;

	update catalog.product p
	   set sku = s.data ->> 'sku', name = coalesce(s.data ->> 'name', p.name),
		slug = case when s.data ? 'slug_is_set' then s.data ->> 'slug' else p.slug end,
		description = case when s.data ? 'description' then s.data ->> 'description' else p.description end,
		brand_id = case when s.data ? 'brand' then s.brand_id else p.brand_id end,
		category_id = case when s.data ? 'category' then s.category_id else p.category_id end,
		status = coalesce(s.data ->> 'status', p.status),
		attributes = case when s.data ? 'attributes' then coalesce(nullif(s.data -> 'attributes', 'null'), '{}') else p.attributes end,
		popularity = coalesce((s.data ->> 'popularity')::bigint, p.popularity), version = p.version + 1, updated_at = now()
	  from catalog.staged s where s.product_id = p.id and not s.is_new and s.field is null;

	insert into catalog.variant as v (id, product_id, sku, options, barcode, position)
	select x.variant_id, s.product_id, x.sku, coalesce(x.data -> 'options', '{}'), x.data ->> 'barcode', x.position
	  from catalog.staged_variant x join catalog.staged s on s.n = x.n where x.is_new;
	update catalog.variant v
	   set options = case when x.data ? 'options' then x.data -> 'options' else v.options end,
		barcode = case when x.data ? 'barcode' then x.data ->> 'barcode' else v.barcode end,
		position = x.position, active = true
	  from catalog.staged_variant x where x.variant_id = v.id and not x.is_new;
	update catalog.variant v set active = false
	  from catalog.staged s
	 where s.product_id = v.product_id and s.field is null and s.data ? 'variants' and v.active
	   and not exists (select from catalog.staged_variant x where x.variant_id = v.id);

	delete from catalog.product_image i using catalog.staged s
	 where s.product_id = i.product_id and s.field is null and s.data ? 'images';
	insert into catalog.product_image (product_id, position, url, alt, width, height)
	select s.product_id, x.position, x.value ->> 'url', x.value ->> 'alt', (x.value ->> 'width')::integer, (x.value ->> 'height')::integer
	  from catalog.staged s cross join lateral jsonb_array_elements(nullif(s.data -> 'images', 'null')) with ordinality x(value, position)
	 where s.field is null;
end $$;

-- A price that changed ends now and the next begins; one that begins later keeps its place.
create function catalog.apply_prices(p_at timestamptz) returns void language plpgsql as $$
begin
	delete from catalog.staged_variant x
	 where x.new_minor is null or (x.new_minor is not distinct from x.old_minor and x.new_list is not distinct from x.old_list);
	delete from catalog.price p using catalog.staged_variant x
	 where p.variant_id = x.variant_id and p.currency = x.currency and p.price_list = 'standard' and lower(p.valid) = p_at;
	update catalog.price p set valid = tstzrange(lower(p.valid), p_at) from catalog.staged_variant x
	 where p.variant_id = x.variant_id and p.currency = x.currency and p.price_list = 'standard' and (p.valid @> p_at) is true;
	insert into catalog.price (variant_id, currency, valid, amount_minor, list_minor)
	select x.variant_id, x.currency,
		tstzrange(p_at, (select min(lower(o.valid)) from catalog.price o where o.variant_id = x.variant_id
			and o.currency = x.currency and o.price_list = 'standard' and lower(o.valid) > p_at)),
		x.new_minor, x.new_list
	  from catalog.staged_variant x;
	update catalog.variant v set price_version = v.price_version + 1
	  from catalog.staged_variant x where x.variant_id = v.id and not x.is_new;
end $$;

-- Stock counts go to inventory, which answers with what may be sold.
create function catalog.apply_stock() returns void language plpgsql as $$
begin
	if exists (select from catalog.staged_variant) then
		perform inventory.count_stock(array_agg(x.sku order by x.sku), array_agg((x.data ->> 'stock')::bigint order by x.sku), 'import')
		   from catalog.staged_variant x;
	end if;
	update catalog.variant v set in_stock = a.available > 0
	  from catalog.staged_variant x join inventory.availability a on a.sku = x.sku
	 where v.id = x.variant_id and v.in_stock <> (a.available > 0);
end $$;

create function catalog.apply_products(p_rows jsonb)
returns table (row_no bigint, outcome text, product_id uuid, slug text, field text, code text, message text)
language plpgsql as $$
#variable_conflict use_column
declare
	at timestamptz;
begin
	-- One writer at a time: no two make the same category, and none waits for another in a circle.
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	at := clock_timestamp();
	perform catalog.stage(p_rows);
	perform catalog.refuse_staged();
	perform catalog.apply_names();
	perform catalog.apply_rows();
	perform catalog.apply_stock();
	perform catalog.apply_prices(at);
	perform catalog.reindex(array_agg(s.product_id), at) from catalog.staged s where s.field is null;
	perform bus.emit(case when s.is_new then 'product.created' else 'product.changed' end, 'product', p.id::text, null,
			jsonb_build_object('product_id', p.id, 'slug', p.slug), '{}')
	   from catalog.staged s join catalog.product p on p.id = s.product_id where s.field is null;
	return query
	select s.n, case when s.field is not null then 'rejected' when s.is_new then 'created' else 'updated' end,
		p.id, p.slug, s.field, s.code, s.message
	  from catalog.staged s left join catalog.product p on p.id = s.product_id and s.field is null order by s.n;
	delete from catalog.staged_variant;
	delete from catalog.staged;
end $$;

-- What inventory said of these SKUs, into the copy and the search rows.
create function catalog.refresh_stock(p_skus text[]) returns void language plpgsql as $$
declare
	touched uuid[];
begin
	with moved as (
		update catalog.variant v set in_stock = a.available > 0
		  from inventory.availability a
		 where a.sku = v.sku and v.sku = any (p_skus) and v.in_stock <> (a.available > 0)
		returning v.product_id)
	select array_agg(distinct m.product_id) into touched from moved m;
	if touched is not null then
		update catalog.product p set version = p.version + 1 where p.id = any (touched);
		update catalog.listing l
		   set in_stock = exists (select from catalog.variant v where v.product_id = l.product_id and v.active and v.in_stock)
		 where l.product_id = any (touched);
	end if;
end $$;

-- Products whose price period began or ended since the last look: their search rows follow.
create table catalog.price_watch (
	one      boolean primary key default true check (one),
	seen_at  timestamptz not null default now()
);
insert into catalog.price_watch default values;
create function catalog.follow_prices() returns void language plpgsql as $$
declare
	before timestamptz;
	at timestamptz := clock_timestamp();
begin
	select seen_at into before from catalog.price_watch for update;
	perform catalog.reindex(array_agg(distinct v.product_id), at)
	   from catalog.price p join catalog.variant v on v.id = p.variant_id
	  where (lower(p.valid) > before and lower(p.valid) <= at) or (upper(p.valid) > before and upper(p.valid) <= at);
	update catalog.price_watch set seen_at = at;
end $$;

grant select, insert, update, delete on catalog.staged, catalog.staged_variant to es_catalog;
grant select, update on catalog.price_watch to es_catalog;
grant execute on function catalog.ensure_category(jsonb), catalog.publish_nav(), catalog.stage(jsonb), catalog.price_members(jsonb),
	catalog.refuse_staged(), catalog.apply_names(), catalog.apply_rows(), catalog.apply_prices(timestamptz), catalog.apply_stock(),
	catalog.apply_products(jsonb), catalog.refresh_stock(text[]), catalog.follow_prices() to es_catalog;
