-- A function in SQL is parsed and planned at every call: half of what settling a job cost. And
-- where a plan for the very values looked a little cheaper, it was made again at every call.

create or replace function bus.renew(p_id bigint, p_token uuid, p_secs integer) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update job set run_at = now() + make_interval(secs => p_secs) where id = p_id and lease = p_token and state = 'ready';
	return found;
end $$;

create or replace function bus.ack(p_id bigint, p_token uuid) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update job set state = 'done', settled_at = now(), lease = null, last_error = null
	 where id = p_id and lease = p_token and state = 'ready';
	return found;
end $$;

create or replace function bus.nack(p_id bigint, p_token uuid, p_error text, p_final boolean) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update job set last_error = p_error, lease = null,
		state = case when p_final or attempts >= max_attempts then 'dead' else 'ready' end,
		settled_at = case when p_final or attempts >= max_attempts then now() end,
		run_at = now() + least(interval '6 hours', interval '5 seconds' * power(2, attempts - 1)) * (0.75 + random() * 0.5)
	 where id = p_id and lease = p_token and state = 'ready';
	return found;
end $$;

alter function bus.lease(text, integer, integer, uuid) set plan_cache_mode = force_generic_plan;
alter function bus.take(text, bigint[], integer) set plan_cache_mode = force_generic_plan;
alter function bus.sequence_batch(integer) set plan_cache_mode = force_generic_plan;
