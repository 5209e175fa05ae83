-- "Keep me signed in" is a choice: a session that is not remembered ends with the browser, and
-- here a day after it was last used. Whoever prolongs a session, it lives no longer than that.

alter table auth.session add column idle_life interval not null default '365 days';

create function auth.bound_session() returns trigger language plpgsql as $$
begin
	new.expires_at := least(new.expires_at, now() + new.idle_life);
	return new;
end $$;
create trigger session_idle before insert or update of expires_at on auth.session
	for each row execute function auth.bound_session();
