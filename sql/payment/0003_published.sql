-- What order-service may do to payments, inside its own transactions; and the grants.

create function payment.event_payload(p payment.intent) returns jsonb language sql stable as $$
	select jsonb_build_object('payment_id', p.reference, 'order_id', p.order_id, 'amount_minor', p.amount_minor, 'currency', p.currency)
$$;

-- Published. The same order again is the same payment. What costs nothing is paid.
create function payment.open_intent(p_payment_id uuid, p_order_id uuid, p_order_number text, p_amount_minor bigint, p_currency text)
returns void language plpgsql security definer set search_path = payment, pg_temp as $$
declare
	opened intent;
begin
	insert into intent (id, order_id, order_number, amount_minor, currency, status)
	values (p_payment_id, p_order_id, p_order_number, p_amount_minor, p_currency,
		case when p_amount_minor = 0 then 'succeeded' else 'requires_payment' end)
	on conflict on constraint one_payment_per_order do nothing returning * into opened;
	if opened.status = 'succeeded' then
		perform bus.emit('payment.succeeded', 'payment', opened.reference::text, opened.order_id::text, event_payload(opened));
	end if;
end $$;

-- Published. True: no money will be kept; false: it is on its way, or here. Money that
-- arrives after a cancellation is sent back by payment-service.
create function payment.cancel_intent(p_order_id uuid) returns boolean
language plpgsql security definer set search_path = payment, pg_temp as $$
declare
	found_intent intent;
begin
	select * into found_intent from intent where order_id = p_order_id for update;
	if not found or found_intent.status = 'cancelled' then
		return true;
	end if;
	if found_intent.status not in ('requires_payment', 'requires_action', 'failed') then
		return false;
	end if;
	update intent set status = 'cancelled' where id = found_intent.id;
	perform bus.emit('payment.cancelled', 'payment', found_intent.reference::text, p_order_id::text, event_payload(found_intent));
	return true;
end $$;

-- Published. method_text: "Visa •••• 4242".
create function payment.of_order(p_order_id uuid)
returns table (id uuid, status text, amount_minor bigint, currency text, failure_code text, method_text text)
language sql stable security definer set search_path = payment, pg_temp as $$
	select i.id, i.status, i.amount_minor, i.currency, i.failure_code, i.card_brand || ' •••• ' || i.card_last4
	  from intent i where i.order_id = p_order_id
$$;

revoke execute on all functions in schema payment from public;
grant usage on schema payment to es_orders;
grant execute on function payment.open_intent(uuid, uuid, text, bigint, text), payment.cancel_intent(uuid), payment.of_order(uuid) to es_orders;

grant usage on schema payment to es_payment;
grant select on all tables in schema payment to es_payment;
grant update (status, failure_code, card_brand, card_last4, card_exp_month, card_exp_year) on payment.intent to es_payment;
grant insert, update on payment.attempt to es_payment;
grant insert on payment.provider_event to es_payment;
grant insert, update on payment.refund to es_payment;
grant execute on function payment.post(uuid, text, uuid, bigint, text) to es_payment;
