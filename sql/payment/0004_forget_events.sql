-- The inbox of provider events is a memory of 30 days, not an archive.
create index provider_event_age on payment.provider_event (received_at);
grant delete on payment.provider_event to es_payment;
