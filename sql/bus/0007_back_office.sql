-- What event-bus shows staff, and a cheaper batch.

create or replace view bus.subscription_state as
	select s.name, s.owner, s.topics, s.paused, s.created_at, w.waiting, w.oldest_at, c.updated_at as active_at,
		p.retrying, p.blocked, p.dead,
		-- cursors follow in long steps where there is nothing for them
		case when w.waiting = 0 then h.pos else c.pos end as position
	  from bus.subscription s
	 cross join bus.log_head h
	 cross join lateral (select max(updated_at) as updated_at, min(pos) as pos from bus.cursor where subscription = s.name) c
	 cross join lateral (
		select count(*) as waiting, min(x.created_at) as oldest_at
		  from (select e.created_at from bus.cursor c join bus.event e on e.shard = c.shard and e.pos > c.pos
			 where c.subscription = s.name and e.topic = any (s.topics) limit 10000) x) w
	 cross join lateral (
		select count(*) filter (where state = 'retry') as retrying, count(*) filter (where state = 'blocked') as blocked,
			count(*) filter (where state = 'dead') as dead
		  from bus.parked where subscription = s.name) p;

create or replace view bus.dead_letter as
	select id, 'event'::text as kind, subscription as source, event ->> 'topic' as topic, order_key as key, attempts,
		last_error as error, event -> 'payload' as payload, (event ->> 'created_at')::timestamptz as created_at, settled_at as dead_at,
		pos as position
	  from bus.parked where state = 'dead'
	union all
	select public_id, 'job', queue, null, dedup_key, attempts, last_error, payload, created_at, settled_at, null
	  from bus.job where state = 'dead';

-- The log's figures; counts are exact up to 10,000.
create view bus.log_state as
	select h.pos as head, o.waiting, o.oldest_at,
		(select count(*) from (
			select e.logged_at from bus.event e where e.pos > h.pos - 10000) r
		  where r.logged_at > now() - interval '1 minute') as last_minute,
		(select count(*) from bus.dead_letter) as dead
	  from bus.log_head h
	 cross join lateral (select count(*) as waiting, min(created_at) as oldest_at
		  from (select created_at from bus.outbox order by seq limit 10000) x) o;
grant select on bus.log_state to es_bus;

-- A batch that a crash of the server takes back is still in the outbox, and whoever saw it is
-- taken back with it: no need to wait for the disk.
create or replace function bus.sequence_batch(p_limit integer default 500) returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	head bigint;
	n integer;
begin
	if not exists (select from outbox limit 1) then
		return 0;
	end if;
	perform set_config('synchronous_commit', 'off', true);
	select pos into head from log_head for update;
	if (head + p_limit) / bus.partition_size() <> head / bus.partition_size() then
		perform bus.ensure_partitions();
	end if;
	-- a statement of its own after the lock: its snapshot sees all that the last batch left
	with gone as (
		delete from outbox o using (select seq from outbox order by seq limit p_limit) s where o.seq = s.seq returning o.*),
	logged as (
		insert into event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, headers, created_at)
		select head + row_number() over (order by seq), bus.shard_of(order_key), event_id, topic, aggregate_type, aggregate_id,
			order_key, payload, headers, created_at
		  from gone returning 1)
	select count(*) into n from logged;
	if n > 0 then
		update log_head set pos = head + n;
		perform pg_notify('bus', (head + n)::text);
	end if;
	return n;
end $$;
