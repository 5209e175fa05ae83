-- Messages and the people they went to: a person's can be had whole, and who leaves is
-- forgotten: that a message was sent remains, not to whom nor what it said.

create index message_of_user on notification.message (user_id) where user_id is not null;

-- Published, for the account's export. p_orders: the orders of that account.
create function notification.export_of(p_user_id uuid, p_orders uuid[]) returns jsonb
language plpgsql stable security definer set search_path = notification, pg_temp as $$
begin
	return (
		select coalesce(jsonb_agg(jsonb_build_object('purpose', m.purpose, 'state', m.state, 'recipient', m.recipient,
				'subject', m.subject, 'text', m.text_body, 'created_at', m.created_at, 'sent_at', m.sent_at) order by m.id), '[]')
		  from message m where m.user_id = p_user_id or m.order_id = any (p_orders));
end $$;

revoke execute on function notification.export_of(uuid, uuid[]) from public;
grant usage on schema notification to es_auth;
grant execute on function notification.export_of(uuid, uuid[]) to es_auth;

-- When its person was forgotten; what is still being sent at that moment must not write them back.
alter table notification.message add column forgotten_at timestamptz;
