-- Payments: one intent per order, an attempt per try, and what the provider said about each.
--
-- The intent's id is the guest's key and stays secret; events and logs carry its reference.
-- Card numbers never come here: brand, last four digits and expiry only.

-- Every way a payment may go. What is not listed can't happen, whoever writes.
create table payment.transition (
	from_status text not null,
	to_status   text not null,
	why         text not null,
	primary key (from_status, to_status)
);
insert into payment.transition (from_status, to_status, why) values
	('requires_payment', 'processing',      'a card went to the provider'),
	('requires_payment', 'requires_action', 'the bank asks on the provider''s page'),
	('requires_payment', 'succeeded',       'paid on the provider''s page'),
	('requires_payment', 'failed',          'declined on the provider''s page'),
	('requires_payment', 'cancelled',       'the order was cancelled'),
	('processing',       'requires_action', 'the bank asks'),
	('processing',       'succeeded',       'the provider took the money'),
	('processing',       'failed',          'declined, or never arrived'),
	('requires_action',  'processing',      'tried again with another card'),
	('requires_action',  'succeeded',       'the customer confirmed'),
	('requires_action',  'failed',          'the customer did not confirm'),
	('requires_action',  'cancelled',       'the order was cancelled'),
	('failed',           'processing',      'tried again'),
	('failed',           'requires_action', 'tried again on the provider''s page'),
	('failed',           'succeeded',       'tried again on the provider''s page, or decided late'),
	('failed',           'cancelled',       'the order was cancelled'),
	('succeeded',        'refunded',        'all of it went back');

create table payment.intent (
	id             uuid primary key,
	reference      uuid not null unique default gen_random_uuid(),
	seq            bigint generated always as identity unique,  -- order of the staff's list
	order_id       uuid not null constraint one_payment_per_order unique,
	order_number   text not null,
	amount_minor   bigint not null check (amount_minor >= 0),
	currency       text not null check (currency ~ '^[A-Z]{3}$'),
	status         text not null default 'requires_payment',
	failure_code   text,                          -- why the last attempt failed
	card_brand     text,
	card_last4     text check (card_last4 ~ '^[0-9]{4}$'),
	card_exp_month integer check (card_exp_month between 1 and 12),
	card_exp_year  integer check (card_exp_year between 2000 and 2100),
	captured_minor bigint not null default 0 check (captured_minor >= 0),
	refunded_minor bigint not null default 0,
	version        bigint not null default 1,
	created_at     timestamptz not null default now(),
	updated_at     timestamptz not null default now(),
	check (refunded_minor between 0 and captured_minor)
) with (fillfactor = 70);
create index intent_by_number on payment.intent (order_number);

create function payment.check_transition() returns trigger language plpgsql as $$
begin
	if new.status <> old.status and not exists
		(select from payment.transition t where t.from_status = old.status and t.to_status = new.status) then
		raise exception using errcode = 'ES001', constraint = 'payment_transition',
			message = format('a payment that is %s can''t become %s', old.status, new.status);
	end if;
	new.version := old.version + 1;
	new.updated_at := now();
	return new;
end $$;
create trigger intent_transition before update on payment.intent for each row execute function payment.check_transition();

-- One try. Its id is the idempotency key the provider knows it by.
create table payment.attempt (
	id            uuid primary key,
	payment_id    uuid not null references payment.intent,
	kind          text not null check (kind in ('card', 'hosted')),  -- card: by API; hosted: on the provider's page
	status        text not null default 'started'
		check (status in ('started', 'processing', 'requires_action', 'succeeded', 'failed', 'superseded')),
	charge_id     text,                          -- the provider's
	failure_code  text,
	page_url      text,                          -- the provider's page the customer is to visit
	checks        integer not null default 0,    -- how often the provider was asked
	check_at      timestamptz not null,          -- when to ask it next
	created_at    timestamptz not null default now(),
	updated_at    timestamptz not null default now()
) with (fillfactor = 70);
create unique index one_live_attempt on payment.attempt (payment_id) where status in ('started', 'processing', 'requires_action');
create index attempt_check on payment.attempt (check_at) where status in ('started', 'processing', 'requires_action');
create index attempt_by_payment on payment.attempt (payment_id, created_at desc);

-- What the provider told, once each: webhooks come twice, late and out of order.
create table payment.provider_event (
	provider    text not null,
	event_id    text not null check (length(event_id) <= 200),
	type        text not null,
	attempt_id  uuid,
	received_at timestamptz not null default now(),
	primary key (provider, event_id)
);

-- Money going back. Its id is the idempotency key the provider knows it by.
create table payment.refund (
	id           uuid primary key,
	payment_id   uuid not null references payment.intent,
	attempt_id   uuid not null references payment.attempt,
	amount_minor bigint not null check (amount_minor > 0),
	reason       text not null,
	status       text not null default 'requested' check (status in ('requested', 'succeeded')),
	created_at   timestamptz not null default now(),
	settled_at   timestamptz,
	constraint one_refund_per_attempt unique (attempt_id, reason)
);
