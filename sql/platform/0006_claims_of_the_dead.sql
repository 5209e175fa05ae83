-- Who claimed a key and was killed does not come back: a retry goes on at once, not when the lease
-- ends. Its connection tells, since a claim and its end are on the same one. A retry that comes while
-- the first is still at work on a new connection is the same attempt to the provider: harmless.

alter table platform.idempotency add column holder integer;  -- the backend's process; null: of a release before this
