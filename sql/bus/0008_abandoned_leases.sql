-- A worker that is gone will not settle its jobs: they need not wait for the lease's end. Its
-- connection tells, since a worker leases and settles on the same one.

alter table bus.job add column holder integer;  -- pid of the backend that leased it
drop index bus.job_lease;
create index job_leased on bus.job (queue, lease) where lease is not null;

create or replace function bus.lease(p_queue text, p_most integer, p_secs integer, p_token uuid)
returns table (id bigint, queue text, dedup_key text, payload jsonb, attempts integer, max_attempts integer)
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	update job j set run_at = now(), lease = null
	 where j.queue = p_queue and j.lease is not null and j.state = 'ready' and j.run_at > now()
	   and not exists (select from pg_stat_get_activity(j.holder));
	-- Its last attempt never came back.
	update job j set state = 'dead', settled_at = now(), lease = null,
		last_error = coalesce(j.last_error, 'the worker stopped each time while doing this job')
	 where j.queue = p_queue and j.state = 'ready' and j.run_at <= now() and j.attempts >= j.max_attempts;
	return query
	with due as (
		select d.id from job d where d.queue = p_queue and d.state = 'ready' and d.run_at <= now()
		 order by d.priority desc, d.run_at, d.id limit p_most for update skip locked)
	update job j set attempts = j.attempts + 1, run_at = now() + make_interval(secs => p_secs), lease = p_token,
		holder = pg_backend_pid()
	  from due where j.id = due.id
	returning j.id, j.queue, j.dedup_key, j.payload, j.attempts, j.max_attempts;
end $$;

create or replace function bus.release(p_token uuid) returns void
language sql security definer set search_path = bus, pg_temp as $$
	update job set lease = null, run_at = now(), attempts = attempts - 1
	 where queue in (select distinct queue from job where lease is not null) and lease = p_token and state = 'ready'
$$;
