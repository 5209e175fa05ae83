-- A customer's token in one look at one index, in place of customer_stands(): a session carries a stamp, drawn anew whenever anything
-- changes of what token_subject() says of it. Whoever remembers an answer with its stamp asks only whether the stamp still stands.
-- A stamp opens nothing and names nobody, so services may read the view.

alter table auth.session add column stamp uuid not null default gen_random_uuid();
create unique index session_stamp on auth.session (stamp) where ended_at is null;

create function auth.restamp() returns trigger language plpgsql as $$
begin
	new.stamp := gen_random_uuid();
	return new;
end $$;
create trigger session_stamp before update of version, ended_at, limited, account_id on auth.session
	for each row execute function auth.restamp();

create function auth.restamp_sessions() returns trigger language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	update session set stamp = gen_random_uuid() where account_id = new.id and ended_at is null;
	return null;
end $$;
revoke all on function auth.restamp_sessions() from public;
create trigger account_stamp after update of email, name, roles, state on auth.account
	for each row execute function auth.restamp_sessions();

-- A session that begins while its account changes waits for the change, or the change waits for it: otherwise it would miss its stamp.
create function auth.hold_account() returns trigger language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	perform from account where id = new.account_id for no key update;
	return new;
end $$;
revoke all on function auth.hold_account() from public;
create trigger session_account before insert on auth.session
	for each row execute function auth.hold_account();

create view auth.standing as
	select stamp from auth.session where ended_at is null and expires_at > now();
grant select on auth.standing to es_service;

drop function auth.customer_stands(uuid, bigint, text, text);
drop function auth.token_subject(uuid, bigint);
create function auth.token_subject(p_session_id uuid, p_session_version bigint)
	returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb, stamp uuid)
language plpgsql stable security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}' and not s.limited, to_jsonb(a.roles),
		case when s.limited then '[]'::jsonb else permissions_of(a.roles) end, s.stamp
	  from session s join account a on a.id = s.account_id
	 where s.id = p_session_id and s.version = p_session_version and s.ended_at is null and s.expires_at > now()
	   and a.state = 'active';
end $$;
revoke all on function auth.token_subject(uuid, bigint) from public;
grant execute on function auth.token_subject(uuid, bigint) to es_service;
