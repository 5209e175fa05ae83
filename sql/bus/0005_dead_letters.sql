-- What the back office sees and decides of events and jobs that were given up, and housekeeping.

create view bus.dead_letter as
	select id, 'event'::text as kind, subscription as source, event ->> 'topic' as topic, order_key as key, attempts,
		last_error as error, event -> 'payload' as payload, (event ->> 'created_at')::timestamptz as created_at, settled_at as dead_at
	  from bus.parked where state = 'dead'
	union all
	select public_id, 'job', queue, null, dedup_key, attempts, last_error, payload, created_at, settled_at
	  from bus.job where state = 'dead';
grant select on bus.dead_letter to es_bus;

-- False: there is no such dead letter.
create function bus.dead_letter_retry(p_id uuid) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update parked set state = 'retry', attempts = 0, next_at = now(), settled_at = null where id = p_id and state = 'dead';
	if found then
		return true;
	end if;
	update job set state = 'ready', attempts = 0, run_at = now(), settled_at = null where public_id = p_id and state = 'dead';
	return found;
end $$;

create function bus.dead_letter_skip(p_id uuid) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update parked set state = 'skipped', settled_at = now() where id = p_id and state = 'dead';
	if found then
		return true;
	end if;
	update job set state = 'skipped', settled_at = now() where public_id = p_id and state = 'dead';
	return found;
end $$;

-- Done jobs keep their key for a week, so that a late duplicate is still none. Dead ones stay until decided.
create function bus.purge_settled(p_limit integer default 5000) returns integer
language sql security definer set search_path = bus, pg_temp as $$
	with job_gone as (
		delete from job where id in (
			select id from job where state in ('done', 'skipped') and settled_at < now() - interval '7 days'
			 limit p_limit for update skip locked) returning 1),
	parked_gone as (
		delete from parked where state = 'skipped' and settled_at < now() - interval '30 days' returning 1)
	select ((select count(*) from job_gone) + (select count(*) from parked_gone))::integer
$$;
grant execute on function bus.dead_letter_retry(uuid), bus.dead_letter_skip(uuid), bus.purge_settled(integer) to es_bus;
