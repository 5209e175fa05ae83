-- Jobs: effects outside this database (mail, files, other systems). Leased, at least once, each
-- with a key that the other side can deduplicate on. A queue is of the service whose schema
-- begins its name.

create table bus.job (
	id           bigint generated always as identity primary key,
	public_id    uuid        not null default gen_random_uuid() unique,
	queue        text        not null check (queue ~ '^[a-z_]+\.[a-z_]+$'),
	dedup_key    text        not null,
	payload      jsonb       not null,
	priority     smallint    not null default 0,      -- higher goes first
	state        text        not null default 'ready' check (state in ('ready', 'done', 'dead', 'skipped')),
	attempts     integer     not null default 0,
	max_attempts integer     not null default 10 check (max_attempts > 0),
	run_at       timestamptz not null default now(),  -- also the lease's end
	lease        uuid,
	last_error   text,
	created_at   timestamptz not null default now(),
	settled_at   timestamptz,
	unique (queue, dedup_key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index job_due on bus.job (queue, priority desc, run_at, id) where state = 'ready';
create index job_lease on bus.job (lease) where lease is not null;
create index job_settled on bus.job (settled_at) where state <> 'ready';

create function bus.check_queue(p_queue text) returns void
language plpgsql stable security definer set search_path = bus, pg_temp as $$
begin
	if not pg_has_role(session_user, 'es_' || split_part(p_queue, '.', 1), 'member') then
		raise exception 'queue % is not of %', p_queue, session_user using errcode = 'insufficient_privilege';
	end if;
end $$;

-- In the transaction of the fact. The same key twice is one job.
create function bus.enqueue(p_queue text, p_dedup_key text, p_payload jsonb, p_run_at timestamptz default now(),
	p_priority integer default 0)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	insert into job (queue, dedup_key, payload, run_at, priority)
	values (p_queue, p_dedup_key, coalesce(p_payload, '{}'), coalesce(p_run_at, now()), p_priority)
	on conflict (queue, dedup_key) do nothing;
end $$;

create function bus.lease(p_queue text, p_most integer, p_secs integer, p_token uuid)
returns table (id bigint, queue text, dedup_key text, payload jsonb, attempts integer, max_attempts integer)
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	-- Its last attempt never came back.
	update job j set state = 'dead', settled_at = now(), lease = null,
		last_error = coalesce(j.last_error, 'the worker stopped each time while doing this job')
	 where j.queue = p_queue and j.state = 'ready' and j.run_at <= now() and j.attempts >= j.max_attempts;
	return query
	with due as (
		select d.id from job d where d.queue = p_queue and d.state = 'ready' and d.run_at <= now()
		 order by d.priority desc, d.run_at, d.id limit p_most for update skip locked)
	update job j set attempts = j.attempts + 1, run_at = now() + make_interval(secs => p_secs), lease = p_token
	  from due where j.id = due.id
	returning j.id, j.queue, j.dedup_key, j.payload, j.attempts, j.max_attempts;
end $$;

-- Each is true only while the lease is still this worker's.
create function bus.renew(p_id bigint, p_token uuid, p_secs integer) returns boolean
language sql security definer set search_path = bus, pg_temp as $$
	with u as (update job set run_at = now() + make_interval(secs => p_secs)
		    where id = p_id and lease = p_token and state = 'ready' returning 1)
	select exists (select from u)
$$;

create function bus.ack(p_id bigint, p_token uuid) returns boolean
language sql security definer set search_path = bus, pg_temp as $$
	with u as (update job set state = 'done', settled_at = now(), lease = null, last_error = null
		    where id = p_id and lease = p_token and state = 'ready' returning 1)
	select exists (select from u)
$$;

-- p_final: no use trying again.
create function bus.nack(p_id bigint, p_token uuid, p_error text, p_final boolean) returns boolean
language sql security definer set search_path = bus, pg_temp as $$
	with u as (
		update job set last_error = p_error, lease = null,
			state = case when p_final or attempts >= max_attempts then 'dead' else 'ready' end,
			settled_at = case when p_final or attempts >= max_attempts then now() end,
			run_at = now() + least(interval '6 hours', interval '5 seconds' * power(2, attempts - 1)) * (0.75 + random() * 0.5)
		 where id = p_id and lease = p_token and state = 'ready' returning 1)
	select exists (select from u)
$$;

-- What a worker leased and did not begin, because it was asked to stop.
create function bus.release(p_token uuid) returns void
language sql security definer set search_path = bus, pg_temp as $$
	update job set lease = null, run_at = now(), attempts = attempts - 1 where lease = p_token and state = 'ready'
$$;

-- Run a settled job once more under its old key: a message sent again by staff.
create function bus.enqueue_again(p_queue text, p_dedup_key text) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	update job set state = 'ready', attempts = 0, run_at = now(), lease = null, settled_at = null
	 where queue = p_queue and dedup_key = p_dedup_key and state <> 'ready';
	return found;
end $$;

grant execute on function bus.enqueue(text, text, jsonb, timestamptz, integer), bus.lease(text, integer, integer, uuid),
	bus.renew(bigint, uuid, integer), bus.release(uuid), bus.ack(bigint, uuid), bus.nack(bigint, uuid, text, boolean),
	bus.enqueue_again(text, text) to es_service;

create view bus.queue_state as
	select queue, count(*) filter (where state = 'ready' and lease is null) as waiting,
		count(*) filter (where state = 'ready' and lease is not null) as leased,
		count(*) filter (where state = 'dead') as dead,
		min(run_at) filter (where state = 'ready' and lease is null) as oldest_at
	  from bus.job where state in ('ready', 'dead') group by queue;
grant select on bus.queue_state to es_bus;
