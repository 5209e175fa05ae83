-- Money that goes back says so: order-service's saga waits for it.

-- For the consumer: what an order's cancellation owes. One row per attempt whose money is still
-- with us; a refund that was asked for before counts as gone.
create function payment.owed_back(p_order_id uuid)
returns table (attempt_id uuid, payment_id uuid, amount_minor bigint)
language plpgsql stable security definer set search_path = payment, pg_temp as $$
begin
	return query
	select a.id, i.id, i.amount_minor
	  from intent i join attempt a on a.payment_id = i.id
	 where i.order_id = p_order_id and i.amount_minor > 0 and a.status = 'succeeded'
	   and not exists (select from refund r where r.attempt_id = a.id);
end $$;
revoke execute on function payment.owed_back(uuid) from public;
grant execute on function payment.owed_back(uuid) to es_payment;

-- An order's money is wanted once, and goes back once, whatever for.
alter table payment.refund drop constraint one_refund_per_attempt;
alter table payment.refund add constraint one_refund_per_attempt unique (attempt_id);

-- Money of an attempt that was not wanted goes back too; the payment is refunded when what it kept is gone.
create or replace function payment.post(p_payment uuid, p_kind text, p_source uuid, p_amount_minor bigint, p_currency text) returns boolean
language plpgsql security definer set search_path = payment, pg_temp as $$
declare
	posting bigint;
	from_account text := case p_kind when 'capture' then 'customers' else 'provider' end;
	to_account   text := case p_kind when 'capture' then 'provider' else 'refunds' end;
begin
	insert into posting (payment_id, kind, source) values (p_payment, p_kind, p_source)
		on conflict on constraint posted_once do nothing returning id into posting;
	if posting is null then
		return false;
	end if;
	insert into entry (posting_id, account, amount_minor, currency) values
		(posting, from_account, -p_amount_minor, p_currency), (posting, to_account, p_amount_minor, p_currency);
	if p_kind = 'capture' then
		update intent set captured_minor = captured_minor + p_amount_minor where id = p_payment;
	else
		update intent set refunded_minor = refunded_minor + p_amount_minor,
			status = case when status = 'succeeded' and refunded_minor + p_amount_minor = captured_minor then 'refunded' else status end
		 where id = p_payment;
	end if;
	return true;
end $$;

select bus.declare_topic('payment.refunded', 'es_payment', 1, 'Money went back: all of an attempt to pay.',
	'{"type": "object", "required": ["payment_id", "order_id", "amount_minor", "currency", "refund_id", "reason", "refunded_minor", "captured_minor"],
	"properties": {"payment_id": {"type": "string", "format": "uuid"}, "order_id": {"type": "string",
	"format": "uuid"}, "amount_minor": {"type": "integer", "minimum": 0}, "currency": {"type": "string",
	"pattern": "^[A-Z]{3}$"}, "refund_id": {"type": "string", "format": "uuid"}, "reason": {"type": "string"},
	"refunded_minor": {"type": "integer", "minimum": 0}, "captured_minor": {"type": "integer", "minimum": 0}}}',
	'{"payment_id": "0198f1c2-7f52-7b6e-9c44-2a7d0e8f1b35", "order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10",
	"amount_minor": 4380, "currency": "EUR", "refund_id": "0198f1c2-8a01-7cde-9f00-1a2b3c4d5e6f", "reason": "order cancelled",
	"refunded_minor": 4380, "captured_minor": 4380}');
select bus.declare_topic('payment.refund_delayed', 'es_payment', 1, 'The provider could not give money back; it is asked again.',
	'{"type": "object", "required": ["payment_id", "order_id", "amount_minor", "currency", "refund_id", "attempt", "error"],
	"properties": {"payment_id": {"type": "string", "format": "uuid"}, "order_id": {"type": "string",
	"format": "uuid"}, "amount_minor": {"type": "integer", "minimum": 0}, "currency": {"type": "string",
	"pattern": "^[A-Z]{3}$"}, "refund_id": {"type": "string", "format": "uuid"}, "attempt": {"type": "integer", "minimum": 1},
	"error": {"type": "string"}}}',
	'{"payment_id": "0198f1c2-7f52-7b6e-9c44-2a7d0e8f1b35", "order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10",
	"amount_minor": 4380, "currency": "EUR", "refund_id": "0198f1c2-8a01-7cde-9f00-1a2b3c4d5e6f", "attempt": 2,
	"error": "the payment provider answered 503 to a refund"}');
