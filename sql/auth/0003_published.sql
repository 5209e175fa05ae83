-- What the others may ask. Each function answers one question and gives nothing else away.

create function auth.permissions_of(p_roles text[]) returns jsonb
language sql stable set search_path = auth, pg_temp as $$
	select coalesce(jsonb_agg(distinct permission order by permission), '[]'::jsonb)
	  from role_permission where role = any (p_roles)
$$;

-- Whose cookie this is. Looks of the last minutes are noted once.
create function auth.session_subject(p_token_hash text)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language sql volatile security definer rows 1 set search_path = auth, pg_temp as $$
	with seen as (
		update session set seen_at = now(), expires_at = now() + interval '30 days'
		 where token_hash = p_token_hash and ended_at is null and expires_at > now()
		   and seen_at < now() - interval '5 minutes')
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}', to_jsonb(a.roles), permissions_of(a.roles)
	  from session s join account a on a.id = s.account_id
	 where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > now() and a.state = 'active'
$$;

-- Whether the session an access token was made for still lives, at that version.
create function auth.token_subject(p_session_id uuid, p_session_version bigint)
returns table (user_id uuid, session_id uuid, email text, name text, is_staff boolean, roles jsonb, permissions jsonb)
language sql stable security definer rows 1 set search_path = auth, pg_temp as $$
	select a.id, s.id, a.email, a.name, a.roles <> '{customer}', to_jsonb(a.roles), permissions_of(a.roles)
	  from session s join account a on a.id = s.account_id
	 where s.id = p_session_id and s.version = p_session_version and s.ended_at is null and s.expires_at > now()
	   and a.state = 'active'
$$;

create function auth.verification_keys() returns table (kid text, public_pem text)
language sql stable security definer set search_path = auth, pg_temp as $$
	select k.kid, k.public_pem from signing_key k order by k.created_at desc limit 8
$$;

create function auth.addresses_of(p_user_id uuid)
returns table (id uuid, name text, line1 text, line2 text, city text, region text, postal_code text, country text,
	phone text, is_default boolean)
language sql stable security definer set search_path = auth, pg_temp as $$
	select a.id, a.name, a.line1, a.line2, a.city, a.region, a.postal_code, a.country, a.phone, a.is_default
	  from address a where a.account_id = p_user_id order by a.is_default desc, a.created_at, a.id
$$;

create function auth.user_contact(p_user_id uuid) returns table (email text, name text)
language sql stable security definer rows 1 set search_path = auth, pg_temp as $$
	select a.email, a.name from account a where a.id = p_user_id and a.state = 'active'
$$;

revoke execute on all functions in schema auth from public;
grant usage on schema auth to es_service;
grant execute on function auth.session_subject(text), auth.token_subject(uuid, bigint), auth.verification_keys() to es_service;
grant execute on function auth.addresses_of(uuid) to es_cart;
grant execute on function auth.user_contact(uuid) to es_notification, es_cart;
grant execute on function auth.permissions_of(text[]) to es_auth;
