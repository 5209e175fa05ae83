-- Every batch woke every consumer, and each looked at all its cursors: half of PostgreSQL's
-- work on events was finding out that they are not for oneself. The news now says which
-- topics the batch has.

create or replace function bus.sequence_batch(p_limit integer default 500) returns integer
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
	head bigint;
	n integer;
	topics text;
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
		  from gone returning topic)
	select count(*), string_agg(distinct l.topic, ' ') into n, topics from logged l;
	if n > 0 then
		update log_head set pos = head + n;
		perform pg_notify('bus', topics);
	end if;
	return n;
end $$;
