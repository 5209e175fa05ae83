-- Jobs: how often is tried is the job's own; priorities without looking at what is not due; a job
-- that kills its worker waits longer each time; housekeeping in small pieces.

create function bus.enqueue(p_queue text, p_dedup_key text, p_payload jsonb, p_run_at timestamptz, p_priority integer,
	p_max_attempts integer)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	insert into job (queue, dedup_key, payload, run_at, priority, max_attempts)
	values (p_queue, p_dedup_key, coalesce(p_payload, '{}'), coalesce(p_run_at, now()), coalesce(p_priority, 0),
		coalesce(p_max_attempts, 10))
	on conflict (queue, dedup_key) do nothing;
end $$;
grant execute on function bus.enqueue(text, text, jsonb, timestamptz, integer, integer) to es_service;

-- 5 s, 10 s, 20 s … six hours, a quarter more or less.
create function bus.job_backoff(p_attempts integer) returns interval language sql volatile as $$
	select least(interval '6 hours', interval '5 seconds' * power(2, least(p_attempts, 20) - 1)) * (0.75 + random() * 0.5)
$$;

-- Its last attempt never came back: found without stepping over those that wait for their time.
create index job_exhausted on bus.job (queue, run_at) where state = 'ready' and attempts >= max_attempts;

-- A worker that is gone will not settle its jobs: they need not wait for the lease's end. Its
-- connection tells, since a worker leases and settles on the same one. Once can be a restart; a job
-- that does it again backs off, so that it does not keep killing workers. Then priority by priority:
-- an index by priority and time steps over nothing that is not due.
create or replace function bus.lease(p_queue text, p_most integer, p_secs integer, p_token uuid)
returns table (id bigint, queue text, dedup_key text, payload jsonb, attempts integer, max_attempts integer)
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
	p smallint := 32767;
	got bigint[] := '{}';
begin
	perform bus.check_queue(p_queue);
	update job j set lease = null,
		run_at = now() + case when j.attempts < 2 then interval '0' else bus.job_backoff(j.attempts - 1) end
	 where j.queue = p_queue and j.lease is not null and j.state = 'ready' and j.run_at > now()
	   and not exists (select from pg_stat_get_activity(j.holder));
	update job j set state = 'dead', settled_at = now(), lease = null,
		last_error = coalesce(j.last_error, 'the worker stopped each time while doing this job')
	 where j.queue = p_queue and j.state = 'ready' and j.run_at <= now() and j.attempts >= j.max_attempts;
	while cardinality(got) < p_most loop
		p := (select d.priority from job d where d.queue = p_queue and d.state = 'ready' and d.priority <= p
			order by d.priority desc limit 1);
		exit when p is null;
		got := got || array(
			select d.id from job d where d.queue = p_queue and d.state = 'ready' and d.priority = p and d.run_at <= now()
			 order by d.run_at, d.id limit p_most - cardinality(got) for update skip locked);
		exit when p = -32768;
		p := p - 1;
	end loop;
	if got = '{}' then
		return;
	end if;
	return query
	with leased as (
		update job j set attempts = j.attempts + 1, run_at = now() + make_interval(secs => p_secs), lease = p_token,
			holder = pg_backend_pid()
		 where j.id = any (got)
		returning j.id, j.queue, j.dedup_key, j.payload, j.attempts, j.max_attempts)
	select l.* from leased l order by array_position(got, l.id);
end $$;

create or replace function bus.nack(p_id bigint, p_token uuid, p_error text, p_final boolean) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update job set last_error = p_error, lease = null,
		state = case when p_final or attempts >= max_attempts then 'dead' else 'ready' end,
		settled_at = case when p_final or attempts >= max_attempts then now() end,
		run_at = now() + bus.job_backoff(attempts)
	 where id = p_id and lease = p_token and state = 'ready';
	return found;
end $$;
