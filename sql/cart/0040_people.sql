-- What auth-service asks about a person: everything, for their export; and to forget it.

-- Published.
create function cart.export_of(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = cart, pg_temp as $$
begin
	return (
		select coalesce(jsonb_agg(jsonb_build_object('status', c.status, 'currency', c.currency, 'country', c.country,
				'postal_code', c.postal_code, 'region', c.region, 'contact', c.contact, 'created_at', c.created_at,
				'updated_at', c.updated_at,
				'lines', (select coalesce(jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity)
						order by l.position), '[]') from line l where l.cart_id = c.id)) order by c.created_at), '[]')
		  from cart c where c.user_id = p_user_id);
end $$;

-- Published. In the transaction that ends the account: nothing of a cart has to be kept.
create function cart.erase_person(p_user_id uuid) returns void
language plpgsql security definer set search_path = cart, pg_temp as $$
begin
	delete from cart where user_id = p_user_id;
end $$;
create index cart_of_user on cart.cart (user_id) where user_id is not null;

revoke execute on function cart.export_of(uuid), cart.erase_person(uuid) from public;
grant usage on schema cart to es_auth;
grant execute on function cart.export_of(uuid), cart.erase_person(uuid) to es_auth;
