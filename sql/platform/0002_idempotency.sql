-- Idempotency-Key: answers, stored in the transaction of their effect and kept 24 hours.
-- Written by common/app/idem.c as whichever service runs it; each sees its own rows only.

create table platform.idempotency (
	service      text        not null default session_user,
	scope        text        not null,  -- subject, method and path
	key          text        not null,
	fingerprint  text        not null,  -- SHA-256 of the request
	state        text        not null default 'done' check (state in ('running', 'done')),
	attempt_id   uuid,                  -- the provider's own key: the same for every retry
	lease_until  timestamptz,
	status       integer     check (status between 200 and 599),
	content_type text,
	headers      jsonb       not null default '{}',
	body         bytea,
	created_at   timestamptz not null default now(),
	primary key (service, scope, key),
	check (state = 'running' or status is not null),
	check (state = 'done' or (attempt_id is not null and lease_until is not null))
);
create index idempotency_age on platform.idempotency (created_at);

alter table platform.idempotency enable row level security;
create policy own on platform.idempotency to es_service using (service = session_user) with check (service = session_user);
grant select, insert, update, delete on platform.idempotency to es_service;

-- Housekeeping by event-bus; a batch at a time, so that no delete is long. Answers how many went.
create function platform.purge_idempotency(p_limit integer default 5000) returns integer
language sql security definer set search_path = platform, pg_temp as $$
	with old as (
		select ctid from platform.idempotency
		 where created_at < now() - interval '24 hours' limit p_limit for update skip locked),
	gone as (delete from platform.idempotency i using old where i.ctid = old.ctid returning 1)
	select count(*)::integer from gone
$$;
grant execute on function platform.purge_idempotency(integer) to es_bus;
