-- The catalogue of events: who may emit what, and what is in it.

grant usage on schema bus to es_service;

create table bus.topic (
	name        text primary key check (name ~ '^[a-z_]+\.[a-z_]+$'),
	owner       text    not null,  -- the login role that emits it
	version     integer not null check (version > 0),
	description text    not null,
	schema      jsonb   not null check (jsonb_typeof(schema) = 'object'),   -- JSON Schema of the payload
	example     jsonb   not null check (jsonb_typeof(example) = 'object')
);
grant select on bus.topic to es_service;

-- For migrations. Declaring again updates; a topic never changes hands.
create function bus.declare_topic(p_name text, p_owner text, p_version integer, p_description text, p_schema jsonb, p_example jsonb)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	insert into topic as t (name, owner, version, description, schema, example)
	values (p_name, p_owner, p_version, p_description, p_schema, p_example)
	on conflict (name) do update
	set version = excluded.version, description = excluded.description, schema = excluded.schema, example = excluded.example
	where t.owner = excluded.owner;
	if not found then
		raise exception 'topic % belongs to another service than %', p_name, p_owner using errcode = 'insufficient_privilege';
	end if;
end $$;

do $$
declare
	s text;
begin
	foreach s in array array['auth', 'catalog', 'inventory', 'payment', 'cart', 'orders', 'notification', 'analytics',
		'mock_provider'] loop
		execute format('grant usage on schema bus to %I', format('es_%s_owner', s));
		execute format('grant execute on function bus.declare_topic(text, text, integer, text, jsonb, jsonb) to %I',
			format('es_%s_owner', s));
	end loop;
end $$;
