-- Schemas, extensions and default privileges of this database. Run by the superuser,
-- again whenever this file changed: every statement here can be repeated.

do $$
declare
	s text;
begin
	execute format('revoke all on database %I from public', current_database());
	execute format('grant connect on database %I to es_service', current_database());
	foreach s in array array['platform', 'bus', 'auth', 'catalog', 'inventory', 'payment', 'cart', 'orders',
		'notification', 'analytics', 'mock_provider'] loop
		execute format('create schema if not exists %I authorization %I', s, format('es_%s_owner', s));
		if s <> 'platform' then
			execute format('grant usage on schema %I to %I', s, format('es_%s', s));
		end if;
		-- A function is callable by those it is granted to, nobody else.
		execute format('alter default privileges for role %I revoke execute on functions from public',
			format('es_%s_owner', s));
	end loop;
end $$;

-- Extensions live in public, where nobody but the superuser may create anything.
revoke create on schema public from public;
grant usage on schema public to public;
create extension if not exists pg_trgm schema public;
create extension if not exists btree_gist schema public;
create extension if not exists unaccent schema public;

-- What sql/migrate remembers. Here, not in sql/platform, because the first migration is recorded too.
create table if not exists platform.migration (
	schema     text        not null,
	number     integer     not null,
	name       text        not null,
	checksum   text        not null,  -- SHA-256 of the file
	applied_at timestamptz not null default now(),
	primary key (schema, number)
);
alter table platform.migration owner to es_platform_owner;
