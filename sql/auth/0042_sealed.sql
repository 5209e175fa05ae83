-- What would sign people in, or sign in their place, is sealed with a key that is not in the database (auth-service: seal.c):
-- keys of authenticator apps, and the private halves of signing keys. sealed_by names the key; null: in the clear, as before,
-- until auth-service's next round.

alter table auth.totp add column sealed_by text check (sealed_by ~ '^[0-9a-f]{16}$');
alter table auth.signing_key add column private_key bytea, add column sealed_by text check (sealed_by ~ '^[0-9a-f]{16}$');
update auth.signing_key set private_key = convert_to(private_pem, 'UTF8');
alter table auth.signing_key alter column private_key set not null, drop column private_pem;

grant update (sealed_by) on auth.totp to es_auth;
grant update (private_key, sealed_by) on auth.signing_key to es_auth;
