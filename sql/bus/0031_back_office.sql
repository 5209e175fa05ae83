-- What staff sees of a subscription and of a queue, and what they decide of all its dead letters at once.

create or replace view bus.subscription_state as
	select s.name, s.owner, s.topics, s.paused, s.created_at, w.waiting, w.oldest_at, c.updated_at as active_at,
		p.retrying, p.blocked, p.dead,
		-- cursors follow in long steps where there is nothing for them
		case when w.waiting = 0 then h.pos else c.pos end as position,
		case when w.waiting = 0 then 0 else greatest(extract(epoch from now() - w.oldest_at), 0) end::double precision as lag_secs,
		c.crashes, s.max_attempts
	  from bus.subscription s
	 cross join bus.log_head h
	 cross join lateral (
		select max(x.updated_at) as updated_at, min(x.pos) as pos, greatest(max(x.tries) - 1, 0) as crashes
		  from generate_series(0, 15) k
		 cross join lateral (
			select * from bus.cursor c where c.subscription = s.name and c.shard = k order by c.pos desc limit 1) x) c
	 cross join lateral (
		select count(*) as waiting, min(x.created_at) as oldest_at
		  from (select e.created_at
			  from generate_series(0, 15) k
			 cross join lateral (
				select c.pos from bus.cursor c where c.subscription = s.name and c.shard = k order by c.pos desc limit 1) c
			  join bus.event e on e.shard = k and e.pos > c.pos
			 where e.topic = any (s.topics) limit 10000) x) w
	 cross join lateral (
		select count(*) filter (where state = 'retry') as retrying, count(*) filter (where state = 'blocked') as blocked,
			count(*) filter (where state = 'dead') as dead
		  from bus.parked where subscription = s.name) p;

-- Events that failed and will be tried again, and those that wait behind one of them.
create view bus.parked_event as
	select id, subscription, pos as position, event ->> 'topic' as topic, order_key as key, state, attempts, next_at,
		last_error as error, parked_at
	  from bus.parked where state in ('retry', 'blocked');
grant select on bus.parked_event to es_bus;

-- Every queue that has a job, done ones of the last days too; counts are exact up to 10,000.
-- due: nobody has begun them. failing: tried in vain, and will be again. scheduled: not before a time.
drop view bus.queue_state;
create view bus.queue_state as
	with recursive names as (
		(select j.queue from bus.job j order by j.queue limit 1)
		union all
		select (select j.queue from bus.job j where j.queue > n.queue order by j.queue limit 1) from names n where n.queue is not null)
	select n.queue, j.due + j.failing + j.scheduled as waiting, j.leased, d.dead, j.oldest_at, j.due, j.failing, j.scheduled
	  from names n
	 cross join lateral (
		select count(*) filter (where x.lease is null and x.last_error is null and x.run_at <= now()) as due,
			count(*) filter (where x.lease is null and x.last_error is not null) as failing,
			count(*) filter (where x.lease is null and x.last_error is null and x.run_at > now()) as scheduled,
			count(*) filter (where x.lease is not null) as leased,
			min(x.run_at) filter (where x.lease is null and x.run_at <= now()) as oldest_at
		  from (select i.lease, i.last_error, i.run_at from bus.job i where i.queue = n.queue and i.state = 'ready' limit 10000) x) j
	 cross join lateral (select count(*) as dead from bus.job i where i.queue = n.queue and i.state = 'dead') d
	 where n.queue is not null;
grant select on bus.queue_state to es_bus;
create index job_dead on bus.job (queue) where state = 'dead';

-- Every dead letter of a subscription, or of a queue, is tried again; answers how many. Events of a key keep their order.
create function bus.retry_events(p_subscription text) returns bigint
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	n bigint;
begin
	update parked set state = 'retry', attempts = 0, next_at = now(), settled_at = null
	 where subscription = p_subscription and state = 'dead';
	get diagnostics n = row_count;
	return n;
end $$;

create function bus.retry_jobs(p_queue text) returns bigint
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	n bigint;
begin
	update job set state = 'ready', attempts = 0, run_at = now(), settled_at = null where queue = p_queue and state = 'dead';
	get diagnostics n = row_count;
	return n;
end $$;
grant execute on function bus.retry_events(text), bus.retry_jobs(text) to es_bus;
