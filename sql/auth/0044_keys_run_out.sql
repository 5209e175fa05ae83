-- Whoever made an API key is told a week before it runs out, once. One that was made to live for a week or less is no news.

alter table auth.api_key add column told_at timestamptz;
create index api_key_runs_out on auth.api_key (expires_at) where revoked_at is null and told_at is null;
grant update (told_at) on auth.api_key to es_auth;
