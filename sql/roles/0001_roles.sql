-- Roles of the cluster. Run by the superuser, again whenever this file changed:
-- every statement here can be repeated.
--
-- es_<schema>_owner  owns a schema's objects; nobody logs in as it
-- es_<schema>        what a service logs in as: only what the schemas grant it
-- es_service         all services: for what platform and bus publish to everyone

do $$
declare
	s text;
begin
	if not exists (select from pg_roles where rolname = 'es_service') then
		create role es_service nologin;
	end if;
	foreach s in array array['platform', 'bus', 'auth', 'catalog', 'inventory', 'payment', 'cart', 'orders',
		'notification', 'analytics', 'mock_provider'] loop
		if not exists (select from pg_roles where rolname = format('es_%s_owner', s)) then
			execute format('create role %I nologin', format('es_%s_owner', s));
		end if;
		-- nobody logs in to platform: it has no service
		continue when s = 'platform';
		if not exists (select from pg_roles where rolname = format('es_%s', s)) then
			execute format('create role %I login', format('es_%s', s));
		end if;
		execute format('alter role %I nosuperuser nocreatedb nocreaterole noreplication nobypassrls', format('es_%s', s));
		execute format('grant es_service to %I', format('es_%s', s));
		-- What others publish to a service, its schema's own functions and views may use too: they run as the owner.
		execute format('grant %I to %I', format('es_%s', s), format('es_%s_owner', s));
		-- A service that hangs must not hold locks, or the bus' cleaning, for ever.
		execute format('alter role %I set statement_timeout = %L', format('es_%s', s), '30s');
		execute format('alter role %I set lock_timeout = %L', format('es_%s', s), '5s');
		execute format('alter role %I set idle_in_transaction_session_timeout = %L', format('es_%s', s), '30s');
	end loop;
end $$;
