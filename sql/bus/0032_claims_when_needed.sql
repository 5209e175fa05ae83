-- A claim tells who died with a batch in hand. It is a transaction of its own, so it is made only
-- where that is likely: else a batch is one transaction, found without writing.

-- Shards of one subscription that have events. They are claimed where a batch did not come back, where
-- events are handled one by one since, and where so much waits that processes share it. Where there is
-- nothing for them cursors follow, all at once and not often.
create function bus.find_shards(p_subscription bus.subscription, p_head bigint) returns setof smallint
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
	places bigint[];
	low bigint;
	in_doubt boolean;
begin
	select array_agg(c.pos order by k), min(c.pos), bool_or(c.trying_pos > c.pos or c.careful_to > c.pos)
	  into places, low, in_doubt
	  from generate_series(0, 15) k
	 cross join lateral (
		select * from cursor x where x.subscription = p_subscription.name and x.shard = k order by x.pos desc limit 1) c;
	if low is null or low >= p_head then
		return;
	end if;
	if in_doubt or p_head - low > 1000 then
		return query select bus.claim_shards(p_subscription, p_head);
		return;
	end if;
	if p_head - low > 250 then
		update cursor c set pos = p_head, updated_at = clock_timestamp()
		  from (select x.shard, x.pos from unnest(places) with ordinality p (pos, n)
			  join cursor x on x.subscription = p_subscription.name and x.shard = p.n - 1 and x.pos = p.pos
			 where x.pos < p_head and not exists (
				select from event e
				 where e.shard = x.shard and e.pos > x.pos and e.pos > low and e.pos <= p_head and e.topic = any (p_subscription.topics))
			   for update of x skip locked) f
		 where c.subscription = p_subscription.name and c.shard = f.shard and c.pos = f.pos;
	end if;
	return query
	select distinct e.shard from event e
	 where e.pos > low and e.pos <= p_head and e.topic = any (p_subscription.topics) and e.pos > places[e.shard + 1];
end $$;

-- Everything a process may do now, for all its subscriptions: shards to take, parked events to try.
-- p_careful: it has just begun, or a batch of it failed, and whatever it does is claimed first.
create function bus.claim(p_names text[], p_careful boolean) returns table (subscription text, shard integer, parked_pos bigint)
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
		if p_careful then
			return query select n, c::integer, null::bigint from bus.claim_shards(s, head) c;
		else
			return query select n, c::integer, null::bigint from bus.find_shards(s, head) c;
		end if;
		if exists (select from parked p where p.subscription = n and p.state = 'retry' and p.next_at <= now()) then
			return query select n, null::integer, c from bus.claim_parked(s) c;
		end if;
	end loop;
end $$;
drop function bus.claim(text[]);
grant execute on function bus.claim(text[], boolean) to es_service;
