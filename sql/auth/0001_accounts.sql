-- Accounts, and what they may do. E-mail addresses and names live in this schema only.

create table auth.role (
	name     text primary key check (name ~ '^[a-z]{1,20}$'),
	title    text not null,
	is_staff boolean not null default true
);
create table auth.permission (
	name text primary key check (name ~ '^[a-z]+:(read|write)$')
);
create table auth.role_permission (
	role       text not null references auth.role,
	permission text not null references auth.permission,
	primary key (role, permission)
);

insert into auth.role (name, title, is_staff) values
	('customer', 'Customer', false),
	('support', 'Customer support', true),
	('merchandiser', 'Merchandiser', true),
	('warehouse', 'Warehouse', true),
	('analyst', 'Analyst', true),
	('admin', 'Administrator', true);

insert into auth.permission (name) values
	('orders:read'), ('orders:write'), ('products:read'), ('products:write'), ('inventory:read'), ('inventory:write'),
	('payments:read'), ('notifications:read'), ('notifications:write'), ('analytics:read'), ('system:read'),
	('system:write'), ('users:read'), ('users:write');

insert into auth.role_permission (role, permission)
select r.role, p
  from (values
	('support', array['orders:read', 'orders:write', 'products:read', 'inventory:read', 'payments:read',
		'notifications:read', 'notifications:write', 'users:read']),
	('merchandiser', array['products:read', 'products:write', 'inventory:read', 'analytics:read']),
	('warehouse', array['orders:read', 'orders:write', 'products:read', 'inventory:read', 'inventory:write']),
	('analyst', array['orders:read', 'products:read', 'inventory:read', 'payments:read', 'analytics:read'])
       ) as r(role, permissions), unnest(r.permissions) as p
union all
select 'admin', name from auth.permission;

create table auth.account (
	id            uuid primary key,
	email         text not null check (length(email) <= 254),        -- as it was given
	email_key     text not null constraint account_email_once unique, -- folded: one account per mailbox
	name          text not null check (length(name) between 1 and 120),
	password_hash text not null,                                      -- Argon2id, with its parameters
	roles         text[] not null default '{customer}' check (cardinality(roles) > 0),
	state         text not null default 'active' check (state in ('active', 'blocked')),
	version       bigint not null default 1,
	created_at    timestamptz not null default now(),
	seen_at       timestamptz                                         -- last time somebody signed in
);
create index account_newest on auth.account (created_at desc, id desc);

-- An array can't have a foreign key.
create function auth.check_roles() returns trigger language plpgsql as $$
begin
	if exists (select from unnest(new.roles) as r where not exists (select from auth.role where name = r)) then
		raise exception using errcode = 'ES001', constraint = 'role_unknown', column = 'roles',
			message = 'there is no such role';
	end if;
	new.version := case when tg_op = 'UPDATE' then old.version + 1 else 1 end;
	return new;
end $$;
create trigger account_roles before insert or update of email, name, password_hash, roles, state on auth.account
	for each row execute function auth.check_roles();

create table auth.address (
	id          uuid primary key,
	account_id  uuid not null references auth.account on delete cascade,
	name        text not null,
	line1       text not null,
	line2       text,
	city        text not null,
	region      text,
	postal_code text not null,
	country     text not null check (country ~ '^[A-Z]{2}$'),
	phone       text,
	is_default  boolean not null default false,
	version     bigint not null default 1,
	created_at  timestamptz not null default now()
);
create index address_by_account on auth.address (account_id, created_at, id);
create unique index address_one_default on auth.address (account_id) where is_default;

grant select, insert on auth.account, auth.address to es_auth;
grant update (name, password_hash, roles, state, seen_at) on auth.account to es_auth;
grant update, delete on auth.address to es_auth;
grant select on auth.role, auth.permission, auth.role_permission to es_auth;
