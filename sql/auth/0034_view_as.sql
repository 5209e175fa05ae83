-- Staff look at the shop as one customer sees it, and can change nothing meanwhile: the gate of every service sees to that.

create table auth.viewing (
	session_id  uuid primary key,       -- whose: one at a time. No references: whatever is deleted, a row stays until its end was recorded
	staff_id    uuid not null,
	customer_id uuid not null,
	started_at  timestamptz not null default now(),
	expires_at  timestamptz not null default now() + interval '15 minutes'
);
create index viewing_old on auth.viewing (expires_at);

-- Published. As whom this session looks at the shop: a person who is active and a customer, and no more than that.
-- Asked for sessions whose account may do this; that they may is known from auth.session_subject.
create function auth.session_viewing(p_session_id uuid) returns table (customer_id uuid, email text, name text, expires_at timestamptz)
language plpgsql stable security definer rows 1 set search_path = auth, pg_temp as $$
#variable_conflict use_column
begin
	return query
	select a.id, a.email, a.name, v.expires_at from viewing v join account a on a.id = v.customer_id
	 where v.session_id = p_session_id and v.expires_at > now() and a.state = 'active' and a.kind = 'person' and a.roles = '{customer}';
end $$;

alter table auth.permission drop constraint permission_name_check;
alter table auth.permission add constraint permission_name_check check (name ~ '^[a-z]+:(read|write|view_as)$');
insert into auth.permission (name, delegable) values ('customers:view_as', false);
insert into auth.role_permission (role, permission) values ('support', 'customers:view_as'), ('admin', 'customers:view_as');

revoke execute on function auth.session_viewing(uuid) from public;
grant execute on function auth.session_viewing(uuid) to es_service;
grant select, insert, delete on auth.viewing to es_auth;
