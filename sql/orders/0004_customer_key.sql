-- Events say "the same customer as before" and not who: a key derived from the e-mail address
-- with a secret that never leaves this schema. A plain hash would give addresses away to anyone with a list of them.

create table orders.pseudonym_secret (
	one    boolean primary key default true check (one),
	secret text not null default gen_random_uuid()::text || gen_random_uuid()::text check (length(secret) >= 64)
);
insert into orders.pseudonym_secret default values;
grant select on orders.pseudonym_secret to es_orders;
