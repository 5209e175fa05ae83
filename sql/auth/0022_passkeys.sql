-- Passkeys (WebAuthn): a key pair of a device instead of a password and a code. Only public keys are here.

create table auth.passkey (
	id            uuid primary key,
	account_id    uuid not null references auth.account on delete cascade,
	credential_id bytea not null constraint passkey_once unique check (octet_length(credential_id) between 16 and 1023),
	public_key    bytea not null check (octet_length(public_key) <= 1024), -- SubjectPublicKeyInfo, DER
	sign_count    bigint not null check (sign_count >= 0),               -- 0 for ever: the device does not count
	name          text not null check (length(name) between 1 and 60),
	backed_up     boolean not null,                                      -- its owner's other devices have it too
	created_at    timestamptz not null default now(),
	last_used_at  timestamptz
);
create index passkey_by_account on auth.passkey (account_id, created_at);

-- What a device is to sign: good once, for a few minutes, for one purpose.
create table auth.passkey_challenge (
	challenge_hash text primary key,
	account_id     uuid references auth.account on delete cascade,       -- who adds a passkey; null: somebody signs in
	expires_at     timestamptz not null default now() + interval '5 minutes'
);
create index passkey_challenge_old on auth.passkey_challenge (expires_at);

create or replace function auth.purge_challenges(p_limit integer default 1000) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from sign_in_challenge where token_hash in (
		select token_hash from sign_in_challenge where expires_at < now() limit p_limit for update skip locked);
	delete from passkey_challenge where challenge_hash in (
		select challenge_hash from passkey_challenge where expires_at < now() limit p_limit for update skip locked);
end $$;

grant select, insert, delete, update (sign_count, backed_up, last_used_at) on auth.passkey to es_auth;
grant select, insert, delete on auth.passkey_challenge to es_auth;
