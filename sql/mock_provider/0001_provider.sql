-- The mock payment provider's own books. It stands for another company: nothing of the
-- shop's schemas is visible from here, and the other way round.
--
-- A charge is known by the merchant's idempotency key; card numbers are never written.

create table mock_provider.charge (
	id              uuid primary key,
	idempotency_key text not null constraint charge_once unique check (length(idempotency_key) between 1 and 100),
	amount_minor    bigint not null check (amount_minor > 0),
	currency        text not null check (currency ~ '^[A-Z]{3}$'),
	reference       text not null,               -- the merchant's order number, for people
	return_url      text not null,
	status          text not null check (status in ('processing', 'requires_action', 'succeeded', 'failed')),
	failure_code    text,
	brand           text not null,
	last4           text not null check (last4 ~ '^[0-9]{4}$'),
	exp_month       integer not null check (exp_month between 1 and 12),
	exp_year        integer not null check (exp_year between 2000 and 2100),
	refunded_minor  bigint not null default 0,
	decide_at       timestamptz,                 -- processing: when the bank will have answered
	created_at      timestamptz not null default now(),
	updated_at      timestamptz not null default now(),
	check ((status = 'failed') = (failure_code is not null)),
	check (status <> 'processing' or decide_at is not null),
	constraint refunded_at_most_charged check (refunded_minor between 0 and amount_minor)
) with (fillfactor = 70);
create index charge_due on mock_provider.charge (decide_at) where status = 'processing';

-- A visit to the hosted card page: one charge at most.
create table mock_provider.session (
	id              uuid primary key,            -- the customer's key
	idempotency_key text not null constraint session_once unique check (length(idempotency_key) between 1 and 100),
	amount_minor    bigint not null check (amount_minor > 0),
	currency        text not null check (currency ~ '^[A-Z]{3}$'),
	reference       text not null,
	return_url      text not null,
	expires_at      timestamptz not null,
	created_at      timestamptz not null default now()
);

create table mock_provider.refund (
	id              uuid primary key,
	charge_id       uuid not null references mock_provider.charge,
	idempotency_key text not null constraint refund_once unique check (length(idempotency_key) between 1 and 100),
	amount_minor    bigint not null check (amount_minor > 0),
	created_at      timestamptz not null default now()
);

grant usage on schema mock_provider to es_mock_provider;
grant select, insert, update on mock_provider.charge to es_mock_provider;
grant select, insert on mock_provider.session, mock_provider.refund to es_mock_provider;
