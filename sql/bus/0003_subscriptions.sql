-- Subscriptions: cursors over the log, one per shard. A consumer first claims what has work
-- (committed, so that an event that kills its consumer is counted), then in one transaction
-- takes the events of those shards, handles each in a savepoint and moves the cursors: effects
-- in this database happen exactly once. What fails is parked; later events of its key wait
-- behind it, blocked, until it is done or dead.

create table bus.subscription (
	name         text primary key check (name ~ '^[a-z_]+\.[a-z_]+$'),
	owner        text        not null default session_user,
	topics       text[]      not null,
	max_attempts integer     not null default 8 check (max_attempts > 0),
	paused       boolean     not null default false,
	created_at   timestamptz not null default now()
);

create table bus.cursor (
	subscription text     not null references bus.subscription on delete cascade,
	shard        smallint not null,
	pos          bigint   not null,             -- all up to here is handled or parked
	trying_pos   bigint,                        -- the first event of the batch in hand,
	tries        integer  not null default 0,   -- and how often it was begun
	careful_to   bigint   not null default 0,   -- up to here one event at a time: some batch never came back
	updated_at   timestamptz not null default now(),
	primary key (subscription, shard)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create table bus.parked (
	subscription text        not null references bus.subscription on delete cascade,
	pos          bigint      not null,
	id           uuid        not null default gen_random_uuid() unique,
	shard        smallint    not null,
	order_key    text        not null,
	state        text        not null check (state in ('retry', 'blocked', 'dead', 'skipped')),
	attempts     integer     not null,
	next_at      timestamptz not null default now(),
	last_error   text,
	event        jsonb       not null,          -- whole: outlives the log's partition
	parked_at    timestamptz not null default now(),
	settled_at   timestamptz,                   -- dead or skipped since
	primary key (subscription, pos)
);
create index parked_due on bus.parked (subscription, next_at) where state = 'retry';
create index parked_key on bus.parked (subscription, order_key, pos) where state in ('retry', 'blocked');
create index parked_settled on bus.parked (settled_at) where state in ('dead', 'skipped');

-- 2 s, 4 s, 8 s … one hour, a quarter more or less.
create function bus.backoff(p_attempts integer) returns interval language sql volatile as $$
	select least(interval '1 hour', interval '2 seconds' * power(2, least(p_attempts, 20) - 1)) * (0.75 + random() * 0.5)
$$;

-- Refuses other services' subscriptions.
create function bus.own_subscription(p_name text) returns bus.subscription
language plpgsql stable security definer set search_path = bus, pg_temp as $$
declare
	s subscription;
begin
	select * into s from subscription where name = p_name;
	if not found or not pg_has_role(session_user, s.owner, 'member') then
		raise exception 'subscription % is not of %', p_name, session_user using errcode = 'insufficient_privilege';
	end if;
	return s;
end $$;

-- A new subscription starts at the beginning of the log, so that it does not matter which
-- service is started first; who must not act on old facts looks at their time.
create function bus.subscribe(p_name text, p_topics text[]) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	unknown text;
begin
	select t into unknown from unnest(p_topics) t where not exists (select from topic where name = t);
	if found then
		raise exception 'topic % is not declared', unknown using errcode = 'undefined_object';
	end if;
	insert into subscription (name, topics) values (p_name, p_topics) on conflict (name) do nothing;
	perform bus.own_subscription(p_name);
	update subscription set topics = p_topics where name = p_name and topics <> p_topics;
	insert into cursor (subscription, shard, pos) select p_name, s, 0 from generate_series(0, 15) s on conflict do nothing;
end $$;

-- Let the oldest waiting event of the key be tried, unless one before it still is.
create function bus.release_key(p_subscription text, p_order_key text) returns void
language sql security definer set search_path = bus, pg_temp as $$
	update parked p set state = 'retry', attempts = 0, next_at = now()
	  from (select pos, state from parked
		 where subscription = p_subscription and order_key = p_order_key and state in ('retry', 'blocked')
		 order by pos limit 1) f
	 where p.subscription = p_subscription and p.pos = f.pos and f.state = 'blocked'
$$;

-- Park the event of the log. No error: it waits behind an earlier one of its key.
create function bus.park(p_subscription text, p_pos bigint, p_error text) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	s subscription := bus.own_subscription(p_subscription);
begin
	insert into parked (subscription, pos, shard, order_key, state, attempts, next_at, last_error, event, settled_at)
	select s.name, e.pos, e.shard, e.order_key,
		case when p_error is null then 'blocked' when s.max_attempts = 1 then 'dead' else 'retry' end,
		case when p_error is null then 0 else 1 end, now() + bus.backoff(1), p_error, to_jsonb(e),
		case when p_error is not null and s.max_attempts = 1 then now() end
	  from event e where e.pos = p_pos
	on conflict do nothing;
end $$;

-- A batch that was begun again and again without coming back is left behind, event by event.
create function bus.bury_crashed(p_subscription text, p_shard smallint, p_pos bigint) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.park(p_subscription, p_pos, 'the consumer stopped each time while handling this event');
	update parked set state = 'dead', settled_at = now() where subscription = p_subscription and pos = p_pos;
	update cursor set pos = p_pos, trying_pos = null, tries = 0 where subscription = p_subscription and shard = p_shard;
end $$;

-- Shards of one subscription that have events, at most eight so that other processes find some too.
create function bus.claim_shards(p_subscription bus.subscription, p_head bigint) returns setof smallint
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	r record;
begin
	for r in
		with lagging as (
			select c.shard, c.pos, n.first, n.last, n.seen
			  from cursor c
			 cross join lateral (
				select min(x.pos) filter (where x.topic = any (p_subscription.topics)) as first, max(x.pos) as last,
					count(*) as seen
				  from (select e.pos, e.topic from event e
					 where e.shard = c.shard and e.pos > c.pos and e.pos <= p_head
					 order by e.pos limit 200) x) n
			 where c.subscription = p_subscription.name and c.pos < p_head and n.seen > 0
			   -- claimed a moment ago: whoever did is about to lock it
			   and (c.trying_pos is null or c.trying_pos <= c.pos or c.updated_at < clock_timestamp() - interval '500 milliseconds')),
		work as (
			select c.shard, l.first, l.last
			  from lagging l join cursor c on c.subscription = p_subscription.name and c.shard = l.shard and c.pos = l.pos
			-- nothing for it: the cursor follows in long steps only, not at every batch
			 where l.first is not null or l.seen = 200 or l.last - l.pos > 1000
			 order by c.updated_at limit 8 for update of c skip locked)
		update cursor c set updated_at = clock_timestamp(), trying_pos = w.first,
			pos = coalesce(w.first - 1, w.last),
			tries = case when w.first = c.trying_pos then c.tries + 1 when w.first is null then 0 else 1 end,
			careful_to = case when w.first = c.trying_pos and c.tries > 1 then p_head else c.careful_to end
		  from work w
		 where c.subscription = p_subscription.name and c.shard = w.shard
		returning c.shard, w.first, c.tries
	loop
		if r.tries > 8 then
			perform bus.bury_crashed(p_subscription.name, r.shard, r.first);
		elsif r.first is not null then
			return next r.shard;
		end if;
	end loop;
end $$;

-- Parked events that are due, at most 16; the attempt is counted before it is made.
create function bus.claim_parked(p_subscription bus.subscription) returns setof bigint
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	r record;
begin
	for r in
		with due as (
			select p.pos from parked p
			 where p.subscription = p_subscription.name and p.state = 'retry' and p.next_at <= now()
			   and not exists (select from parked q where q.subscription = p.subscription and q.order_key = p.order_key
				and q.state in ('retry', 'blocked') and q.pos < p.pos)
			 order by p.next_at limit 16 for update of p skip locked)
		update parked p set attempts = p.attempts + 1, next_at = now() + bus.backoff(p.attempts + 1)
		  from due d where p.subscription = p_subscription.name and p.pos = d.pos
		returning p.pos, p.attempts, p.order_key
	loop
		if r.attempts > p_subscription.max_attempts then
			update parked set state = 'dead', settled_at = now() where subscription = p_subscription.name and pos = r.pos;
			perform bus.release_key(p_subscription.name, r.order_key);
		else
			return next r.pos;
		end if;
	end loop;
end $$;

-- Everything a process may do now, for all its subscriptions: shards to take, parked events to try.
create function bus.claim(p_names text[]) returns table (subscription text, shard integer, parked_pos bigint)
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	head bigint;
	s bus.subscription;
	n text;
begin
	-- lost claims are claimed again: no need to wait for the disk
	perform set_config('synchronous_commit', 'off', true);
	select pos into head from log_head;
	foreach n in array p_names loop
		s := bus.own_subscription(n);
		continue when s.paused;
		return query select n, c::integer, null::bigint from bus.claim_shards(s, head) c;
		return query select n, null::integer, c from bus.claim_parked(s) c;
	end loop;
end $$;

-- Lock those of the shards that are free, and hand out their next events in log order. upto: where
-- the shard's cursor goes when this batch is done. blocked: an earlier event of the key is parked.
create function bus.take(p_name text, p_shards bigint[], p_limit integer)
returns table (shard integer, upto bigint, "position" bigint, id uuid, topic text, aggregate_type text, aggregate_id text,
	order_key text, payload jsonb, traceparent text, request_id text, created_at timestamptz, blocked boolean)
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	s bus.subscription := bus.own_subscription(p_name);
	head bigint;
	locked smallint[];
begin
	select array_agg(l.shard) into locked from (
		select c.shard from cursor c where c.subscription = p_name and c.shard = any (p_shards) for update skip locked) l;
	select h.pos into head from log_head h;
	return query
	select e.shard::integer,
		case when count(*) over (partition by e.shard) < e.most then head else max(e.pos) over (partition by e.shard) end,
		e.pos, e.event_id, e.topic, e.aggregate_type, e.aggregate_id, e.order_key, e.payload,
		e.headers ->> 'traceparent', e.headers ->> 'request_id', e.created_at,
		exists (select from parked p where p.subscription = p_name and p.order_key = e.order_key and p.state in ('retry', 'blocked'))
	  from (select x.*, m.most from cursor c
		 cross join lateral (select case when c.pos < c.careful_to then 1 else p_limit end as most) m
		 cross join lateral (
			select v.* from event v
			 where v.shard = c.shard and v.pos > c.pos and v.pos <= head and v.topic = any (s.topics)
			 order by v.pos limit m.most) x
		 where c.subscription = p_name and c.shard = any (locked)) e
	 order by e.pos;
end $$;

-- In the transaction that took them.
create function bus.advance(p_name text, p_shards bigint[], p_positions bigint[]) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.own_subscription(p_name);
	update cursor c set pos = t.pos, trying_pos = null, tries = 0, updated_at = clock_timestamp()
	  from unnest(p_shards, p_positions) t (shard, pos)
	 where c.subscription = p_name and c.shard = t.shard and c.pos < t.pos;
end $$;

-- A parked event to try: with its shard's cursor locked, so that nothing is parked behind it meanwhile.
create function bus.take_parked(p_name text, p_pos bigint)
returns table ("position" bigint, id uuid, topic text, aggregate_type text, aggregate_id text, order_key text, payload jsonb,
	traceparent text, request_id text, created_at timestamptz)
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform bus.own_subscription(p_name);
	perform 1 from cursor c join parked p on p.subscription = p_name and p.pos = p_pos
	  where c.subscription = p_name and c.shard = p.shard for update of c;
	return query
	select p.pos, (p.event ->> 'event_id')::uuid, p.event ->> 'topic', p.event ->> 'aggregate_type', p.event ->> 'aggregate_id',
		p.order_key, p.event -> 'payload', p.event #>> '{headers,traceparent}', p.event #>> '{headers,request_id}', (p.event ->> 'created_at')::timestamptz
	  from parked p where p.subscription = p_name and p.pos = p_pos and p.state = 'retry' for update;
end $$;

create function bus.parked_done(p_name text, p_pos bigint) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	k text;
begin
	perform bus.own_subscription(p_name);
	delete from parked where subscription = p_name and pos = p_pos returning order_key into k;
	perform bus.release_key(p_name, k);
end $$;

create function bus.parked_failed(p_name text, p_pos bigint, p_error text) returns void
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	s subscription := bus.own_subscription(p_name);
	r record;
begin
	update parked set last_error = p_error,
		state = case when attempts >= s.max_attempts then 'dead' else state end,
		settled_at = case when attempts >= s.max_attempts then now() end
	 where subscription = p_name and pos = p_pos returning order_key, state into r;
	if r.state = 'dead' then
		perform bus.release_key(p_name, r.order_key);
	end if;
end $$;

grant execute on function bus.subscribe(text, text[]), bus.claim(text[]), bus.take(text, bigint[], integer),
	bus.advance(text, bigint[], bigint[]), bus.park(text, bigint, text), bus.take_parked(text, bigint),
	bus.parked_done(text, bigint), bus.parked_failed(text, bigint, text) to es_service;

-- For the back office: what waits, exactly up to 10,000.
create view bus.subscription_state as
	select s.name, s.owner, s.topics, s.paused, s.created_at, w.waiting, w.oldest_at, c.updated_at as active_at,
		p.retrying, p.blocked, p.dead
	  from bus.subscription s
	 cross join lateral (select max(updated_at) as updated_at from bus.cursor where subscription = s.name) c
	 cross join lateral (
		select count(*) as waiting, min(x.created_at) as oldest_at
		  from (select e.created_at from bus.cursor c join bus.event e on e.shard = c.shard and e.pos > c.pos
			 where c.subscription = s.name and e.topic = any (s.topics) limit 10000) x) w
	 cross join lateral (
		select count(*) filter (where state = 'retry') as retrying, count(*) filter (where state = 'blocked') as blocked,
			count(*) filter (where state = 'dead') as dead
		  from bus.parked where subscription = s.name) p;
grant select on bus.subscription_state to es_bus;

-- Whole partitions that every cursor has passed and that are old enough.
create function bus.drop_old(p_keep interval default '30 days') returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	size constant bigint := bus.partition_size();
	low bigint;
	newest timestamptz;
	part text;
	n integer := 0;
begin
	select coalesce(min(pos), 0) into low from cursor;
	for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
		 where i.inhparent = 'bus.event'::regclass order by c.relname loop
		exit when (right(part, 8)::bigint + 1) * size - 1 > low;
		execute format('select logged_at from bus.%I order by pos desc limit 1', part) into newest;
		exit when newest > now() - p_keep;
		execute format('alter table bus.event detach partition bus.%I', part);
		execute format('drop table bus.%I', part);
		n := n + 1;
	end loop;
	return n;
end $$;
grant execute on function bus.drop_old(interval) to es_bus;
