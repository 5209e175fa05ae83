-- Orders and the people in them: a guest's orders become an account's, a person's data can be
-- had whole, and who leaves is forgotten, but for what the law wants kept of a sale: what was
-- sold, when, for how much, with which tax, to which country.

-- Published, for the account's export.
create function orders.export_of(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = orders, pg_temp as $$
begin
	return (
		select coalesce(jsonb_agg((mail_details(o.id) - 'tracking_token' - 'payment_id') || jsonb_build_object('note', o.note,
				'payment_method', (select p.method_text from payment.of_order(o.id) p)) order by o.id), '[]')
		  from orders o where o.user_id = p_user_id);
end $$;

-- Orders that were placed with a mailbox that is now proven, and belong to nobody, are the account's.
-- By the address as it was typed, whatever its case: what merely looks alike may be another's mailbox.
create function orders.attach_guest_orders(p_user_id uuid) returns bigint
language plpgsql security definer set search_path = orders, pg_temp as $$
declare
	mailbox text := auth.verified_email(p_user_id);
	attached bigint;
begin
	update orders set user_id = p_user_id where user_id is null and lower(email) = lower(mailbox);
	get diagnostics attached = row_count;
	return attached;
end $$;

-- Who left. Orders that are still on their way keep their address until they have arrived.
create table orders.erasure (
	user_id      uuid primary key,
	requested_at timestamptz not null default now()
);

-- Every finished order of those who left; whoever has none left is done, a day later: an order may have been under way.
create function orders.anonymise() returns bigint
language plpgsql security definer set search_path = orders, pg_temp as $$
declare
	o record;
	done bigint := 0;
begin
	for o in
		select orders.id from orders join erasure e on e.user_id = orders.user_id
		 where cancelled_at is not null or fulfilment_status = 'delivered' or payment_status = 'refunded'
		    or placed_at < now() - interval '180 days'
		 order by orders.id limit 500 for update of orders skip locked loop
		update orders set user_id = null, email = '', name = '', note = null, billing_address = null,
			shipping_address = jsonb_build_object('name', '', 'line1', '', 'city', '', 'postal_code', '', 'country', country),
			tracking_token = gen_random_uuid()
		 where id = o.id;
		perform bus.emit('order.anonymised', 'order', o.id::text, o.id::text, jsonb_build_object('order_id', o.id));
		done := done + 1;
	end loop;
	delete from erasure e where requested_at < now() - interval '1 day'
		and not exists (select from orders where orders.user_id = e.user_id);
	return done;
end $$;

revoke execute on function orders.export_of(uuid), orders.attach_guest_orders(uuid), orders.anonymise() from public;
grant usage on schema orders to es_auth;
grant execute on function orders.export_of(uuid) to es_auth;
grant execute on function orders.attach_guest_orders(uuid), orders.anonymise() to es_orders;
grant insert on orders.erasure to es_orders;

select bus.declare_topic('order.anonymised', 'es_orders', 1, 'An order names nobody any more.',
	'{"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "string", "format": "uuid"}}}',
	'{"order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10"}');
