-- Letters to mailboxes, and the proofs they ask for.
--
-- The event that makes notification-service write says which letter, and nothing of what is in
-- it: no address, no secret. A link's secret is made where the mail is written, at the moment it
-- leaves; this schema is told its SHA-256 only, so that neither the event log, nor a job, nor a
-- table of either service ever holds what would open an account.

alter table auth.account add column verified_at timestamptz;  -- when somebody who reads this mailbox said so; null: not yet

-- Everything an ETag shows moves the version.
drop trigger account_roles on auth.account;
create trigger account_roles before insert or update of email, name, password_hash, roles, state, verified_at on auth.account
	for each row execute function auth.check_roles();

create table auth.letter_kind (
	kind      text primary key,
	proves    text check (proves in ('mailbox', 'reset', 'change')),  -- what following its link does; null: it has no link
	link_path text,
	link_life interval,                                               -- from the moment the mail leaves
	life      interval not null,                                      -- not sent any more after that
	check ((proves is null) = (link_path is null) and (proves is null) = (link_life is null))
);
insert into auth.letter_kind (kind, proves, link_path, link_life, life) values
	('welcome',             'mailbox', '/verify', '7 days', '7 days'),
	('verify_email',        'mailbox', '/verify', '7 days', '2 days'),
	('reset_password',      'reset',   '/reset',  '1 hour', '6 hours'),
	('password_changed',    null,      null,      null,     '2 days'),
	('email_change',        'change',  '/verify', '1 day',  '1 day'),
	('email_change_notice', null,      null,      null,     '2 days'),
	('email_changed',       null,      null,      null,     '2 days'),
	('account_erased',      null,      null,      null,     '2 days');

create table auth.letter (
	id          uuid primary key,
	kind        text not null references auth.letter_kind,
	account_id  uuid references auth.account on delete cascade,  -- null: the account is gone, which is what it tells
	recipient   text not null check (length(recipient) <= 254),
	name        text not null,
	other_email text,                                            -- of a change: the other one of the two addresses
	created_at  timestamptz not null default now(),
	expires_at  timestamptz not null,
	spent_at    timestamptz                                      -- its link was followed, or is not to be followed any more
);
create index letter_of_account on auth.letter (account_id, kind, created_at desc);
create index letter_old on auth.letter (expires_at);

-- A mail may leave more than once: any of its links will do, once.
create table auth.letter_token (
	token_hash text primary key,
	letter_id  uuid not null references auth.letter on delete cascade,
	expires_at timestamptz not null
);
create index letter_token_of_letter on auth.letter_token (letter_id);

-- Published. What a letter says and to whom, when it is about to leave; no row: it is not wanted any more.
-- p_token_hash: of the secret that goes into its link, should it have one.
create function auth.letter_facts(p_letter_id uuid, p_token_hash text)
returns table (recipient text, name text, other_email text, link_path text)
language plpgsql volatile security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
declare
	l record;
begin
	select letter.recipient, letter.name, letter.other_email, k.link_path, k.link_life into l
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
	return query select l.recipient, l.name, l.other_email, l.link_path;
end $$;

-- Published. The address of an account whose mailbox was proven; null: none was.
create function auth.verified_email(p_user_id uuid) returns text
language plpgsql stable security definer set search_path = auth, pg_temp as $$
begin
	return (select email from account where id = p_user_id and verified_at is not null and state = 'active');
end $$;

-- An account's address changes in this way only: to one that was sent a link which still holds.
create function auth.change_email(p_account_id uuid, p_email text, p_email_key text) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	if not exists (select from letter l join letter_kind k using (kind) join letter_token t on t.letter_id = l.id
			where l.account_id = p_account_id and k.proves = 'change' and l.recipient = p_email and t.expires_at > now()) then
		raise exception 'nobody proved to read the new address of account %', p_account_id
			using errcode = 'insufficient_privilege';
	end if;
	update account set email = p_email, email_key = p_email_key, verified_at = now() where id = p_account_id;
end $$;

-- One account and all that hangs on it.
create function auth.erase_account(p_account_id uuid) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from account where id = p_account_id;
end $$;

-- Who asked for a new password. Written for every address alike, and looked at later by the
-- consumer: so that asking takes the same time whether or not there is such an account.
create table auth.reset_request (
	id         uuid primary key,
	email_key  text not null,
	created_at timestamptz not null default now()
);

revoke execute on function auth.letter_facts(uuid, text), auth.verified_email(uuid), auth.change_email(uuid, text, text),
	auth.erase_account(uuid) from public;
grant execute on function auth.letter_facts(uuid, text) to es_notification;
grant execute on function auth.verified_email(uuid) to es_orders;
grant execute on function auth.change_email(uuid, text, text), auth.erase_account(uuid) to es_auth;
grant select on auth.letter_kind to es_auth;
grant select, insert on auth.letter to es_auth;
grant update (spent_at) on auth.letter to es_auth;
grant select on auth.letter_token to es_auth;
grant select, insert, delete, update (created_at) on auth.reset_request to es_auth;  -- update: to lock
grant update (verified_at) on auth.account to es_auth;

create or replace function auth.purge(p_limit integer default 1000) returns bigint
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
	-- A link may be older than its letter's own life: both must be over. Of the dead only what is to be told remains.
	delete from letter where id in (
		select id from letter l where expires_at < now() and not exists (
			select from letter_token t where t.letter_id = l.id and t.expires_at > now()) limit p_limit for update skip locked);
	delete from signing_key where retired_at < now() - interval '1 day';
	return gone;
end $$;

select bus.declare_topic('user.letter_requested', 'es_auth', 1, 'A mailbox is to be told something about its account.',
	'{"type": "object", "required": ["letter_id", "user_id", "kind"], "properties": {"letter_id": {"type": "string",
	"format": "uuid"}, "user_id": {"type": "string", "format": "uuid"}, "kind": {"type": "string"}}}',
	'{"letter_id": "0198f1c2-7a01-7c11-8d22-1e2f3a4b5c6d", "user_id": "0198f1c2-7a00-7c11-8d22-1e2f3a4b5c6d",
	"kind": "reset_password"}');
select bus.declare_topic('user.email_verified', 'es_auth', 1, 'Somebody who reads the mailbox of an account confirmed it.',
	'{"type": "object", "required": ["user_id"], "properties": {"user_id": {"type": "string", "format": "uuid"}}}',
	'{"user_id": "0198f1c2-7a00-7c11-8d22-1e2f3a4b5c6d"}');
select bus.declare_topic('user.erased', 'es_auth', 1, 'An account is gone; what names its person goes too.',
	'{"type": "object", "required": ["user_id"], "properties": {"user_id": {"type": "string", "format": "uuid"}}}',
	'{"user_id": "0198f1c2-7a00-7c11-8d22-1e2f3a4b5c6d"}');
