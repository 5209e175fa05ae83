-- What was written to people is forgotten by age as well as with its person.
create index message_kept on notification.message (created_at) where forgotten_at is null;
