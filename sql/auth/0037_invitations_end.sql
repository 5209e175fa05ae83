-- Whoever was invited and did not come, or came long ago: the list needs the address no more.
create function auth.purge_invitations(p_limit integer default 1000) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
begin
	delete from invitation where id in (
		select id from invitation where least(accepted_at, revoked_at, expires_at) < now() - interval '30 days'
		 limit p_limit for update skip locked);
end $$;

revoke execute on function auth.purge_invitations(integer) from public;
grant execute on function auth.purge_invitations(integer) to es_auth;
