-- What staff did, and what happened to accounts: appended in the transaction of the act, by any
-- service; then chained by one consumer in the log's order, so that nobody waits for a chain's
-- head. An entry that is changed, taken out or put in between breaks the chain from there on.
-- Nobody's role may change or remove an entry or a link.

create table auth.audit_entry (
	id          uuid primary key,                                  -- v7: in order of time, nearly
	at          timestamptz not null default clock_timestamp(),
	service     text not null default session_user,
	actor_kind  text not null check (actor_kind in ('session', 'token', 'api_key', 'anonymous', 'system')),
	actor_id    uuid,                                              -- the account; its name is looked up, so that erasure works
	action      text not null check (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
	object_type text,
	object_id   text,
	before      jsonb,
	after       jsonb,
	network     text,                                              -- where from, shortened: 192.0.2.0/24, 2001:db8:1::/48
	request_id  text,
	trace_id    text,
	check ((object_type is null) = (object_id is null))
);
create index audit_entry_object on auth.audit_entry (object_type, object_id, id desc) where object_type is not null;
create index audit_entry_actor on auth.audit_entry (actor_id, id desc) where actor_id is not null;
create index audit_entry_action on auth.audit_entry (action text_pattern_ops, id desc);

create table auth.audit_link (
	position bigint primary key,
	entry_id uuid  not null unique references auth.audit_entry,
	hash     bytea not null check (octet_length(hash) = 32)
);

select bus.declare_topic('audit.recorded', 'es_auth', 1, 'An entry of the audit log waits to be chained.',
	'{"type": "object", "required": ["entry_id"], "properties": {"entry_id": {"type": "string", "format": "uuid"}}}',
	'{"entry_id": "0198f1c2-9a10-7c3b-8a4f-6d5e4c3b2a19"}');

-- Published. All entries have one order_key, so that one consumer sees them one after the other.
create function auth.audit(p_id uuid, p_actor_kind text, p_actor_id uuid, p_action text, p_object_type text, p_object_id text,
	p_before jsonb, p_after jsonb, p_address text, p_request_id text, p_traceparent text)
returns void language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	insert into audit_entry (id, actor_kind, actor_id, action, object_type, object_id, before, after, network, request_id, trace_id)
	values (p_id, p_actor_kind, p_actor_id, p_action, p_object_type, p_object_id, p_before, p_after,
		case when p_address <> '' then network(set_masklen(p_address::inet,
			case family(p_address::inet) when 4 then 24 else 48 end))::text end,
		p_request_id, split_part(p_traceparent, '-', 2));
	perform bus.emit('audit.recorded', 'audit', p_id::text, 'audit', jsonb_build_object('entry_id', p_id),
		jsonb_strip_nulls(jsonb_build_object('traceparent', p_traceparent, 'request_id', p_request_id)));
end $$;

-- SHA-256 of the hash before and every column of the entry, as a JSON array in UTF-8.
create function auth.audit_hash(p_before bytea, e auth.audit_entry) returns bytea language sql immutable as $$
	select sha256(p_before || convert_to(jsonb_build_array(e.id, (extract(epoch from e.at) * 1000000)::bigint, e.service, e.actor_kind,
		e.actor_id, e.action, e.object_type, e.object_id, e.before, e.after, e.network, e.request_id, e.trace_id)::text, 'UTF8'))
$$;

-- The consumer's step; the same entry twice is one link.
create function auth.audit_chain(p_entry uuid) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	last audit_link;
begin
	if exists (select from audit_link where entry_id = p_entry) then
		return;
	end if;
	select * into last from audit_link order by position desc limit 1 for update;
	insert into audit_link (position, entry_id, hash)
	select coalesce(last.position, 0) + 1, e.id, auth.audit_hash(coalesce(last.hash, sha256('')), e)
	  from audit_entry e where e.id = p_entry;
end $$;

-- Walks the newest p_most links (null: all): which is the first that does not follow from the one
-- before it, and what is not chained. The head's hash, noted elsewhere, shows an end cut off.
create function auth.audit_verify(p_most bigint)
returns table (checked bigint, broken_position bigint, broken_entry uuid, unchained bigint, unchained_since timestamptz,
	head_position bigint, head_hash text)
language sql stable security definer set search_path = auth, pg_temp as $$
	with head as (select l.position, encode(l.hash, 'hex') as hash from audit_link l order by l.position desc limit 1),
	links as (
		select l.position, l.entry_id, l.hash, lag(l.position) over w as position_before, lag(l.hash) over w as hash_before
		  from audit_link l where p_most is null or l.position >= (select position from head) - p_most
		window w as (order by l.position)),
	judged as (
		select k.position, k.entry_id, k.hash is distinct from audit_hash(coalesce(k.hash_before, sha256('')), e)
			or k.position <> coalesce(k.position_before, 0) + 1 as broken
		  from links k left join audit_entry e on e.id = k.entry_id
		-- the oldest of a part is only what the next follows from
		 where k.position_before is not null or k.position = 1 or p_most is null),
	waiting as (
		select count(*) as n, min(e.at) as since from audit_entry e
		 where (p_most is null or e.at > now() - interval '1 day') and not exists (select from audit_link l where l.entry_id = e.id))
	select count(*), min(j.position) filter (where j.broken),
		(select b.entry_id from judged b where b.broken order by b.position limit 1),
		(select n from waiting), (select since from waiting), (select position from head), (select hash from head)
	  from judged j
$$;

insert into auth.permission (name) values ('audit:read');
insert into auth.role_permission (role, permission) values ('admin', 'audit:read');

revoke execute on function auth.audit(uuid, text, uuid, text, text, text, jsonb, jsonb, text, text, text),
	auth.audit_hash(bytea, auth.audit_entry), auth.audit_chain(uuid), auth.audit_verify(bigint) from public;
grant execute on function auth.audit(uuid, text, uuid, text, text, text, jsonb, jsonb, text, text, text) to es_service;
grant execute on function auth.audit_chain(uuid), auth.audit_verify(bigint) to es_auth;
grant select on auth.audit_entry, auth.audit_link to es_auth;
