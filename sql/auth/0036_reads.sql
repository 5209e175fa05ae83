-- Who of staff looked at whose data: an entry of the audit log too, but one for what somebody looks at again and again.

-- What was looked at lately. It is worth nothing after a crash: what is looked at next is then recorded once more.
create unlogged table auth.audit_look (
	actor_id   uuid not null,
	actor_kind text not null,
	action     text not null,
	object     text not null,
	at         timestamptz not null default now(),
	primary key (actor_id, actor_kind, action, object)
);
create index audit_look_at on auth.audit_look (at);

-- Published. As auth.audit, unless the same actor did the same to the same within ten minutes.
create function auth.audit_read(p_id uuid, p_actor_kind text, p_actor_id uuid, p_action text, p_object_type text, p_object_id text,
	p_after jsonb, p_address text, p_request_id text, p_traceparent text)
returns void language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	insert into audit_look as l (actor_id, actor_kind, action, object)
	values (p_actor_id, p_actor_kind, p_action, coalesce(p_object_id, ''))
	on conflict (actor_id, actor_kind, action, object) do update set at = now() where l.at < now() - interval '10 minutes';
	if found then
		perform audit(p_id, p_actor_kind, p_actor_id, p_action, p_object_type, p_object_id, null, p_after, p_address,
			p_request_id, p_traceparent);
	end if;
end $$;

create function auth.purge_looks(p_limit integer default 1000) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from audit_look where (actor_id, actor_kind, action, object) in (
		select actor_id, actor_kind, action, object from audit_look where at < now() - interval '1 hour'
		 limit p_limit for update skip locked);
end $$;

revoke execute on function auth.audit_read(uuid, text, uuid, text, text, text, jsonb, text, text, text), auth.purge_looks(integer) from public;
grant execute on function auth.audit_read(uuid, text, uuid, text, text, text, jsonb, text, text, text) to es_service;
grant execute on function auth.purge_looks(integer) to es_auth;
