-- Double entry: money never appears or disappears, it moves between accounts. A posting's
-- entries add up to zero, and nothing here is ever changed or deleted.

create table payment.account (
	code text primary key,
	name text not null,
	position integer not null
);
insert into payment.account (code, name, position) values
	('provider',  'Provider clearing', 1),  -- what the provider holds for us
	('customers', 'Customer funds',    2),  -- what customers paid: owed in goods
	('refunds',   'Refunds',           3);  -- what went back to them

create table payment.posting (
	id         bigint generated always as identity primary key,
	payment_id uuid not null references payment.intent,
	kind       text not null check (kind in ('capture', 'refund')),
	source     uuid not null,                    -- the attempt or refund it records
	created_at timestamptz not null default now(),
	constraint posted_once unique (kind, source)
);

create table payment.entry (
	posting_id   bigint not null references payment.posting,
	account      text not null references payment.account,
	amount_minor bigint not null check (amount_minor <> 0),
	currency     text not null check (currency ~ '^[A-Z]{3}$'),
	primary key (posting_id, account)
);
create index entry_by_account on payment.entry (account, currency) include (amount_minor);

create function payment.check_balance() returns trigger language plpgsql security definer set search_path = payment, pg_temp as $$
declare
	unbalanced text;
begin
	select e.currency into unbalanced from entry e where e.posting_id = new.posting_id
	 group by e.currency having sum(e.amount_minor) <> 0;
	if found then
		raise exception 'posting % is off balance in %', new.posting_id, unbalanced using errcode = 'check_violation', constraint = 'ledger_balanced';
	end if;
	return null;
end $$;
create constraint trigger ledger_balanced after insert on payment.entry
	deferrable initially deferred for each row execute function payment.check_balance();

-- A posting without any entry says nothing; one with entries must say where from and where to.
create function payment.refuse_change() returns trigger language plpgsql as $$
begin
	raise exception 'the ledger is append only' using errcode = 'check_violation', constraint = 'ledger_append_only';
end $$;
create trigger entry_append_only before update or delete on payment.entry for each statement execute function payment.refuse_change();
create trigger posting_append_only before update or delete on payment.posting for each statement execute function payment.refuse_change();

-- Record once that an attempt's money came in, or a refund's went out. True when it was not known yet.
create function payment.post(p_payment uuid, p_kind text, p_source uuid, p_amount_minor bigint, p_currency text) returns boolean
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
		update intent set refunded_minor = refunded_minor + p_amount_minor where id = p_payment;
	end if;
	return true;
end $$;
