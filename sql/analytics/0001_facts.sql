-- What happened, as analytics heard it from the event log. No personal data: who bought is
-- a key that says "the same customer" and nothing else.

create table analytics.order_fact (
	order_id     uuid primary key,
	number       text not null,
	placed_at    timestamptz not null,
	paid_at      timestamptz,
	cancelled_at timestamptz,
	currency     text not null,
	total_minor  bigint not null,
	country      text,
	customer_key text not null
);
create index order_fact_paid on analytics.order_fact (currency, paid_at) include (total_minor, customer_key) where paid_at is not null;
create index order_fact_placed on analytics.order_fact (placed_at desc, order_id desc);

create table analytics.line_fact (
	order_id    uuid not null references analytics.order_fact,
	line_no     int not null,
	sku         text not null,
	product_id  uuid,
	name        text not null,
	category    text,
	quantity    bigint not null,
	total_minor bigint not null,
	primary key (order_id, line_no)
);

-- An order as any of its events tells it: later facts complete earlier ones, again is harmless.
create function analytics.note_order(p jsonb) returns void language plpgsql
	security definer set search_path = analytics, pg_temp as $$
begin
	insert into order_fact (order_id, number, placed_at, paid_at, cancelled_at, currency, total_minor, country, customer_key)
	values ((p ->> 'order_id')::uuid, p ->> 'number', (p ->> 'placed_at')::timestamptz, (p ->> 'paid_at')::timestamptz,
		(p ->> 'cancelled_at')::timestamptz, p ->> 'currency', (p ->> 'total_minor')::bigint, p ->> 'country',
		coalesce(p ->> 'customer_key', p ->> 'order_id'))
	on conflict (order_id) do update set
		paid_at = coalesce(order_fact.paid_at, excluded.paid_at),
		cancelled_at = coalesce(order_fact.cancelled_at, excluded.cancelled_at);
	insert into line_fact (order_id, line_no, sku, product_id, name, category, quantity, total_minor)
	select (p ->> 'order_id')::uuid, l.n, l.line ->> 'sku', (l.line ->> 'product_id')::uuid, coalesce(l.line ->> 'name', l.line ->> 'sku'),
		l.line ->> 'category', (l.line ->> 'quantity')::bigint, (l.line ->> 'total_minor')::bigint
	  from jsonb_array_elements(p -> 'lines') with ordinality as l(line, n)
	on conflict do nothing;
end $$;

revoke execute on all functions in schema analytics from public;
grant execute on function analytics.note_order(jsonb) to es_analytics;
grant select on analytics.order_fact, analytics.line_fact to es_analytics;
