-- Orders: what was bought, as it was priced; what became of its money and its parcels.
-- Prices are cart-service's and copied; nothing here computes one, but sums are checked.

-- Every state an order may begin in ('' → …) and every change it may make.
create table orders.transition (
	subject text not null check (subject in ('payment', 'fulfilment')),
	was     text not null,
	becomes text not null,
	primary key (subject, was, becomes)
);
insert into orders.transition values
	('payment', '', 'pending'), ('payment', 'pending', 'failed'), ('payment', 'pending', 'succeeded'),
	('payment', 'pending', 'cancelled'), ('payment', 'failed', 'succeeded'), ('payment', 'failed', 'cancelled'),
	('fulfilment', '', 'unfulfilled'), ('fulfilment', 'unfulfilled', 'partially_shipped'),
	('fulfilment', 'unfulfilled', 'shipped'), ('fulfilment', 'partially_shipped', 'shipped'),
	('fulfilment', 'shipped', 'delivered');

create table orders.orders (
	id                uuid primary key,
	number            text not null constraint order_number_once unique,
	tracking_token    uuid not null unique,                       -- v4: the guest's key to the order
	cart_id           uuid not null constraint order_cart_once unique,
	payment_id        uuid not null unique,                       -- v4: the guest's key to the payment
	user_id           uuid,
	email             text not null,
	customer_key      text not null,                              -- of the e-mail address, for events
	name              text not null,                              -- who it is sent to
	currency          text not null check (currency ~ '^[A-Z]{3}$'),
	subtotal_minor    bigint not null check (subtotal_minor >= 0),
	discount_minor    bigint not null check (discount_minor between 0 and subtotal_minor),
	shipping_minor    bigint not null check (shipping_minor >= 0),
	tax_minor         bigint not null check (tax_minor >= 0),
	total_minor       bigint not null,
	tax_included      boolean not null,
	item_count        bigint not null check (item_count > 0),
	shipping_option   text not null,
	shipping_name     text not null,
	country           text not null check (country ~ '^[A-Z]{2}$'),
	shipping_address  jsonb not null,
	billing_address   jsonb,
	note              text,
	payment_status    text not null default 'pending',
	fulfilment_status text not null default 'unfulfilled',
	cancelled_at      timestamptz,
	cancel_reason     text,
	placed_at         timestamptz not null,
	paid_at           timestamptz,
	expires_at        timestamptz not null,                       -- unpaid until then: cancelled
	version           bigint not null default 1,
	updated_at        timestamptz not null default now(),
	-- The one word for it all; the first that holds.
	status            text not null generated always as (case
		when cancelled_at is not null then 'cancelled'
		when payment_status in ('refunded', 'partially_refunded') then payment_status
		when fulfilment_status <> 'unfulfilled' then fulfilment_status
		when payment_status = 'succeeded' then 'paid'
		else 'pending_payment' end) stored,
	constraint order_total_adds_up check (total_minor = subtotal_minor - discount_minor + shipping_minor
		+ case when tax_included then 0 else tax_minor end),
	constraint order_paid_has_time check ((payment_status in ('pending', 'failed', 'cancelled')) = (paid_at is null)),
	constraint order_ships_when_paid check (fulfilment_status = 'unfulfilled' or paid_at is not null),
	constraint order_cancelled_unshipped check (cancelled_at is null or fulfilment_status = 'unfulfilled')
) with (fillfactor = 80);
create index orders_of_user on orders.orders (user_id, id desc) where user_id is not null;
create index orders_by_status on orders.orders (status, id desc);
create index orders_by_email on orders.orders (lower(email), id desc);
create index orders_by_name on orders.orders using gin (name public.gin_trgm_ops);

create table orders.line (
	id               uuid primary key,
	order_id         uuid not null references orders.orders on delete cascade,
	line_no          integer not null check (line_no >= 0),
	sku              text not null,
	product_id       uuid,
	variant_id       uuid,
	name             text not null,
	options          jsonb not null,
	image_url        text,
	category         text,
	quantity         bigint not null check (quantity > 0),
	shipped_quantity bigint not null default 0,
	unit_price_minor bigint not null check (unit_price_minor >= 0),
	discount_minor   bigint not null check (discount_minor >= 0),
	total_minor      bigint not null check (total_minor >= 0),
	tax_minor        bigint not null check (tax_minor >= 0),
	tax_rate_bp      integer not null check (tax_rate_bp between 0 and 10000),
	constraint line_total_adds_up check (total_minor = quantity * unit_price_minor - discount_minor),
	constraint line_not_overshipped check (shipped_quantity between 0 and quantity),
	constraint line_no_once unique (order_id, line_no)
) with (fillfactor = 80);

create table orders.shipment (
	id              uuid primary key,
	order_id        uuid not null references orders.orders on delete cascade,
	carrier         text not null,
	tracking_number text,
	created_at      timestamptz not null,
	delivered_at    timestamptz
);
create index shipment_of_order on orders.shipment (order_id, id);

create table orders.shipment_line (
	shipment_id uuid not null references orders.shipment on delete cascade,
	line_id     uuid not null references orders.line on delete cascade,
	quantity    bigint not null check (quantity > 0),
	primary key (shipment_id, line_id)
);
create index shipment_line_of_line on orders.shipment_line (line_id);

-- The saga: a row per step, changed in the transaction that records the step's effect.
create table orders.saga_step (
	order_id   uuid not null references orders.orders on delete cascade,
	step       text not null check (step in ('reserve_stock', 'open_payment', 'await_payment', 'ship', 'deliver',
		'cancel_payment', 'release_stock')),
	state      text not null check (state in ('pending', 'done', 'cancelled')),
	attempts   integer not null default 0,
	next_at    timestamptz,                                       -- of a pending step that a timer looks after
	updated_at timestamptz not null default now(),
	primary key (order_id, step)
) with (fillfactor = 70);
create index saga_step_due on orders.saga_step (step, next_at) where state = 'pending' and next_at is not null;

create table orders.timeline (
	id         bigint generated always as identity primary key,
	order_id   uuid not null references orders.orders on delete cascade,
	at         timestamptz not null default now(),
	event      text not null,
	actor      text not null check (actor in ('customer', 'staff', 'system')),
	actor_name text,
	detail     text
);
create index timeline_of_order on orders.timeline (order_id, id);

create function orders.check_transition() returns trigger language plpgsql as $$
declare
	payment_was text := case when tg_op = 'UPDATE' then old.payment_status else '' end;
	fulfilment_was text := case when tg_op = 'UPDATE' then old.fulfilment_status else '' end;
begin
	if payment_was <> new.payment_status and not exists (
			select from orders.transition where subject = 'payment' and was = payment_was and becomes = new.payment_status)
		or fulfilment_was <> new.fulfilment_status and not exists (
			select from orders.transition where subject = 'fulfilment' and was = fulfilment_was and becomes = new.fulfilment_status)
		or tg_op = 'UPDATE' and old.cancelled_at is distinct from new.cancelled_at and old.cancelled_at is not null then
		raise exception using errcode = '23514', constraint = 'order_transition',
			message = format('order %s: %s, %s may not become %s, %s', new.id, payment_was, fulfilment_was,
				new.payment_status, new.fulfilment_status);
	end if;
	if tg_op = 'UPDATE' then
		new.version := old.version + 1;
		new.updated_at := now();
	end if;
	return new;
end $$;
create trigger order_transition before insert or update on orders.orders
	for each row execute function orders.check_transition();

-- Looked at when the transaction commits: the lines are the order's sum, the parcels the lines' shipped quantity.
create function orders.check_sums() returns trigger language plpgsql as $$
declare
	checked uuid;
begin
	if tg_table_name = 'orders' then
		checked := new.id;
	elsif tg_op = 'DELETE' then
		checked := old.order_id;
	else
		checked := new.order_id;
	end if;
	-- A new order's own row is looked at too: once is enough for all its lines.
	if tg_table_name = 'line' and tg_op = 'INSERT' and exists (
			select from orders.orders where id = checked and version = 1 and xmin = pg_current_xact_id()::xid) then
		return null;
	end if;
	if exists (
		select from orders.orders o cross join (
			select sum(total_minor) as total, sum(discount_minor) as discount, sum(quantity) as items
			  from orders.line where order_id = checked) l
		 where o.id = checked and (o.subtotal_minor - o.discount_minor, o.discount_minor, o.item_count)
			is distinct from (l.total, l.discount, l.items)) then
		raise exception using errcode = '23514', constraint = 'order_lines_add_up',
			message = format('order %s: its lines are not its sum', checked);
	end if;
	return null;
end $$;
create constraint trigger order_lines_add_up after insert or update of subtotal_minor, discount_minor, item_count
	on orders.orders deferrable initially deferred for each row execute function orders.check_sums();
create constraint trigger line_adds_up after insert or delete or update of total_minor, discount_minor, quantity
	on orders.line deferrable initially deferred for each row execute function orders.check_sums();

create function orders.check_shipped() returns trigger language plpgsql as $$
declare
	checked uuid;
begin
	if tg_table_name = 'line' then
		checked := new.id;
	elsif tg_op = 'DELETE' then
		checked := old.line_id;
	else
		checked := new.line_id;
	end if;
	if exists (
		select from orders.line l where l.id = checked and l.shipped_quantity <> (
			select coalesce(sum(s.quantity), 0) from orders.shipment_line s where s.line_id = checked)) then
		raise exception using errcode = '23514', constraint = 'line_shipments_add_up',
			message = format('line %s: its parcels are not what was shipped', checked);
	end if;
	return null;
end $$;
create constraint trigger line_shipments_add_up after update of shipped_quantity on orders.line
	deferrable initially deferred for each row execute function orders.check_shipped();
create constraint trigger shipment_line_adds_up after insert or update or delete on orders.shipment_line
	deferrable initially deferred for each row execute function orders.check_shipped();
