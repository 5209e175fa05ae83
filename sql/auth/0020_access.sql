-- Who may do what, beyond what the shop came with: roles of one's own, invitations of staff,
-- and keys for programs. The route table says which permission a route needs; nothing here does.

-- ------------------------------------------------------------------ roles

alter table auth.role drop constraint role_name_check;
alter table auth.role add constraint role_name_check check (name ~ '^[a-z][a-z0-9-]{0,19}$');
alter table auth.role add check (length(title) between 1 and 60);
alter table auth.role add column is_builtin boolean not null default false;
alter table auth.role add column version bigint not null default 1;
update auth.role set is_builtin = true;

-- What makes other credentials is never a key's: a key that leaks must not outlive its revocation.
alter table auth.permission add column delegable boolean not null default true;
insert into auth.permission (name) values ('roles:read'), ('roles:write'), ('keys:read'), ('keys:write');
update auth.permission set delegable = false where name in ('users:write', 'roles:write', 'keys:write');
insert into auth.role_permission (role, permission)
select 'admin', p from unnest(array['roles:read', 'roles:write', 'keys:read', 'keys:write']) as p;

-- The service may make roles of its own; those the shop came with are changed by migrations only.
alter table auth.role enable row level security;
alter table auth.role_permission enable row level security;
create policy role_seen on auth.role for select using (true);
create policy role_own on auth.role using (not is_builtin) with check (not is_builtin and is_staff);
create policy role_permission_seen on auth.role_permission for select using (true);
create policy role_permission_own on auth.role_permission
	using (role in (select name from auth.role where not is_builtin))
	with check (role in (select name from auth.role where not is_builtin));
grant insert, delete, update (title, version) on auth.role to es_auth;
grant insert, delete on auth.role_permission to es_auth;
alter table auth.role_permission drop constraint role_permission_role_fkey;
alter table auth.role_permission add constraint role_permission_role_fkey foreign key (role) references auth.role on delete cascade;

-- Locks the roles it finds: none of them is deleted before this account is seen to have it.
create or replace function auth.check_roles() returns trigger
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	perform from role where name = any (new.roles) for key share;
	if exists (select from unnest(new.roles) as r where not exists (select from role where name = r)) then
		raise exception using errcode = 'ES001', constraint = 'role_unknown', column = 'roles',
			message = 'there is no such role';
	end if;
	new.version := case when tg_op = 'UPDATE' then old.version + 1 else 1 end;
	return new;
end $$;

-- ------------------------------------------------------------------ service accounts

-- An account of a program: it has keys, and no password that could be guessed, reset or set.
alter table auth.account add column kind text not null default 'person' check (kind in ('person', 'service'));
alter table auth.account alter column password_hash drop not null;
alter table auth.account add constraint account_secret check ((kind = 'person') = (password_hash is not null));

-- ------------------------------------------------------------------ invitations

alter table auth.letter_kind drop constraint letter_kind_proves_check;
alter table auth.letter_kind add constraint letter_kind_proves_check
	check (proves in ('mailbox', 'reset', 'change', 'invitation'));
insert into auth.letter_kind (kind, proves, link_path, link_life, life) values
	('invitation', 'invitation', '/invitation', '7 days', '7 days');

create table auth.invitation (
	id          uuid primary key,
	account_id  uuid not null unique,                  -- what the account will be, once accepted
	letter_id   uuid references auth.letter on delete set null,
	email       text not null check (length(email) <= 254),
	email_key   text not null,
	roles       text[] not null check (cardinality(roles) > 0),
	invited_by  uuid references auth.account on delete set null,
	created_at  timestamptz not null default now(),
	expires_at  timestamptz not null default now() + interval '7 days',
	accepted_at timestamptz,
	revoked_at  timestamptz
);
create unique index invitation_open_once on auth.invitation (email_key) where accepted_at is null and revoked_at is null;
create index invitation_newest on auth.invitation (created_at desc);
create index invitation_by_letter on auth.invitation (letter_id);
grant select, insert on auth.invitation to es_auth;
grant update (accepted_at, revoked_at) on auth.invitation to es_auth;

-- A role that somebody has, or was promised, stays.
create function auth.guard_role() returns trigger
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	if exists (select from account where old.name = any (roles)) or exists (select from invitation
			where old.name = any (roles) and accepted_at is null and revoked_at is null and expires_at > now()) then
		raise exception using errcode = 'ES001', constraint = 'role_in_use',
			message = 'somebody has this role, or is invited with it';
	end if;
	return old;
end $$;
create trigger role_guard before delete on auth.role for each row execute function auth.guard_role();

-- ------------------------------------------------------------------ API keys

create table auth.api_key (
	id           uuid primary key,
	account_id   uuid not null references auth.account on delete cascade,  -- as whom it acts
	name         text not null check (length(name) between 1 and 60),
	token_hash   text not null constraint api_key_once unique,             -- SHA-256: reading this table opens nothing
	hint         text not null check (length(hint) = 4),                   -- its last characters, to tell keys apart
	scopes       text[] not null check (cardinality(scopes) > 0),
	created_by   uuid references auth.account on delete set null,
	created_at   timestamptz not null default now(),
	expires_at   timestamptz,
	last_used_at timestamptz,
	revoked_at   timestamptz
);
create index api_key_by_account on auth.api_key (account_id, created_at desc);
grant select, insert on auth.api_key to es_auth;
grant update (revoked_at) on auth.api_key to es_auth;

create function auth.check_scopes() returns trigger
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	if exists (select from unnest(new.scopes) as s
			where not exists (select from permission where name = s and delegable)) then
		raise exception using errcode = 'ES001', constraint = 'scope_unknown', column = 'scopes',
			message = 'no key may have such a scope';
	end if;
	return new;
end $$;
create trigger api_key_scopes before insert on auth.api_key for each row execute function auth.check_scopes();

-- Published. Whose key this is, and what it may: its scopes, as far as its account still has them.
-- A use is noted once a minute.
create function auth.key_subject(p_token_hash text)
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
end $$;

revoke execute on function auth.key_subject(text), auth.check_roles(), auth.guard_role(), auth.check_scopes() from public;
grant execute on function auth.key_subject(text) to es_service;
