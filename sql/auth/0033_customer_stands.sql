-- Whether a customer is still what a worker remembers: the session at this version, the account active and no more than a customer,
-- its address and name the same. Asked together with what a request is about, so that it costs no round trip.
create function auth.customer_stands(p_session_id uuid, p_session_version bigint, p_email text, p_name text) returns boolean
language plpgsql stable security definer set search_path = auth, pg_temp as $$
begin
	return exists (select from session s join account a on a.id = s.account_id
		 where s.id = p_session_id and s.version = p_session_version and s.ended_at is null and s.expires_at > now()
		   and a.state = 'active' and a.roles = '{customer}' and a.email = p_email and a.name = p_name);
end $$;
revoke all on function auth.customer_stands(uuid, bigint, text, text) from public;
grant execute on function auth.customer_stands(uuid, bigint, text, text) to es_service;
