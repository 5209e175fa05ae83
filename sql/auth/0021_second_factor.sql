-- A second factor: codes of an authenticator app (RFC 6238), and codes on paper for the day it is lost.

create table auth.totp (
	account_id   uuid primary key references auth.account on delete cascade,
	secret       bytea not null check (octet_length(secret) >= 20),
	created_at   timestamptz not null default now(),
	confirmed_at timestamptz,                    -- null: being set up; asks nobody for a code yet
	last_counter bigint not null default 0       -- of the newest code that was used: it and those before it are spent
);
create table auth.recovery_code (
	account_id uuid not null references auth.account on delete cascade,
	code_hash  text not null,                    -- SHA-256 of account and code
	used_at    timestamptz,
	primary key (account_id, code_hash)
);

-- The password was right, the code is still to come.
create table auth.sign_in_challenge (
	token_hash text primary key,
	account_id uuid not null references auth.account on delete cascade,
	remember   boolean not null,
	next       text,
	expires_at timestamptz not null default now() + interval '10 minutes'
);
create index sign_in_challenge_old on auth.sign_in_challenge (expires_at);

-- Staff who must have a second factor and have none: signed in, but as a customer.
alter table auth.session add column limited boolean not null default false;

create or replace function auth.session_subject(p_token_hash text)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language plpgsql volatile security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	with seen as (
		update session set seen_at = now(), expires_at = now() + interval '30 days'
		 where token_hash = p_token_hash and ended_at is null and expires_at > now()
		   and seen_at < now() - interval '5 minutes')
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}' and not s.limited, to_jsonb(a.roles),
		case when s.limited then '[]'::jsonb else permissions_of(a.roles) end
	  from session s join account a on a.id = s.account_id
	 where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > now() and a.state = 'active';
end $$;

create or replace function auth.token_subject(p_session_id uuid, p_session_version bigint)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language plpgsql stable security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}' and not s.limited, to_jsonb(a.roles),
		case when s.limited then '[]'::jsonb else permissions_of(a.roles) end
	  from session s join account a on a.id = s.account_id
	 where s.id = p_session_id and s.version = p_session_version and s.ended_at is null and s.expires_at > now()
	   and a.state = 'active';
end $$;

create function auth.purge_challenges(p_limit integer default 1000) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from sign_in_challenge where token_hash in (
		select token_hash from sign_in_challenge where expires_at < now() limit p_limit for update skip locked);
end $$;

insert into auth.letter_kind (kind, proves, link_path, link_life, life) values ('factor_changed', null, null, null, '2 days');

revoke execute on function auth.purge_challenges(integer) from public;
grant execute on function auth.purge_challenges(integer) to es_auth;
grant select, insert, delete, update (secret, created_at, confirmed_at, last_counter) on auth.totp to es_auth;
grant select, insert, delete, update (used_at) on auth.recovery_code to es_auth;
grant select, insert, delete on auth.sign_in_challenge to es_auth;
grant update (limited) on auth.session to es_auth;
