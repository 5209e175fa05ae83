-- Who runs: each master registers itself, beats every few seconds, and says when it stops.

create table platform.service (
	name         text        not null,  -- "cart-service"
	host         text        not null,
	pid          integer     not null,
	kind         text        not null check (kind in ('web', 'work', 'live')),
	role         text        not null default session_user,
	version      text        not null,
	socket       text,
	started_at   timestamptz not null default now(),
	heartbeat_at timestamptz not null default now(),
	stopped_at   timestamptz,
	primary key (name, host, pid)
);

create function platform.register_service(p_name text, p_version text, p_host text, p_pid integer, p_socket text, p_kind text)
returns void language sql security definer set search_path = platform, pg_temp as $$
	-- those before it on this host that stopped, or died without a word
	delete from platform.service where name = p_name and host = p_host and kind = p_kind and role = session_user
		and (stopped_at is not null or heartbeat_at < now() - interval '30 seconds');
	insert into platform.service (name, host, pid, kind, role, version, socket)
	values (p_name, p_host, p_pid, p_kind, session_user, p_version, p_socket)
	on conflict (name, host, pid) do update
	set kind = excluded.kind, role = excluded.role, version = excluded.version, socket = excluded.socket,
		started_at = now(), heartbeat_at = now(), stopped_at = null
$$;

-- False when the row is gone: register again.
create function platform.heartbeat(p_name text, p_host text, p_pid integer)
returns boolean language sql security definer set search_path = platform, pg_temp as $$
	with beat as (
		update platform.service set heartbeat_at = now(), stopped_at = null
		 where name = p_name and host = p_host and pid = p_pid and role = session_user returning 1)
	select exists (select from beat)
$$;

create function platform.stop_service(p_name text, p_host text, p_pid integer)
returns void language sql security definer set search_path = platform, pg_temp as $$
	update platform.service set stopped_at = now()
	 where name = p_name and host = p_host and pid = p_pid and role = session_user
$$;

create view platform.services as
	select name, host, pid, kind, version, socket, started_at, heartbeat_at, stopped_at,
		case when stopped_at is not null then 'stopped'
			when heartbeat_at < now() - interval '30 seconds' then 'lost'
			else 'up' end as state
	  from platform.service;

grant execute on function platform.register_service(text, text, text, integer, text, text),
	platform.heartbeat(text, text, integer), platform.stop_service(text, text, integer) to es_service;
grant select on platform.services to es_bus, es_analytics;
