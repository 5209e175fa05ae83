-- What carts say of people ends: an address that a guest typed, and the copy of it that an order took long ago.

-- Nothing else of an order rests on its cart. A cart that is open and somebody's stays with the account.
create function cart.purge(p_keep_days integer, p_limit integer default 1000) returns bigint
language plpgsql security definer set search_path = cart, pg_temp as $$
declare
	gone bigint;
begin
	delete from cart where id in (
		select id from cart
		 where created_at < now() - make_interval(days => p_keep_days) and updated_at < now() - make_interval(days => p_keep_days)
		   and (user_id is null or status <> 'open')
		 order by created_at limit p_limit for update skip locked);
	get diagnostics gone = row_count;
	return gone;
end $$;
-- By what never changes: an index on updated_at would make every edit of a cart dearer.
create index cart_by_age on cart.cart (created_at);

revoke execute on function cart.purge(integer, integer) from public;
grant execute on function cart.purge(integer, integer) to es_cart;
