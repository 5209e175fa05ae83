-- Staff's edits of a product that are no row of an import: archive, pictures. And the way back out: the export's rows.

create function catalog.touch_product(p_id uuid) returns void language plpgsql as $$
begin
	update catalog.product set version = version + 1, updated_at = now() where id = p_id;
	if not found then
		raise exception using errcode = 'ES001', constraint = 'product_missing', message = 'there is no such product';
	end if;
	perform catalog.reindex(array[p_id], clock_timestamp());
	perform bus.emit('product.changed', 'product', p.id::text, null, jsonb_build_object('product_id', p.id, 'slug', p.slug), '{}')
	   from catalog.product p where p.id = p_id;
end $$;

create function catalog.archive_product(p_id uuid) returns void language plpgsql as $$
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	update catalog.product set status = 'archived' where id = p_id;
	perform catalog.touch_product(p_id);
end $$;

create function catalog.add_image(p_product uuid, p_url text, p_alt text, p_width bigint, p_height bigint) returns void
language plpgsql as $$
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	insert into catalog.product_image (product_id, position, url, alt, width, height)
	select p.id, coalesce((select max(i.position) from catalog.product_image i where i.product_id = p.id), 0) + 1, p_url, p_alt,
		p_width::integer, p_height::integer
	  from catalog.product p where p.id = p_product;
	perform catalog.touch_product(p_product);
end $$;

-- The product whose picture it was; null when there is no such picture.
create function catalog.delete_image(p_image uuid) returns uuid language plpgsql as $$
declare
	product uuid;
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	delete from catalog.product_image where id = p_image returning product_id into product;
	if product is not null then
		perform catalog.touch_product(product);
	end if;
	return product;
end $$;

create function catalog.first_image(p_image uuid) returns uuid language plpgsql as $$
declare
	product uuid;
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	select product_id into product from catalog.product_image where id = p_image;
	if product is not null then
		update catalog.product_image i set position = o.n
		  from (select id, row_number() over (order by (id = p_image) desc, position) as n
			  from catalog.product_image where product_id = product) o
		 where i.id = o.id;
		perform catalog.touch_product(product);
	end if;
	return product;
end $$;

-- A product in the import's shape: what is exported can be imported again.
create function catalog.export_row(p catalog.product) returns jsonb language plpgsql stable as $$
declare
	shop constant text := catalog.shop_currency();
	variants jsonb;
	one boolean;
begin
	select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('sku', v.sku, 'options', nullif(v.options, '{}'),
			'price', case when c.currency is not null then jsonb_build_object('amount', c.amount_minor, 'currency', c.currency) end,
			'list_price', case when c.list_minor is not null then jsonb_build_object('amount', c.list_minor, 'currency', c.currency) end,
			'stock', a.on_hand, 'barcode', v.barcode)) order by v.position, v.sku),
		count(*) = 1 and min(v.sku) = p.sku
	  into variants, one
	  from catalog.variant v
	  left join lateral (select * from catalog.current_price x where x.variant_id = v.id
		order by (x.currency = shop) desc, x.currency limit 1) c on true
	  left join inventory.availability a on a.sku = v.sku
	 where v.product_id = p.id and v.active;
	return jsonb_strip_nulls(jsonb_build_object('sku', p.sku, 'name', p.name, 'description', p.description,
			'brand', (select name from catalog.brand where id = p.brand_id),
			'category', (select to_jsonb(names) from catalog.category where id = p.category_id),
			'images', (select jsonb_agg(i.url order by i.position) from catalog.product_image i
				where i.product_id = p.id and i.url not like '/media/%'),
			'attributes', nullif(p.attributes, '{}'), 'popularity', p.popularity, 'status', p.status))
		|| case when one then (variants -> 0) - 'options' else jsonb_build_object('variants', coalesce(variants, '[]')) end;
end $$;

grant execute on function catalog.touch_product(uuid), catalog.archive_product(uuid), catalog.add_image(uuid, text, text, bigint, bigint),
	catalog.delete_image(uuid), catalog.first_image(uuid), catalog.export_row(catalog.product) to es_catalog;
