-- Who is signed in. Tokens are stored as their SHA-256 only: reading this table signs nobody in.

create table auth.session (
	id         uuid primary key,
	account_id uuid not null references auth.account on delete cascade,
	kind       text not null check (kind in ('page', 'api')),
	token_hash text constraint session_token_once unique,  -- of the cookie; api sessions have refresh tokens instead
	version    bigint not null default 1,                  -- an access token names the version it was made for
	user_agent text,
	ip         text,                                       -- shortened to its network
	created_at timestamptz not null default now(),
	seen_at    timestamptz not null default now(),
	expires_at timestamptz not null,
	ended_at   timestamptz,
	check ((kind = 'page') = (token_hash is not null))
);
create index session_by_account on auth.session (account_id, created_at desc) where ended_at is null;
create index session_old on auth.session (expires_at);

-- The session is the family: a spent token that comes back ends it.
create table auth.refresh_token (
	token_hash text primary key,
	session_id uuid not null references auth.session on delete cascade,
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,
	spent_at   timestamptz
);
create index refresh_token_by_session on auth.refresh_token (session_id);

-- Attempts to sign in, by the hash of the address typed: whether an account exists makes no difference.
create table auth.attempt (
	email_hash    text primary key,
	failures      integer not null default 0,
	blocked_until timestamptz not null default now(),
	tried_at      timestamptz not null default now()
);

-- Counts an attempt before its password is looked at, so that parallel guesses count too.
-- Answers the seconds to wait; 0: go on. Five are free, then 1, 2, 4 … up to 900 seconds.
create function auth.begin_attempt(p_email_hash text) returns bigint
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	a attempt;
begin
	insert into attempt (email_hash) values (p_email_hash) on conflict do nothing;
	select * into a from attempt where email_hash = p_email_hash for update;
	if a.blocked_until > now() then
		return ceil(extract(epoch from a.blocked_until - now()))::bigint;
	end if;
	if a.tried_at < now() - interval '1 day' then
		a.failures := 0;
	end if;
	update attempt
	   set failures = a.failures + 1, tried_at = now(),
	       blocked_until = case when a.failures < 5 then now()
		else now() + least(900, power(2, least(a.failures - 5, 20))) * interval '1 second' end
	 where email_hash = p_email_hash;
	return 0;
end $$;

create function auth.forget_attempts(p_email_hash text) returns void
language sql security definer set search_path = auth, pg_temp as $$
	delete from attempt where email_hash = p_email_hash
$$;

-- ES256 keys. The newest signs; the others verify until what they signed has expired.
create table auth.signing_key (
	kid         text primary key,
	private_pem text not null,
	public_pem  text not null,
	created_at  timestamptz not null default now(),
	retired_at  timestamptz
);

-- Rows that nobody will ask for again; a batch at a time.
create function auth.purge(p_limit integer default 1000) returns bigint
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	gone bigint;
begin
	delete from session where id in (
		select id from session where expires_at < now() - interval '30 days'
		    or ended_at < now() - interval '30 days' limit p_limit for update skip locked);
	get diagnostics gone = row_count;
	delete from refresh_token where token_hash in (
		select token_hash from refresh_token where expires_at < now() limit p_limit for update skip locked);
	delete from attempt where email_hash in (
		select email_hash from attempt where tried_at < now() - interval '1 day' and blocked_until < now()
		 limit p_limit for update skip locked);
	delete from signing_key where retired_at < now() - interval '1 day';
	return gone;
end $$;

grant select, insert on auth.session, auth.refresh_token, auth.signing_key to es_auth;
grant update (version, token_hash, seen_at, expires_at, ended_at) on auth.session to es_auth;
grant update (spent_at) on auth.refresh_token to es_auth;
grant update (retired_at) on auth.signing_key to es_auth;
grant execute on function auth.begin_attempt(text), auth.forget_attempts(text), auth.purge(integer) to es_auth;
