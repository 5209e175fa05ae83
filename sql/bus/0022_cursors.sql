-- Subscriptions that start where they want, pause, and go back; consumers that die again and again
-- are waited for longer and longer and harm nobody else's events; cursors that stay quick to read
-- while a snapshot keeps all their old versions.

-- The position is part of the key: the newest version of a cursor is the last one in the index,
-- found first whatever lies dead before it. A unique index over (subscription, shard) alone would
-- look at every dead version at each update. bus.subscribe() alone adds cursors.
alter table bus.cursor drop constraint cursor_pkey;
alter table bus.cursor add primary key (subscription, shard, pos);

-- The last position that was logged before a time: events of that time and later come after it. A
-- search by halves: the log is in the order of its times.
create function bus.position_at(p_time timestamptz) returns bigint
language plpgsql stable security definer set search_path = bus, pg_temp as $$
declare
	low bigint := coalesce((select min(pos) from event), 1) - 1;
	high bigint := bus.head();
	middle bigint;
begin
	while low < high loop
		middle := (low + high + 1) / 2;
		if (select e.logged_at < p_time from event e where e.pos = middle) then
			low := middle;
		else
			high := middle - 1;
		end if;
	end loop;
	return low;
end $$;

-- p_start: zero (all that is kept), now, or time (p_since). Where one that exists stands is left alone.
create function bus.subscribe(p_name text, p_topics text[], p_start text, p_since timestamptz) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	unknown text;
	start bigint;
begin
	select t into unknown from unnest(p_topics) t where not exists (select from topic where name = t);
	if found then
		raise exception 'topic % is not declared', unknown using errcode = 'undefined_object';
	end if;
	insert into subscription (name, topics) values (p_name, p_topics) on conflict (name) do nothing;
	perform bus.own_subscription(p_name);
	if exists (select from cursor where subscription = p_name) then
		update subscription set topics = p_topics where name = p_name and topics <> p_topics;
		return;
	end if;
	perform 1 from subscription where name = p_name for update;
	start := case p_start when 'zero' then 0 when 'now' then bus.head() when 'time' then bus.position_at(p_since) end;
	if start is null then
		raise exception 'a subscription starts at zero, now or a time, not at %', p_start using errcode = 'invalid_parameter_value';
	end if;
	insert into cursor (subscription, shard, pos)
	select p_name, s, start from generate_series(0, 15) s
	 where not exists (select from cursor c where c.subscription = p_name and c.shard = s);
end $$;

create or replace function bus.subscribe(p_name text, p_topics text[]) returns void
language sql security definer set search_path = bus, pg_temp as $$
	select bus.subscribe(p_name, p_topics, 'zero', null)
$$;

-- A batch that was begun again and again without coming back is left behind, event by event.
create or replace function bus.bury_crashed(p_subscription text, p_shard smallint, p_pos bigint) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.park(p_subscription, p_pos, 'the consumer stopped each time while handling this event');
	update parked set state = 'dead', settled_at = now(), attempts = greatest(attempts, c.tries)
	  from cursor c
	 where parked.subscription = p_subscription and parked.pos = p_pos
	   and c.subscription = p_subscription and c.shard = p_shard and c.trying_pos = p_pos;
	update cursor set pos = p_pos, trying_pos = null, tries = 0
	 where subscription = p_subscription and shard = p_shard and trying_pos = p_pos;
end $$;

-- How long a batch that was begun and not heard of again is left to whoever may have it: half a
-- second, and twice as long each time, up to a minute.
create function bus.patience(p_tries integer) returns interval language sql immutable as $$
	select least(interval '1 minute', interval '500 milliseconds' * power(2, least(p_tries, 10) - 1))
$$;

-- Shards of one subscription that have events; at most eight when there is much, so that other processes find some too.
-- One whose batch did not come back is claimed alone: if it kills its consumer again, no other
-- shard's events are in that batch. From the third time on (once can be a restart, twice chance) its
-- events are handled one by one, so that the one that kills is found.
create or replace function bus.claim_shards(p_subscription bus.subscription, p_head bigint) returns setof smallint
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
	r record;
	low bigint;
begin
	-- Known before the long statement begins, so that it opens those partitions only that can have something.
	select min(c.pos) into low
	  from generate_series(0, 15) k
	 cross join lateral (
		select x.pos from cursor x where x.subscription = p_subscription.name and x.shard = k order by x.pos desc limit 1) c;
	if low is null or low >= p_head then
		return;
	end if;
	for r in
		with lagging as (
			select c.shard, c.pos, c.updated_at, coalesce(c.trying_pos > c.pos, false) as lost, f.first,
				case when f.first is null then coalesce((
					select e.pos from event e where e.shard = c.shard and e.pos > c.pos and e.pos > low and e.pos <= p_head
					 order by e.pos offset 199 limit 1), p_head) end as step_to
			  from generate_series(0, 15) k
			 cross join lateral (
				select * from cursor x where x.subscription = p_subscription.name and x.shard = k
				 order by x.pos desc limit 1) c
			  left join lateral (
				select s.pos as first
				  from (select e.pos, e.topic from event e
					 where e.shard = c.shard and e.pos > c.pos and e.pos > low and e.pos <= p_head
					 order by e.pos limit 200) s
				 where s.topic = any (p_subscription.topics)
				 order by s.pos limit 1) f on true
			 where c.pos < p_head
			   and (c.trying_pos is null or c.trying_pos <= c.pos or c.updated_at < clock_timestamp() - bus.patience(c.tries))),
		work as (
			select c.shard, c.pos, l.first, l.step_to
			  from lagging l
			  join cursor c on c.subscription = p_subscription.name and c.shard = l.shard and c.pos = l.pos
			-- nothing for it: the cursor follows in long steps only, not at every batch
			 where (l.first is not null or l.step_to < p_head or l.step_to - l.pos > 1000)
			 order by l.lost desc, l.updated_at
			 limit (select case when bool_or(o.lost) then 1 when p_head - low < 2000 then 16 else 8 end from lagging o)
			   for update of c skip locked)
		update cursor c set updated_at = clock_timestamp(), trying_pos = w.first,
			-- left alone where it can be: then the claim touches no index
			pos = case when w.first is null then w.step_to when w.first - c.pos > 200 then w.first - 1 else c.pos end,
			tries = case when w.first = c.trying_pos then c.tries + 1 when w.first is null then 0 else 1 end,
			careful_to = case when w.first = c.trying_pos and c.tries > 1 then coalesce((
				select e.pos from event e where e.shard = c.shard and e.pos >= w.first and e.pos > low and e.topic = any (p_subscription.topics)
				 order by e.pos offset 63 limit 1), p_head) else c.careful_to end
		  from work w
		 where c.subscription = p_subscription.name and c.shard = w.shard and c.pos = w.pos
		returning c.shard, w.first, c.tries
	loop
		if r.tries > p_subscription.max_attempts then
			perform bus.bury_crashed(p_subscription.name, r.shard, r.first);
		elsif r.first is not null then
			return next r.shard;
		end if;
	end loop;
end $$;

-- Everything a process may do now, for all its subscriptions: shards to take, parked events to try.
create or replace function bus.claim(p_names text[]) returns table (subscription text, shard integer, parked_pos bigint)
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	head bigint;
	s bus.subscription;
	n text;
begin
	-- lost claims are claimed again: no need to wait for the disk
	perform set_config('synchronous_commit', 'off', true);
	head := bus.head();
	foreach n in array p_names loop
		s := bus.own_subscription(n);
		continue when s.paused;
		return query select n, c::integer, null::bigint from bus.claim_shards(s, head) c;
		if exists (select from parked p where p.subscription = n and p.state = 'retry' and p.next_at <= now()) then
			return query select n, null::integer, c from bus.claim_parked(s) c;
		end if;
	end loop;
end $$;

-- Lock those of the shards that are free, and hand out their next events in log order. upto: where
-- the shard's cursor goes when this batch is done. blocked: an earlier event of the key is parked.
create or replace function bus.take(p_name text, p_shards bigint[], p_limit integer)
returns table (shard integer, upto bigint, "position" bigint, id uuid, topic text, aggregate_type text, aggregate_id text,
	order_key text, payload jsonb, traceparent text, request_id text, created_at timestamptz, blocked boolean)
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
	s bus.subscription := bus.own_subscription(p_name);
	head bigint;
	low bigint;
	locked smallint[];
begin
	select array_agg(l.shard), min(l.pos) into locked, low
	  from unnest(p_shards) k
	 cross join lateral (
		select c.shard, c.pos from cursor c where c.subscription = p_name and c.shard = k
		 order by c.pos desc limit 1 for update skip locked) l;
	head := bus.head();
	return query
	select e.shard::integer,
		case when count(*) over (partition by e.shard) < e.most then coalesce(e.seen_to, head)
			else max(e.pos) over (partition by e.shard) end,
		e.pos, e.event_id, e.topic, e.aggregate_type, e.aggregate_id, e.order_key, e.payload,
		e.headers ->> 'traceparent', e.headers ->> 'request_id', e.created_at,
		exists (select from parked p where p.subscription = p_name and p.order_key = e.order_key and p.state in ('retry', 'blocked'))
	  from (select x.*, c.most, c.seen_to
		  from unnest(locked) k
		 cross join lateral (
			select c.pos, case when c.pos < c.careful_to then 1 else p_limit end as most,
				-- where others' topics fill the log, no further than this at once
				(select v.pos from event v where v.shard = k and v.pos > c.pos and v.pos > low and v.pos <= head order by v.pos offset 1999 limit 1) as seen_to
			  from cursor c where c.subscription = p_name and c.shard = k order by c.pos desc limit 1) c
		 cross join lateral (
			select v.* from event v
			 where v.shard = k and v.pos > c.pos and v.pos > low and v.pos <= head and v.pos <= coalesce(c.seen_to, head)
			   and v.topic = any (s.topics)
			 order by v.pos limit c.most) x) e
	 order by e.pos;
end $$;

-- In the transaction that took them.
create or replace function bus.advance(p_name text, p_shards bigint[], p_positions bigint[]) returns void
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
	perform bus.own_subscription(p_name);
	update cursor c set pos = t.pos, trying_pos = null, tries = 0, updated_at = clock_timestamp()
	  from unnest(p_shards, p_positions) t (shard, pos)
	 cross join lateral (
		select k.pos as at from cursor k where k.subscription = p_name and k.shard = t.shard order by k.pos desc limit 1) k
	 where c.subscription = p_name and c.shard = t.shard and c.pos = k.at and c.pos < t.pos;
end $$;

-- A parked event to try: with its shard's cursor locked, so that nothing is parked behind it meanwhile.
create or replace function bus.take_parked(p_name text, p_pos bigint)
returns table ("position" bigint, id uuid, topic text, aggregate_type text, aggregate_id text, order_key text, payload jsonb,
	traceparent text, request_id text, created_at timestamptz)
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.own_subscription(p_name);
	perform 1 from parked p
	 cross join lateral (
		select from cursor c where c.subscription = p_name and c.shard = p.shard order by c.pos desc limit 1 for update) c
	 where p.subscription = p_name and p.pos = p_pos;
	return query
	select p.pos, (p.event ->> 'event_id')::uuid, p.event ->> 'topic', p.event ->> 'aggregate_type', p.event ->> 'aggregate_id',
		p.order_key, p.event -> 'payload', p.event #>> '{headers,traceparent}', p.event #>> '{headers,request_id}', (p.event ->> 'created_at')::timestamptz
	  from parked p where p.subscription = p_name and p.pos = p_pos and p.state = 'retry' for update;
end $$;

-- What staff decides about a subscription; each is false when there is none of that name.

-- A paused one keeps its place, and the log keeps what it has not seen. A batch in hand ends.
create function bus.pause(p_name text, p_paused boolean) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	update subscription set paused = p_paused where name = p_name;
	return found;
end $$;

-- All events after the position come, or come again; those before do not. What was parked of them
-- comes with the others, and its attempts are forgotten. Waits for the batches in hand.
create function bus.replay(p_name text, p_pos bigint) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	start constant bigint := least(greatest(p_pos, 0), bus.head());
begin
	perform 1 from cursor where subscription = p_name order by shard for update;
	if not found then
		return false;
	end if;
	delete from parked where subscription = p_name and pos > start;
	update cursor set pos = start, trying_pos = null, tries = 0, careful_to = 0, updated_at = clock_timestamp()
	 where subscription = p_name;
	return true;
end $$;

create function bus.replay_since(p_name text, p_time timestamptz) returns boolean
language sql security definer set search_path = bus, pg_temp as $$
	select bus.replay(p_name, bus.position_at(p_time))
$$;

grant execute on function bus.subscribe(text, text[], text, timestamptz) to es_service;
grant execute on function bus.position_at(timestamptz), bus.pause(text, boolean), bus.replay(text, bigint),
	bus.replay_since(text, timestamptz) to es_bus;

-- For the back office: what waits, exactly up to 10,000, and for how long already. crashes: how often
-- the batch in hand of the worst shard was begun without coming back.
create view bus.subscription_state as
	select s.name, s.owner, s.topics, s.paused, s.created_at, w.waiting, w.oldest_at, c.updated_at as active_at,
		p.retrying, p.blocked, p.dead,
		-- cursors follow in long steps where there is nothing for them
		case when w.waiting = 0 then h.pos else c.pos end as position,
		case when w.waiting = 0 then 0 else greatest(extract(epoch from now() - w.oldest_at), 0) end::double precision as lag_secs,
		c.crashes
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
grant select on bus.subscription_state to es_bus;

-- With the request that caused it: its log lines tell the rest.
create or replace view bus.dead_letter as
	select id, 'event'::text as kind, subscription as source, event ->> 'topic' as topic, order_key as key, attempts,
		last_error as error, event -> 'payload' as payload, (event ->> 'created_at')::timestamptz as created_at, settled_at as dead_at,
		pos as position, event #>> '{headers,request_id}' as request_id,
		split_part(event #>> '{headers,traceparent}', '-', 2) as trace_id
	  from bus.parked where state = 'dead'
	union all
	select public_id, 'job', queue, null, dedup_key, attempts, last_error, payload, created_at, settled_at, null, null, null
	  from bus.job where state = 'dead';
