-- Where somebody signed in before: a sign-in from elsewhere is told to the account's owner. And what a session was opened
-- with, so that losing that ends the session.

create table auth.known_device (
	account_id  uuid not null references auth.account on delete cascade,
	device_hash text not null,                       -- SHA-256 of a browser's cookie, or of what a program says of itself and where it is
	seen_at     timestamptz not null default now(),
	primary key (account_id, device_hash)
);
create index known_device_by_hash on auth.known_device (device_hash);
create index known_device_old on auth.known_device (seen_at);

-- Whether the account's owner signed in with this before. A browser's cookie is another one after each sign-in, for whoever signs
-- in there: one that was planted is worth nothing.
create function auth.note_device(p_account_id uuid, p_old_hash text, p_hash text) returns boolean
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	known boolean;
begin
	known := exists (select from known_device where account_id = p_account_id and device_hash = p_old_hash);
	update known_device set device_hash = p_hash, seen_at = case account_id when p_account_id then now() else seen_at end
	 where device_hash = p_old_hash;
	if not known then
		insert into known_device (account_id, device_hash) values (p_account_id, p_hash)
		on conflict (account_id, device_hash) do update set seen_at = now();
	end if;
	return known;
end $$;

alter table auth.session add column shown text check (shown in ('password', 'code', 'passkey')), add column passkey_id uuid;

alter table auth.letter add column about text check (length(about) <= 200);  -- what it tells of: a device, a key's name
insert into auth.letter_kind (kind, proves, link_path, link_life, life) values
	('new_device',   null, null, null, '2 days'),
	('code_reused',  null, null, null, '2 days'),
	('key_expiring', null, null, null, '7 days');

drop function auth.letter_facts(uuid, text);
create function auth.letter_facts(p_letter_id uuid, p_token_hash text)
returns table (recipient text, name text, other_email text, about text, link_path text)
language plpgsql volatile security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
declare
	l record;
begin
	select letter.recipient, letter.name, letter.other_email, letter.about, k.link_path, k.link_life into l
	  from letter join letter_kind k using (kind) left join account a on a.id = account_id
	 where letter.id = p_letter_id and letter.spent_at is null and letter.expires_at > now()
	   and (account_id is null or a.state = 'active') for update of letter;
	if not found then
		return;
	end if;
	if l.link_life is not null then
		if p_token_hash !~ '^[0-9a-f]{64}$' then
			raise exception 'a letter with a link needs the SHA-256 of its secret';
		end if;
		insert into letter_token (token_hash, letter_id, expires_at) values (p_token_hash, p_letter_id, now() + l.link_life);
	end if;
	return query select l.recipient, l.name, l.other_email, l.about, l.link_path;
end $$;

create or replace function auth.purge_challenges(p_limit integer default 1000) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from sign_in_challenge where token_hash in (
		select token_hash from sign_in_challenge where expires_at < now() limit p_limit for update skip locked);
	delete from passkey_challenge where challenge_hash in (
		select challenge_hash from passkey_challenge where expires_at < now() limit p_limit for update skip locked);
	delete from known_device where (account_id, device_hash) in (
		select account_id, device_hash from known_device where seen_at < now() - interval '400 days' limit p_limit for update skip locked);
end $$;

revoke execute on function auth.letter_facts(uuid, text), auth.note_device(uuid, text, text) from public;
grant execute on function auth.letter_facts(uuid, text) to es_notification;
grant execute on function auth.note_device(uuid, text, text) to es_auth;
