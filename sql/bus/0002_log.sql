-- Outbox -> sequencer -> log. A sequence's order is not the order of commits, so a reader
-- that remembers the last id loses events: the sequencer gives positions to what it sees
-- committed, without gaps and in an order that respects causality per order_key (a producer
-- emits after it locked its aggregate). Producers never NOTIFY: that takes a lock of the
-- whole database at commit. The sequencer does, once per batch.

create table bus.outbox (
	seq            bigint generated always as identity primary key,
	event_id       uuid        not null default gen_random_uuid(),
	topic          text        not null,
	aggregate_type text        not null,
	aggregate_id   text        not null,
	order_key      text        not null,
	payload        jsonb       not null check (jsonb_typeof(payload) = 'object'),
	headers        jsonb       not null,
	created_at     timestamptz not null default clock_timestamp()
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0,
	autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);

create table bus.log_head (
	one boolean primary key default true check (one),
	pos bigint  not null
) with (fillfactor = 10);
insert into bus.log_head (pos) values (0);

create table bus.event (
	pos            bigint      not null primary key,
	shard          smallint    not null,
	event_id       uuid        not null,
	topic          text        not null,
	aggregate_type text        not null,
	aggregate_id   text        not null,
	order_key      text        not null,
	payload        jsonb       not null,
	headers        jsonb       not null,
	created_at     timestamptz not null,
	logged_at      timestamptz not null default clock_timestamp()
) partition by range (pos);
create index event_shard_pos on bus.event (shard, pos);

create function bus.partition_size() returns bigint language sql immutable as $$ select 1000000::bigint $$;
create function bus.shard_of(p_order_key text) returns smallint language sql immutable as
	$$ select (hashtextextended(p_order_key, 0) & 15)::smallint $$;

-- There is no default partition: what lands there blocks the partition that should hold it.
-- Made apart and then attached, because "create … partition of" would lock readers out.
create function bus.ensure_partitions(p_ahead integer default 2) returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	size constant bigint := bus.partition_size();
	head bigint;
	made integer := 0;
	part text;
begin
	perform pg_advisory_xact_lock(hashtext('bus.ensure_partitions'));
	select pos into head from log_head;
	for k in head / size .. head / size + p_ahead loop
		part := format('event_%s', lpad(k::text, 8, '0'));
		continue when to_regclass('bus.' || part) is not null;
		execute format('create table bus.%I (like bus.event including defaults, check (pos >= %s and pos < %s)) with (fillfactor = 100)',
			part, k * size, (k + 1) * size);
		execute format('alter table bus.event attach partition bus.%I for values from (%s) to (%s)', part, k * size, (k + 1) * size);
		execute format('alter table bus.%I drop constraint %I', part, part || '_pos_check');
		made := made + 1;
	end loop;
	return made;
end $$;
select bus.ensure_partitions();

-- After the aggregate was locked or written, in the transaction of the fact. It runs as its
-- caller: a service's login role, or the owner whose published function was called by another
-- service; the outbox lets through only what belongs to that role.
create function bus.emit(p_topic text, p_aggregate_type text, p_aggregate_id text, p_order_key text, p_payload jsonb,
	p_headers jsonb default '{}')
returns void language sql as $$
	insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)
	values (p_topic, p_aggregate_type, p_aggregate_id, coalesce(p_order_key, p_aggregate_id), p_payload, coalesce(p_headers, '{}'))
$$;

alter table bus.outbox enable row level security;
create policy emit_own_topics on bus.outbox for insert
	with check (exists (select from bus.topic t where t.name = topic and current_user in (t.owner, t.owner || '_owner')));
create policy sequence_all on bus.outbox for select to es_bus using (true);

do $$
declare
	s text;
begin
	foreach s in array array['auth', 'catalog', 'inventory', 'payment', 'cart', 'orders', 'notification', 'analytics',
		'mock_provider'] loop
		execute format('grant select on bus.topic to %I', format('es_%s_owner', s));
		execute format('grant execute on function bus.emit(text, text, text, text, jsonb, jsonb) to %I', format('es_%s_owner', s));
		execute format('grant insert (topic, aggregate_type, aggregate_id, order_key, payload, headers) on bus.outbox to %I, %I',
			format('es_%s', s), format('es_%s_owner', s));
	end loop;
end $$;

-- One batch; answers how many. The row lock on the head makes a second sequencer harmless.
create function bus.sequence_batch(p_limit integer default 500) returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	head bigint;
	n integer;
begin
	if not exists (select from outbox limit 1) then
		return 0;
	end if;
	select pos into head from log_head for update;
	if (head + p_limit) / bus.partition_size() <> head / bus.partition_size() then
		perform bus.ensure_partitions();
	end if;
	-- a statement of its own after the lock: its snapshot sees all that the last batch left
	with gone as (
		delete from outbox o using (select seq from outbox order by seq limit p_limit) s where o.seq = s.seq returning o.*),
	logged as (
		insert into event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, headers, created_at)
		select head + row_number() over (order by seq), bus.shard_of(order_key), event_id, topic, aggregate_type, aggregate_id,
			order_key, payload, headers, created_at
		  from gone returning 1)
	select count(*) into n from logged;
	if n > 0 then
		update log_head set pos = head + n;
		perform pg_notify('bus', (head + n)::text);
	end if;
	return n;
end $$;

grant execute on function bus.emit(text, text, text, text, jsonb, jsonb) to es_service;
grant execute on function bus.ensure_partitions(integer), bus.sequence_batch(integer) to es_bus;
grant select on bus.log_head, bus.outbox to es_bus;
