-- The sequencer: looks that cost the same whatever lies dead in the outbox, a head that is the
-- log's own last row, a leader that is relieved the moment it is gone, and retention that waits
-- for nobody.

-- The head was a row, updated by every batch: a held snapshot made reading it slower and slower.
-- It is the last event; the floor, moved once a partition, spares looking for it in old ones and
-- keeps positions going on when the log is empty.
create table bus.log_floor (pos bigint not null);
insert into bus.log_floor (pos)
select case when exists (select from bus.event e where e.pos = h.pos)
	then greatest(h.pos / bus.partition_size() * bus.partition_size(), 1) else h.pos + 1 end
  from bus.log_head h;

create function bus.head() returns bigint
language plpgsql stable security definer set search_path = bus, pg_temp as $$
declare
	floor_pos bigint := (select f.pos from log_floor f);
begin
	return coalesce((select e.pos from event e where e.pos >= floor_pos order by e.pos desc limit 1), floor_pos - 1);
end $$;
alter function bus.head() set plan_cache_mode = force_generic_plan;
grant execute on function bus.head() to es_bus;

drop view bus.subscription_state;  -- made again in 0022
drop table bus.log_head;
create view bus.log_head as select bus.head() as pos;
grant select on bus.log_head to es_bus;

create or replace function bus.ensure_partitions(p_ahead integer default 2) returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	size constant bigint := bus.partition_size();
	head bigint;
	made integer := 0;
	part text;
begin
	perform pg_advisory_xact_lock(hashtext('bus.ensure_partitions'));
	head := bus.head();
	update log_floor set pos = head / size * size where pos < head / size * size;
	for k in head / size .. head / size + p_ahead loop
		part := format('event_%s', lpad(k::text, 8, '0'));
		continue when to_regclass('bus.' || part) is not null;
		execute format('create table bus.%I (like bus.event including defaults, check (pos >= %s and pos < %s)) with (fillfactor = 100)',
			part, k * size, (k + 1) * size);
		execute format('alter table bus.event attach partition bus.%I for values from (%s) to (%s)', part, k * size, (k + 1) * size);
		execute format('alter table bus.%I drop constraint %I', part, part || '_pos_check');
		made := made + 1;
	end loop;
	return made;
end $$;

-- One batch; answers how many. The lock makes a second sequencer harmless.
--
-- "low drawn mine" is what this session knows of the outbox: below low no row will ever be seen
-- again, and when nobody older than mine runs any more, no row up to drawn will appear. A row's
-- writer had its transaction id before its number, and we take ours after reading the last number:
-- so all numbers up to that one are of transactions older than ours. When those have ended, what
-- the outbox shows of their rows is all there is, and low moves on to the first. A snapshot that
-- only reads has no transaction id and hinders nothing. It is known to this session only: the next
-- one begins with a look at everything.
create or replace function bus.sequence_batch(p_limit integer default 500) returns integer
language plpgsql security definer set search_path = bus, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
	known constant text[] := string_to_array(coalesce(nullif(current_setting('bus.outbox_known', true), ''), '0'), ' ');
	low bigint := known[1]::bigint;
	drawn bigint := known[2]::bigint;
	mine xid8 := known[3]::xid8;
	oldest xid8;
	first bigint;
	far boolean;
	head bigint;
	n integer;
	topics text;
begin
	select o.seq into first from outbox o where o.seq >= low order by o.seq limit 1;
	-- Only now and then: stepping over some dead rows is cheaper.
	far := coalesce(first, (select last_value from outbox_seq_seq)) - low > 200;
	if far and mine is not null then
		oldest := (select pg_snapshot_xmin(pg_current_snapshot()));
	end if;
	if oldest > mine then
		-- again: what it shows now, not before we asked who runs
		select o.seq into first from outbox o where o.seq >= low order by o.seq limit 1;
		low := least(first, drawn + 1);
		far := false;
		mine := case when low <= drawn then mine end;
		perform set_config('bus.outbox_known', concat_ws(' ', low, case when mine is not null then drawn end, mine), false);
	end if;
	if far and mine is null and pg_current_xact_id_if_assigned() is null then
		drawn := (select last_value from outbox_seq_seq);
		mine := (select pg_current_xact_id());
		perform set_config('bus.outbox_known', concat_ws(' ', low, drawn, mine), false);
	end if;
	if first is null then
		return 0;
	end if;
	-- A batch that a crash of the server takes back is still in the outbox, and whoever saw it is
	-- taken back with it: no need to wait for the disk.
	perform set_config('synchronous_commit', 'off', true);
	perform pg_advisory_xact_lock(hashtext('bus.sequence_batch'));
	head := bus.head();
	if (head + p_limit) / bus.partition_size() <> head / bus.partition_size() then
		perform bus.ensure_partitions();
	end if;
	-- a statement of its own after the lock: its snapshot sees all that the last batch left
	with gone as (
		delete from outbox o using (select ctid from outbox where seq >= low order by seq limit p_limit) s
		 where o.ctid = s.ctid returning o.*),
	logged as (
		insert into event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, headers, created_at)
		select head + row_number() over (order by seq), bus.shard_of(order_key), event_id, topic, aggregate_type, aggregate_id,
			order_key, payload, headers, created_at
		  from gone returning topic)
	select count(*), string_agg(distinct l.topic, ' ') into n, topics from logged l;
	if n > 0 then
		perform pg_notify('bus', topics);
	end if;
	return n;
end $$;

-- To be the sequencer: waits for whoever is, at most that long. The lock lives as long as its
-- connection, so the next one has it in the moment in which the last one is gone.
create function bus.lead(p_wait_ms integer) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	perform set_config('lock_timeout', p_wait_ms::text, true);
	perform pg_advisory_lock(hashtext('ecostore sequencer'));
	return true;
exception when lock_not_available then
	return false;
end $$;

-- Whether something has waited so long that the one who leads seems to be alive and yet does nothing.
create function bus.is_neglected() returns boolean
language sql stable security definer set search_path = bus, pg_temp as $$
	select coalesce((select created_at < clock_timestamp() - interval '1 second' from outbox order by seq limit 1), false)
$$;

-- While a snapshot is held nothing that was deleted can be cleaned away: give the space back whole, in a moment
-- when nobody emits. Emitters wait up to 50 ms for it, and only when the outbox is as large as that.
create function bus.trim_outbox(p_bytes bigint default 67108864) returns boolean
language plpgsql security definer set search_path = bus, pg_temp as $$
begin
	if pg_total_relation_size('bus.outbox') < p_bytes then
		return false;
	end if;
	perform set_config('lock_timeout', '50', true);
	lock table outbox in access exclusive mode;
	if exists (select from outbox) then
		perform bus.sequence_batch(20000);
	end if;
	if exists (select from outbox) then
		return false;
	end if;
	truncate outbox;
	return true;
exception when lock_not_available then
	return false;
end $$;

-- Whole partitions that every cursor has passed, that no event waits in to be tried again, and that are old
-- enough; never the last one that has events. Whoever reads the log for long (a backup) is not waited for.
create or replace function bus.drop_old(p_keep interval default '30 days') returns integer
language plpgsql security definer set search_path = bus, pg_temp as $$
declare
	size constant bigint := bus.partition_size();
	low constant bigint := least((select min(pos) from cursor), (select min(pos) - 1 from parked where state in ('retry', 'blocked')), bus.head());
	newest timestamptz;
	part text;
	n integer := 0;
begin
	perform set_config('lock_timeout', '100', true);
	for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
		 where i.inhparent = 'bus.event'::regclass order by c.relname loop
		exit when (right(part, 8)::bigint + 1) * size > low;
		execute format('select logged_at from bus.%I order by pos desc limit 1', part) into newest;
		exit when newest > now() - p_keep;
		begin
			execute format('drop table bus.%I', part);
		exception when lock_not_available then
			exit;
		end;
		n := n + 1;
	end loop;
	return n;
end $$;

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
grant execute on function bus.lead(integer), bus.is_neglected(), bus.trim_outbox(bigint) to es_bus;
