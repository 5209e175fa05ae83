-- Stock: one row per SKU is the truth that a sale locks; warehouses share its on_hand.
--
-- available = on_hand + backorder_limit - reserved. A sale can never push reserved past
-- on_hand + backorder_limit; only a stock count may leave less than is promised, and
-- then says so in shortfall, which staff see as a task.

create table inventory.warehouse (
	id         uuid primary key default gen_random_uuid(),
	code       text not null unique check (code ~ '^[A-Z0-9-]{1,16}$'),
	name       text not null,
	country    text not null check (country ~ '^[A-Z]{2}$'),
	priority   int not null default 100        -- lower ships first
);

create table inventory.item (
	sku             text primary key check (length(sku) between 1 and 64),
	on_hand         bigint not null default 0 constraint on_hand_not_negative check (on_hand >= 0),
	reserved        bigint not null default 0 check (reserved >= 0),
	backorder_limit bigint not null default 0 check (backorder_limit >= 0),
	shortfall       bigint not null default 0 check (shortfall >= 0),
	low_mark        bigint not null default 5 check (low_mark >= 0),
	version         bigint not null default 1,
	updated_at      timestamptz not null default now(),
	constraint stock_not_oversold check (reserved <= on_hand + backorder_limit + shortfall)
) with (fillfactor = 70);

create table inventory.level (
	sku          text not null references inventory.item,
	warehouse_id uuid not null references inventory.warehouse,
	on_hand      bigint not null default 0,
	primary key (sku, warehouse_id),
	constraint level_not_negative check (on_hand >= 0)
);

-- Why stock changed: append only; the sum of a SKU's deltas is its on_hand.
create table inventory.movement (
	id           bigint generated always as identity primary key,
	sku          text not null,
	warehouse_id uuid not null references inventory.warehouse,
	delta        bigint not null check (delta <> 0),
	on_hand_after bigint not null check (on_hand_after >= 0),  -- of the SKU in all warehouses
	reason       text not null,
	reference    text,                          -- "shipment:<id>": applied once
	actor        text not null,                 -- user id, or the service that acted
	created_at   timestamptz not null default now(),
	constraint movement_once unique (reference, sku, warehouse_id)
);
create index movement_by_sku on inventory.movement (sku, id desc);

create table inventory.reservation (
	order_id   uuid not null,
	sku        text not null references inventory.item,
	quantity   bigint not null check (quantity > 0),
	shipped    bigint not null default 0 check (shipped >= 0),
	released   bigint not null default 0 check (released >= 0),
	created_at timestamptz not null default now(),
	primary key (order_id, sku),
	constraint reservation_balanced check (shipped + released <= quantity)
);

insert into inventory.warehouse (code, name, country, priority) values ('MAIN', 'Main warehouse', 'DE', 10);

-- Tells the others when a SKU sells out, comes back, or runs low: on the crossing only.
create function inventory.tell_crossings() returns trigger language plpgsql as $$
declare
	was bigint := old.on_hand + old.backorder_limit - old.reserved;
	is_now bigint := new.on_hand + new.backorder_limit - new.reserved;
	topic text;
begin
	if was > 0 and is_now <= 0 then
		topic := 'stock.depleted';
	elsif was <= 0 and is_now > 0 then
		topic := 'stock.replenished';
	else
		topic := 'stock.low';
	end if;
	perform bus.emit(topic, 'stock', new.sku, 'stock:' || new.sku,
		jsonb_build_object('sku', new.sku, 'available', greatest(is_now, 0)), '{}');
	return null;
end $$;
create trigger item_crossings after update of on_hand, reserved, backorder_limit on inventory.item
	for each row when (
		(old.on_hand + old.backorder_limit - old.reserved > 0) <> (new.on_hand + new.backorder_limit - new.reserved > 0)
		or (old.on_hand + old.backorder_limit - old.reserved > new.low_mark
		    and new.on_hand + new.backorder_limit - new.reserved <= new.low_mark))
	execute function inventory.tell_crossings();

-- The version moves with every change; shortfall never outlives its cause.
create function inventory.touch_item() returns trigger language plpgsql as $$
begin
	new.version := old.version + 1;
	new.updated_at := now();
	new.shortfall := least(new.shortfall, greatest(0, new.reserved - new.on_hand - new.backorder_limit));
	return new;
end $$;
create trigger item_touched before update on inventory.item for each row execute function inventory.touch_item();

-- One SKU's share in a warehouse. The item is locked, so nobody else makes the row meanwhile.
create function inventory.fill_shelf(p_sku text, p_warehouse uuid, p_delta bigint) returns void language plpgsql as $$
begin
	update inventory.level set on_hand = on_hand + p_delta where sku = p_sku and warehouse_id = p_warehouse;
	if not found then
		insert into inventory.level (sku, warehouse_id, on_hand) values (p_sku, p_warehouse, p_delta);
	end if;
end $$;

-- The only writer of levels and on_hand. Locks the item first, so writers of one SKU queue.
create function inventory.move(p_sku text, p_warehouse uuid, p_delta bigint, p_reason text, p_reference text, p_actor text)
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	after bigint;
begin
	if p_delta = 0 then
		return;
	end if;
	update item set on_hand = on_hand + p_delta where sku = p_sku returning on_hand into after;
	if not found then
		raise exception using errcode = 'ES001', constraint = 'sku_unknown', message = format('there is no SKU %s', p_sku);
	end if;
	perform inventory.fill_shelf(p_sku, p_warehouse, p_delta);
	insert into movement (sku, warehouse_id, delta, on_hand_after, reason, reference, actor)
		values (p_sku, p_warehouse, p_delta, after, p_reason, p_reference, p_actor);
end $$;

-- Published. Promise stock to an order: all or nothing, SKUs in order so that buyers never deadlock.
create function inventory.reserve(p_order uuid, p_skus text[], p_quantities bigint[], p_fields text[])
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	want record;
begin
	for want in
		select d.sku, sum(d.quantity)::bigint as quantity, min(d.field) as field
		  from unnest(p_skus, p_quantities, p_fields) as d(sku, quantity, field)
		 group by d.sku order by d.sku
	loop
		update item set reserved = reserved + want.quantity
		 where sku = want.sku and reserved + want.quantity <= on_hand + backorder_limit;
		if not found then
			raise exception using errcode = 'ES001', constraint = 'out_of_stock', column = want.field,
				message = format('not enough of %s is left', want.sku);
		end if;
		insert into reservation (order_id, sku, quantity) values (p_order, want.sku, want.quantity);
	end loop;
end $$;

-- Published. Give back what an order still holds; again is harmless.
create function inventory.release(p_order uuid)
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	held record;
begin
	for held in
		select sku, quantity - shipped - released as rest from reservation
		 where order_id = p_order and quantity > shipped + released order by sku for update
	loop
		update item set reserved = reserved - held.rest where sku = held.sku;
		update reservation set released = released + held.rest where order_id = p_order and sku = held.sku;
	end loop;
end $$;

-- Take a quantity off the shelves, in order of priority. The item is locked and has it already.
create function inventory.empty_shelves(p_sku text, p_quantity bigint, p_reason text, p_reference text, p_actor text)
returns void language plpgsql as $$
declare
	shelf record;
	rest bigint := p_quantity;
	after bigint := (select i.on_hand + p_quantity from inventory.item i where i.sku = p_sku);
	taken bigint;
begin
	for shelf in
		select l.warehouse_id, l.on_hand from inventory.level l join inventory.warehouse w on w.id = l.warehouse_id
		 where l.sku = p_sku and l.on_hand > 0 order by w.priority, w.code
	loop
		taken := least(rest, shelf.on_hand);
		rest := rest - taken;
		after := after - taken;
		perform inventory.fill_shelf(p_sku, shelf.warehouse_id, -taken);
		insert into inventory.movement (sku, warehouse_id, delta, on_hand_after, reason, reference, actor)
			values (p_sku, shelf.warehouse_id, -taken, after, p_reason, p_reference, p_actor);
		exit when rest = 0;
	end loop;
end $$;

-- A parcel left: the promise is kept, the shelf is emptier. In one step, so that nobody
-- hears of stock that comes back and is gone again.
create function inventory.ship(p_order uuid, p_shipment uuid, p_skus text[], p_quantities bigint[])
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	parcel record;
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
		update item set reserved = reserved - parcel.quantity, on_hand = on_hand - parcel.quantity where sku = parcel.sku;
		perform inventory.empty_shelves(parcel.sku, parcel.quantity, 'shipped', 'shipment:' || p_shipment, 'inventory');
	end loop;
end $$;

-- Published. What a count found (null: only make sure the SKU exists). A count below what is promised leaves a shortfall.
create function inventory.count_stock(p_skus text[], p_quantities bigint[], p_reason text)
returns void language plpgsql security definer set search_path = inventory, pg_temp as $$
declare
	counted record;
	main uuid := (select id from warehouse order by priority, code limit 1);
	before item;
begin
	insert into item (sku) select distinct d.sku from unnest(p_skus) as d(sku) order by 1 on conflict do nothing;
	for counted in
		select distinct on (d.sku) d.sku, d.quantity from unnest(p_skus, p_quantities) with ordinality as d(sku, quantity, n)
		 where d.quantity is not null order by d.sku, d.n desc
	loop
		select * into before from item where sku = counted.sku for update;
		continue when before.on_hand = counted.quantity;
		update item set shortfall = greatest(0, reserved - counted.quantity - backorder_limit), on_hand = counted.quantity
		 where sku = counted.sku;
		-- More than there was lies in the main warehouse; less is missing where it is looked for first.
		if counted.quantity < before.on_hand then
			perform inventory.empty_shelves(counted.sku, before.on_hand - counted.quantity, p_reason, null, session_user);
		else
			perform inventory.fill_shelf(counted.sku, main, counted.quantity - before.on_hand);
			insert into movement (sku, warehouse_id, delta, on_hand_after, reason, actor)
				values (counted.sku, main, counted.quantity - before.on_hand, counted.quantity, p_reason, session_user);
		end if;
	end loop;
end $$;

-- Published. What a shopper may be promised.
create view inventory.availability as
	select sku, on_hand, reserved, greatest(0, on_hand + backorder_limit - reserved) as available from inventory.item;

revoke execute on all functions in schema inventory from public;
grant usage on schema inventory to es_inventory, es_orders, es_orders_owner, es_catalog, es_catalog_owner, es_cart, es_cart_owner,
	es_analytics;
grant execute on function inventory.reserve(uuid, text[], bigint[], text[]), inventory.release(uuid)
	to es_orders, es_orders_owner;
grant execute on function inventory.count_stock(text[], bigint[], text) to es_catalog, es_catalog_owner;
grant select on inventory.availability to es_cart, es_cart_owner, es_catalog, es_catalog_owner, es_analytics;
grant execute on function inventory.move(text, uuid, bigint, text, text, text), inventory.ship(uuid, uuid, text[], bigint[]) to es_inventory;
grant select on inventory.item, inventory.level, inventory.movement, inventory.reservation, inventory.warehouse, inventory.availability to es_inventory;
