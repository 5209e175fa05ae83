-- Staff's edits of the tree.

-- New when p_id is null. Moving or renaming takes what is below along, products' search rows too.
create function catalog.save_category(p_id uuid, p_name text, p_slug text, p_description text, p_parent uuid, p_position bigint)
returns void language plpgsql as $$
declare
	parent catalog.category;
	before catalog.category;
	place text;
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	if p_parent is not null then
		select * into parent from catalog.category where id = p_parent;
		if not found then
			raise exception using errcode = 'ES001', constraint = 'category_parent', column = 'parent_id',
				message = 'there is no such category';
		end if;
	end if;
	place := concat_ws('/', parent.path, p_slug);
	if p_id is null then
		insert into catalog.category (parent_id, name, slug, path, names, description, position)
		values (p_parent, p_name, p_slug, place, coalesce(parent.names, '{}') || p_name, p_description, p_position);
		perform catalog.publish_nav();
		return;
	end if;
	select * into before from catalog.category where id = p_id;
	if not found then
		raise exception using errcode = 'ES001', constraint = 'category_missing', message = 'there is no such category';
	end if;
	if parent.path = before.path or parent.path ^@ (before.path || '/') then
		raise exception using errcode = 'ES001', constraint = 'category_parent', column = 'parent_id',
			message = 'a category can''t be moved below itself';
	end if;
	update catalog.category set parent_id = p_parent, name = p_name, slug = p_slug, description = p_description,
		position = p_position, version = version + 1, path = place, names = coalesce(parent.names, '{}') || p_name
	 where id = p_id;
	if place <> before.path or p_name <> before.name then
		update catalog.category set path = place || substr(path, length(before.path) + 1),
			names = coalesce(parent.names, '{}') || p_name || names[cardinality(before.names) + 1:]
		 where path ^@ (before.path || '/') and id <> p_id;
		perform catalog.reindex(array_agg(p.id), clock_timestamp())
		   from catalog.product p join catalog.category k on k.id = p.category_id
		  where k.path = place or k.path ^@ (place || '/');
	end if;
	perform catalog.publish_nav();
end $$;

create function catalog.delete_category(p_id uuid) returns void language plpgsql as $$
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	if exists (select from catalog.product where category_id = p_id) or exists (select from catalog.category where parent_id = p_id) then
		raise exception using errcode = 'ES001', constraint = 'category_in_use',
			message = 'only a category without products and without categories below can be deleted';
	end if;
	delete from catalog.category where id = p_id;
	perform catalog.publish_nav();
end $$;

-- What the seed says of a category; what staff wrote since then wins.
create function catalog.place_category(p_levels jsonb, p_description text, p_position bigint) returns void language plpgsql as $$
declare
	place uuid;
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	place := catalog.ensure_category(p_levels);
	update catalog.category set description = coalesce(description, p_description), position = p_position
	 where id = place and version = 1;
	perform catalog.publish_nav();
end $$;

grant execute on function catalog.place_category(jsonb, text, bigint) to es_catalog;
grant execute on function catalog.save_category(uuid, text, text, text, uuid, bigint), catalog.delete_category(uuid) to es_catalog;
