-- A category may have a picture of its own; without one the home page shows its best selling product's.
alter table catalog.category add column image_url text, add column image_width integer, add column image_height integer;

drop function catalog.place_category(jsonb, text, bigint);
-- What the seed says of a category; what staff wrote since then wins.
create function catalog.place_category(p_levels jsonb, p_description text, p_position bigint, p_image text, p_width bigint, p_height bigint)
returns void language plpgsql as $$
declare
	place uuid;
begin
	perform pg_advisory_xact_lock(hashtext('catalog.apply_products'));
	place := catalog.ensure_category(p_levels);
	update catalog.category set description = coalesce(description, p_description), position = p_position,
		image_url = coalesce(p_image, image_url), image_width = coalesce(p_width::integer, image_width),
		image_height = coalesce(p_height::integer, image_height)
	 where id = place and version = 1;
	perform catalog.publish_nav();
end $$;
grant execute on function catalog.place_category(jsonb, text, bigint, text, bigint, bigint) to es_catalog;
