-- What is told to the audit log of signing in: where waiting begins, and keys that are used after their end.

-- As before, and begun: which of the keys has to wait for the first time, from 1; 0: none.
drop function auth.begin_attempts(text[], integer[]);
create function auth.begin_attempts(p_keys text[], p_free integer[], out seconds bigint, out begun bigint)
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	k record;
	a attempt;
begin
	seconds := 0;
	begun := 0;
	for k in select key, free from unnest(p_keys, p_free) as t(key, free) where free > 0 order by key loop
		insert into attempt (email_hash) values (k.key) on conflict do nothing;
		select * into a from attempt where email_hash = k.key for update;
		seconds := greatest(seconds, ceil(extract(epoch from a.blocked_until - now()))::bigint);
	end loop;
	if seconds > 0 then
		return;
	end if;
	with n as (
		select old.email_hash as key, t.free, t.place,
			case when old.tried_at < now() - interval '1 day' then 0 else old.failures end as count
		  from unnest(p_keys, p_free) with ordinality as t(key, free, place) join attempt old on old.email_hash = t.key
		 where t.free > 0),
	counted as (
		update attempt
		   set failures = n.count + 1, tried_at = now(),
		       blocked_until = case when n.count < n.free then now()
			else now() + least(900, power(2, least(n.count - n.free, 20))) * interval '1 second' end
		  from n where email_hash = n.key
		returning n.place, n.count = n.free as begins)
	select coalesce(min(place) filter (where begins), 0) into begun from counted;
end $$;

-- In order of time, as the ids that services make.
create function auth.uuid_v7() returns uuid language sql volatile as $$
	select encode(set_byte(overlay(uuid_send(gen_random_uuid())
			placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
		6, (get_byte(uuid_send(gen_random_uuid()), 6) & 15) | 112), 'hex')::uuid
$$;

-- A key that ended and is still used is a program that nobody stopped, or a thief. Told once an hour, however often it is tried,
-- by a trace of its own: who is asked whose a key is does not hear of the request.
alter table auth.api_key add column refused_at timestamptz;
create function auth.refuse_key(p_token_hash text) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	k record;
begin
	update api_key set refused_at = now()
	 where token_hash = p_token_hash and (revoked_at is not null or expires_at <= now())
	   and (refused_at is null or refused_at < now() - interval '1 hour')
	returning id, account_id, case when revoked_at is not null then 'revoked' else 'expired' end as state into k;
	if found then
		perform audit(uuid_v7(), 'api_key', k.account_id, 'api_key.refuse', 'api_key', k.id::text,
			null, jsonb_build_object('reason', k.state), null, null,
			format('00-%s-%s-01', replace(gen_random_uuid()::text, '-', ''), left(md5(k.id::text || now()), 16)));
	end if;
end $$;

create or replace function auth.key_subject(p_token_hash text)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language plpgsql volatile security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	with used as (
		update api_key set last_used_at = now()
		 where token_hash = p_token_hash and revoked_at is null and (expires_at is null or expires_at > now())
		   and (last_used_at is null or last_used_at < now() - interval '1 minute'))
	select a.id, k.id, a.email, a.name, a.roles <> '{customer}', to_jsonb(a.roles),
		(select coalesce(jsonb_agg(p order by p), '[]'::jsonb) from jsonb_array_elements_text(permissions_of(a.roles)) as p
		  where p = any (k.scopes))
	  from api_key k join account a on a.id = k.account_id
	 where k.token_hash = p_token_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
	   and a.state = 'active';
	if not found then
		perform refuse_key(p_token_hash);
	end if;
end $$;

revoke execute on function auth.begin_attempts(text[], integer[]), auth.uuid_v7(), auth.refuse_key(text) from public;
grant execute on function auth.begin_attempts(text[], integer[]) to es_auth;
