-- A paid order that has not left can be cancelled: its money goes back as a step of the saga.
-- The history says what state an order was in, what moved it there, and how often that was tried.

-- Every step there is. Who moves it on: the shop itself, its customer, or staff.
create table orders.saga_step_kind (
	step       text primary key,
	moved_by   text not null check (moved_by in ('system', 'customer', 'staff')),
	compensates text references orders.saga_step_kind,
	about      text not null
);
insert into orders.saga_step_kind (step, moved_by, compensates, about) values
	('reserve_stock',  'system',   null, 'stock is promised to the order, in the transaction that places it'),
	('open_payment',   'system',   null, 'a payment is opened, in the same transaction'),
	('await_payment',  'customer', null, 'the customer pays, or the time runs out'),
	('ship',           'staff',    null, 'everything leaves in parcels'),
	('deliver',        'staff',    null, 'every parcel has arrived'),
	('cancel_payment', 'system',   'open_payment', 'the payment is closed without money'),
	('refund_payment', 'system',   'await_payment', 'the provider gives the money back'),
	('release_stock',  'system',   'reserve_stock', 'what was promised is free again');
grant select on orders.saga_step_kind to es_orders;

alter table orders.saga_step drop constraint saga_step_step_check;
alter table orders.saga_step add foreign key (step) references orders.saga_step_kind;
alter table orders.saga_step add column last_error text;

insert into orders.transition (subject, was, becomes) values
	('payment', 'succeeded', 'refunded'), ('payment', 'succeeded', 'partially_refunded'), ('payment', 'partially_refunded', 'refunded');

alter table orders.timeline
	add column state      text,     -- the order's, afterwards
	add column position   bigint,   -- in the event log: the event that this followed from
	add column attempts   integer,  -- of the step, so far
	add column request_id text;     -- the request it began with

-- Published. Steps that the shop has to move on by itself and has not, and whatever failed.
create view orders.saga_state as
	select o.id as order_id, o.number, s.step, s.state, s.attempts::bigint, s.next_at, s.last_error, s.updated_at
	  from orders.saga_step s join orders.orders o on o.id = s.order_id join orders.saga_step_kind k on k.step = s.step
	 where s.state = 'pending' and (k.moved_by = 'system' or s.last_error is not null or s.next_at < now() - interval '1 minute');
grant usage on schema orders to es_bus;
grant select on orders.saga_state to es_bus;

select bus.declare_topic('order.refunded', 'es_orders', 1, 'Money of an order went back to its customer.',
	'{"type": "object", "required": ["order_id", "number", "currency", "amount_minor", "refunded_minor", "total_minor", "country", "refunded_at"],
	"properties": {"order_id": {"type": "string", "format": "uuid"}, "number": {"type": "string"},
	"currency": {"type": "string", "pattern": "^[A-Z]{3}$"}, "amount_minor": {"type": "integer", "minimum": 0},
	"refunded_minor": {"type": "integer", "minimum": 0}, "total_minor": {"type": "integer", "minimum": 0},
	"country": {"type": "string", "pattern": "^[A-Z]{2}$"}, "refunded_at": {"type": "string", "format": "date-time"}}}',
	'{"order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10", "number": "E7K2M9QXP", "currency": "EUR", "amount_minor": 4380,
	"refunded_minor": 4380, "total_minor": 4380, "country": "DE", "refunded_at": "2026-03-02T09:00:00Z"}');
