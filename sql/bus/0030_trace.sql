-- The trace of what causes an event or a job goes with it: from the caller's headers, or, where a
-- function in SQL tells the event or queues the job, from the setting es.trace, which the caller's
-- transaction carries (common/edges/db_pipeline.c).

create or replace function bus.emit(p_topic text, p_aggregate_type text, p_aggregate_id text, p_order_key text, p_payload jsonb,
	p_headers jsonb default '{}')
returns void language plpgsql as $$
begin
	insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)
	values (p_topic, p_aggregate_type, p_aggregate_id, coalesce(p_order_key, p_aggregate_id), p_payload,
		coalesce(nullif(p_headers, '{}'), nullif(current_setting('es.trace', true), '')::jsonb, '{}'));
end $$;

alter table bus.job add column headers jsonb not null default '{}' check (jsonb_typeof(headers) = 'object');

-- The older form, for functions and statements in SQL.
create or replace function bus.enqueue(p_queue text, p_dedup_key text, p_payload jsonb, p_run_at timestamptz default now(),
	p_priority integer default 0)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.enqueue(p_queue, p_dedup_key, p_payload, p_run_at, p_priority, null, null);
end $$;

drop function bus.enqueue(text, text, jsonb, timestamptz, integer, integer);
create function bus.enqueue(p_queue text, p_dedup_key text, p_payload jsonb, p_run_at timestamptz, p_priority integer,
	p_max_attempts integer, p_headers jsonb)
returns void language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	insert into job (queue, dedup_key, payload, run_at, priority, max_attempts, headers)
	values (p_queue, p_dedup_key, coalesce(p_payload, '{}'), coalesce(p_run_at, now()), coalesce(p_priority, 0),
		coalesce(p_max_attempts, 10), coalesce(p_headers, nullif(current_setting('es.trace', true), '')::jsonb, '{}'))
	on conflict (queue, dedup_key) do nothing;
end $$;
grant execute on function bus.enqueue(text, text, jsonb, timestamptz, integer, integer, jsonb) to es_service;

-- Whoever asks for it again is the cause now.
create or replace function bus.enqueue_again(p_queue text, p_dedup_key text) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.check_queue(p_queue);
	update job set state = 'ready', attempts = 0, run_at = now(), lease = null, settled_at = null,
		headers = coalesce(nullif(current_setting('es.trace', true), '')::jsonb, headers)
	 where queue = p_queue and dedup_key = p_dedup_key and state <> 'ready';
	return found;
end $$;

-- As in 0023, and it says whose job it is.
drop function bus.lease(text, integer, integer, uuid);
create function bus.lease(p_queue text, p_most integer, p_secs integer, p_token uuid)
returns table (id bigint, queue text, dedup_key text, payload jsonb, attempts integer, max_attempts integer, traceparent text,
	request_id text)
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
		returning j.id, j.queue, j.dedup_key, j.payload, j.attempts, j.max_attempts, j.headers)
	select l.id, l.queue, l.dedup_key, l.payload, l.attempts, l.max_attempts, l.headers ->> 'traceparent', l.headers ->> 'request_id'
	  from leased l order by array_position(got, l.id);
end $$;
grant execute on function bus.lease(text, integer, integer, uuid) to es_service;

create or replace view bus.dead_letter as
	select id, 'event'::text as kind, subscription as source, event ->> 'topic' as topic, order_key as key, attempts,
		last_error as error, event -> 'payload' as payload, (event ->> 'created_at')::timestamptz as created_at, settled_at as dead_at,
		pos as position, event #>> '{headers,request_id}' as request_id,
		split_part(event #>> '{headers,traceparent}', '-', 2) as trace_id
	  from bus.parked where state = 'dead'
	union all
	select public_id, 'job', queue, null, dedup_key, attempts, last_error, payload, created_at, settled_at, null,
		headers ->> 'request_id', split_part(headers ->> 'traceparent', '-', 2)
	  from bus.job where state = 'dead';
