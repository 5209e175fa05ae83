-- The shop's menu, shown on every service's pages: catalog-service keeps it, as a JSON list of {name, href}.

create function platform.set_nav(p_nav jsonb) returns void
language sql security definer set search_path = platform, pg_temp as $$
	insert into platform.setting (key, value) values ('nav', p_nav::text)
	on conflict (key) do update set value = excluded.value where setting.value <> excluded.value
$$;
grant usage on schema platform to es_catalog_owner;
grant execute on function platform.set_nav(jsonb) to es_catalog, es_catalog_owner;
