-- A session has an end that no use puts off, and that no statement can: staff's after a working day, customers' after what the
-- shop allows (auth-service's settings). Both it and the time without use may only become shorter.

alter table auth.session add column ends_at timestamptz not null default now() + interval '1 day';
update auth.session s set ends_at = s.created_at + interval '90 days' where s.ended_at is null;
update auth.session s set ends_at = s.created_at + interval '12 hours', idle_life = '30 minutes'
  from auth.account a where a.id = s.account_id and a.roles <> '{customer}' and s.ended_at is null;
update auth.session set expires_at = least(expires_at, now() + idle_life, ends_at);
alter table auth.session alter column idle_life set default '1 day';
alter table auth.session add check (expires_at <= ends_at);

create or replace function auth.bound_session() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' and (new.ends_at > old.ends_at or new.idle_life > old.idle_life) then
		raise exception 'session % was promised to end sooner', old.id;
	end if;
	new.expires_at := least(new.expires_at, now() + new.idle_life, new.ends_at);
	return new;
end $$;
drop trigger session_idle on auth.session;
create trigger session_bound before insert or update of expires_at, ends_at, idle_life on auth.session
	for each row execute function auth.bound_session();

-- Of the session's: a refresh token is good for no longer.
create function auth.bound_refresh_token() returns trigger language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	new.expires_at := least(new.expires_at, (select s.ends_at from session s where s.id = new.session_id));
	return new;
end $$;
create trigger refresh_token_bound before insert or update of expires_at, session_id on auth.refresh_token
	for each row execute function auth.bound_refresh_token();
update auth.refresh_token set expires_at = expires_at where spent_at is null;

-- Looks are noted sparingly: of a session that does not live long without use, more often.
create or replace function auth.session_subject(p_token_hash text)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language plpgsql volatile security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	with seen as (
		update session set seen_at = now(), expires_at = now() + idle_life
		 where token_hash = p_token_hash and ended_at is null and expires_at > now()
		   and seen_at < now() - least(interval '5 minutes', idle_life / 10))
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}' and not s.limited, to_jsonb(a.roles),
		case when s.limited then '[]'::jsonb else permissions_of(a.roles) end
	  from session s join account a on a.id = s.account_id
	 where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > now() and a.state = 'active';
end $$;

revoke execute on function auth.bound_refresh_token() from public;
grant update (idle_life, ends_at) on auth.session to es_auth;
