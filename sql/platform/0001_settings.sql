-- What every service reads at start.

create table platform.setting (
	key   text primary key check (key ~ '^[a-z][a-z0-9_]*$'),
	value text not null
);
insert into platform.setting (key, value) values
	('shop_name', 'EcoStore'),
	('currency', 'EUR'),
	('country', 'DE'),
	('support_email', 'support@ecostore.example'),
	('time_zone', 'Europe/Berlin'),
	('order_expiry_minutes', '30');

grant usage on schema platform to es_service;
grant select on platform.setting to es_service;
