-- A function in SQL is parsed and planned at every call; PL/pgSQL keeps its plan. And a check
-- whose first half is decided by the row alone was planned anew for each payment.

create or replace function payment.of_order(p_order_id uuid)
returns table (id uuid, status text, amount_minor bigint, currency text, failure_code text, method_text text)
language plpgsql stable security definer set search_path = payment, pg_temp as $$
begin
	return query
	select i.id, i.status, i.amount_minor, i.currency, i.failure_code, i.card_brand || ' •••• ' || i.card_last4
	  from intent i where i.order_id = p_order_id;
end $$;

create or replace function payment.check_transition() returns trigger language plpgsql as $$
begin
	if new.status <> old.status then
		perform from payment.transition t where t.from_status = old.status and t.to_status = new.status;
		if not found then
			raise exception using errcode = 'ES001', constraint = 'payment_transition',
				message = format('a payment that is %s can''t become %s', old.status, new.status);
		end if;
	end if;
	new.version := old.version + 1;
	new.updated_at := now();
	return new;
end $$;
