-- session_user is a name, and names sort by bytes: compared with it, the key's first column
-- could not be used, and each look-up read the whole index (1 ms at 11,000 keys, and growing).

alter policy own on platform.idempotency using (service = session_user::text collate "default")
	with check (service = session_user::text collate "default");
