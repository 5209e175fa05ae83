-- Messages to people. A row is written in the transaction that handles the event; what it says
-- and to whom is looked up when it is sent, because events carry no personal data.

create table notification.message (
	id         uuid        primary key,              -- UUIDv7: in order of time
	event_id   uuid        not null,
	channel    text        not null default 'email' check (channel in ('email')),
	purpose    text        not null,                 -- order_confirmation …: who is to learn what
	template   text        not null,                 -- below templates/mail
	order_id   uuid,
	user_id    uuid,
	detail     jsonb       not null default '{}',    -- the event's own facts: shipment_id, failure_code
	state      text        not null default 'queued' check (state in ('queued', 'sent', 'failed', 'dead')),
	attempts   integer     not null default 0,
	resends    integer     not null default 0,       -- by staff; a part of the Message-ID
	error      text,
	recipient  text,                                 -- these four as they were sent
	subject    text,
	text_body  text,
	html_body  text,
	created_at timestamptz not null default now(),
	sent_at    timestamptz,
	version    bigint      not null default 1,
	constraint message_once unique (event_id, channel, purpose),
	check (order_id is not null or user_id is not null),
	check (state <> 'sent' or (sent_at is not null and recipient is not null))
);
create index message_recipient on notification.message using gin (lower(recipient) public.gin_trgm_ops);
create index message_state on notification.message (state, id desc);
create index message_order on notification.message (order_id, purpose, created_at);

grant select, insert, update on notification.message to es_notification;
