-- The outbox anew, for three reasons.
--
-- A snapshot that is held for long (a backup) keeps deleted rows, and a look at an empty outbox
-- had to step over all of them. The sequencer now begins its looks behind what it knows to be
-- finished (0021); for that, whoever drew a number must have had a transaction id before. The
-- columns of a row are computed from left to right: xid comes before seq for no other reason.
--
-- Emitting is part of every sale. A check constraint is parsed again by every statement, and
-- looking the topic's owner up cost as much as the insert: the list of a role's topics is now
-- part of the plan, in a policy of its own that declaring a topic writes.

drop view bus.log_state;
alter table bus.outbox rename to outbox_before;
alter index bus.outbox_pkey rename to outbox_before_pkey;
alter sequence bus.outbox_seq_seq rename to outbox_before_seq_seq;

create table bus.outbox (
	xid            xid8        not null default pg_current_xact_id(),
	seq            bigint      generated always as identity primary key,
	event_id       uuid        not null default gen_random_uuid(),
	topic          text        not null,
	aggregate_type text        not null,
	aggregate_id   text        not null,
	order_key      text        not null,
	payload        jsonb       not null,
	headers        jsonb       not null,
	created_at     timestamptz not null default clock_timestamp()
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0,
	autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);
insert into bus.outbox (event_id, topic, aggregate_type, aggregate_id, order_key, payload, headers, created_at)
select event_id, topic, aggregate_type, aggregate_id, order_key, payload, headers, created_at
  from bus.outbox_before order by seq;
drop table bus.outbox_before;

alter table bus.outbox enable row level security;
create policy sequence_all on bus.outbox for select to es_bus using (true);
grant select on bus.outbox to es_bus;

do $$
declare
	s text;
begin
	foreach s in array array['auth', 'catalog', 'inventory', 'payment', 'cart', 'orders', 'notification', 'analytics',
		'mock_provider'] loop
		execute format('grant insert (topic, aggregate_type, aggregate_id, order_key, payload, headers) on bus.outbox to %I, %I',
			format('es_%s', s), format('es_%s_owner', s));
	end loop;
end $$;

-- A schema's owner is a member of its login role, so that this covers its published functions too.
create function bus.let_emit(p_owner text) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	execute format('drop policy if exists %I on bus.outbox', 'emit_as_' || p_owner);
	execute format('create policy %I on bus.outbox for insert to %I with check (topic = any (%L::text[]) and jsonb_typeof(payload) = ''object'')',
		'emit_as_' || p_owner, p_owner, array(select t.name from topic t where t.owner = p_owner order by t.name));
end $$;
select bus.let_emit(owner) from (select distinct owner from bus.topic) t;

-- For migrations. Declaring again updates; a topic never changes hands. A new one locks the outbox
-- until the migration ends: nothing that takes long belongs behind it.
create or replace function bus.declare_topic(p_name text, p_owner text, p_version integer, p_description text, p_schema jsonb,
	p_example jsonb)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	is_new boolean := not exists (select from topic where name = p_name);
begin
	insert into topic as t (name, owner, version, description, schema, example)
	values (p_name, p_owner, p_version, p_description, p_schema, p_example)
	on conflict (name) do update
	set version = excluded.version, description = excluded.description, schema = excluded.schema, example = excluded.example
	where t.owner = excluded.owner;
	if not found then
		raise exception 'topic % belongs to another service than %', p_name, p_owner using errcode = 'insufficient_privilege';
	end if;
	if is_new then
		perform bus.let_emit(p_owner);
	end if;
end $$;
