-- A count can find less than is promised, and staff still ship what they hold in their hands: then
-- the count was wrong. The parcel left, so it is booked: what the shelves lack is found first, as
-- a movement of its own, and whatever else is promised of the SKU stays a shortfall.

create or replace function inventory.ship(p_order uuid, p_shipment uuid, p_skus text[], p_quantities bigint[])
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	parcel record;
	found_again bigint;
	main uuid;
begin
	if exists (select from movement where reference = 'shipment:' || p_shipment) then
		return;
	end if;
	for parcel in
		select d.sku, sum(d.quantity)::bigint as quantity from unnest(p_skus, p_quantities) as d(sku, quantity)
		 group by d.sku order by d.sku
	loop
		update reservation set shipped = shipped + parcel.quantity where order_id = p_order and sku = parcel.sku;
		if not found then
			raise exception 'order % holds no reservation of %', p_order, parcel.sku;
		end if;
		select parcel.quantity - i.on_hand into found_again from item i where i.sku = parcel.sku for update;
		if found_again > 0 then
			select id into main from warehouse order by priority, code limit 1;
			perform inventory.move(parcel.sku, main, found_again, 'shipped, so it was there', null, 'inventory');
		end if;
		update item set reserved = reserved - parcel.quantity, on_hand = on_hand - parcel.quantity,
			shortfall = greatest(0, reserved - on_hand - backorder_limit)
		 where sku = parcel.sku;
		perform inventory.empty_shelves(parcel.sku, parcel.quantity, 'shipped', 'shipment:' || p_shipment, 'inventory');
	end loop;
end $$;
