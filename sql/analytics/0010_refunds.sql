-- Refunds are counted apart from revenue, when they happened.

create table analytics.refund_fact (
	event_id     uuid primary key,
	order_id     uuid not null,
	refunded_at  timestamptz not null,
	currency     text not null,
	amount_minor bigint not null,
	country      text
);
create index refund_fact_when on analytics.refund_fact (currency, refunded_at) include (amount_minor);

create function analytics.note_refund(p_event uuid, p jsonb) returns void language plpgsql
	security definer set search_path = analytics, pg_temp as $$
begin
	insert into refund_fact (event_id, order_id, refunded_at, currency, amount_minor, country)
	values (p_event, (p ->> 'order_id')::uuid, (p ->> 'refunded_at')::timestamptz, p ->> 'currency', (p ->> 'amount_minor')::bigint,
		p ->> 'country')
	on conflict do nothing;
end $$;
revoke execute on function analytics.note_refund(uuid, jsonb) from public;
grant execute on function analytics.note_refund(uuid, jsonb) to es_analytics;
grant select on analytics.refund_fact to es_analytics;
