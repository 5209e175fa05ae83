-- Attempts are counted by what was typed and by where it came from, each under a hash of its own
-- ("whose" in C: rules.c, rule_attempt_key). Whether an account exists makes no difference.

-- Counts one attempt under each key before anything is looked at, so that parallel guesses count
-- too. Answers the seconds to wait; 0: go on. p_free[i] attempts are free, the next costs 1
-- second, then 2, 4 … up to 900. While one key waits, none is counted. p_free 0: that key is not counted.
-- Keys are locked in their order: two that share some never wait for each other in a circle.
create function auth.begin_attempts(p_keys text[], p_free integer[]) returns bigint
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	k record;
	a attempt;
	wait bigint := 0;
begin
	for k in select key, free from unnest(p_keys, p_free) as t(key, free) where free > 0 order by key loop
		insert into attempt (email_hash) values (k.key) on conflict do nothing;
		select * into a from attempt where email_hash = k.key for update;
		wait := greatest(wait, ceil(extract(epoch from a.blocked_until - now()))::bigint);
	end loop;
	if wait > 0 then
		return wait;
	end if;
	update attempt
	   set failures = n.count + 1, tried_at = now(),
	       blocked_until = case when n.count < n.free then now()
		else now() + least(900, power(2, least(n.count - n.free, 20))) * interval '1 second' end
	  from (select old.email_hash as key, t.free,
			case when old.tried_at < now() - interval '1 day' then 0 else old.failures end as count
		  from unnest(p_keys, p_free) as t(key, free) join attempt old on old.email_hash = t.key where t.free > 0) n
	 where email_hash = n.key;
	return 0;
end $$;

-- They were somebody who knew the password: the account's count is forgotten, and of the other
-- keys just this attempt, or whoever has one account could try all others from the same address.
create function auth.forgive_attempts(p_account_key text, p_other_keys text[]) returns void
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
	k text;
begin
	for k in select key from unnest(p_other_keys || p_account_key) as key order by key loop
		if k = p_account_key then
			delete from attempt where email_hash = k;
		else
			update attempt set failures = greatest(failures - 1, 0), blocked_until = now() where email_hash = k;
		end if;
	end loop;
end $$;

revoke execute on function auth.begin_attempts(text[], integer[]), auth.forgive_attempts(text, text[]) from public;
grant execute on function auth.begin_attempts(text[], integer[]), auth.forgive_attempts(text, text[]) to es_auth;
