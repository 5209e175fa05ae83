-- Uploads: the file first, then the work on it, batch by batch; each batch counts itself in
-- its own transaction, so an import that was interrupted goes on where it stood.

create table catalog.import (
	id           uuid primary key,
	file_name    text not null,
	format       text not null check (format in ('csv', 'ndjson')),
	state        text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
	rows         bigint not null default 0,      -- read so far
	created      bigint not null default 0,
	updated      bigint not null default 0,
	rejected     bigint not null default 0,
	failure      text,                           -- why it failed as a whole
	created_by   text,
	created_at   timestamptz not null default now(),
	finished_at  timestamptz
);
create index import_newest on catalog.import (created_at desc, id desc);

create table catalog.import_file (
	import_id uuid primary key references catalog.import,
	bytes     bytea not null
);

create table catalog.import_error (
	import_id uuid not null references catalog.import,
	n         bigint generated always as identity,
	row_no    bigint not null,
	field     text not null,
	message   text not null,
	primary key (import_id, n)
);

grant select, insert, update, delete on catalog.import, catalog.import_file, catalog.import_error to es_catalog;

-- The planner must know that tables grew before the next batch: autovacuum comes too late for the first
-- import of a shop. The tables' owner alone may do this; it holds no lock that writers or readers mind.
create function catalog.refresh_statistics() returns void language plpgsql security definer set search_path = catalog, pg_temp as $$
begin
	analyze product, variant, price, product_image, listing, category, brand;
end $$;
grant execute on function catalog.refresh_statistics() to es_catalog;
