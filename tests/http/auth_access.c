/* Roles of one's own, invitations of staff, service accounts and API keys: who may give what, and what it opens. */
#include "testing.h"
#include "http.h"
#include "settings.h"
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

#define ADMIN SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)
#define LEAD SHOP_AS(3) /* may change roles, accounts and keys, but not products */
#define LEAD_PERMISSIONS "'{users:read,users:write,roles:read,roles:write,keys:read,keys:write,orders:read}'"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, INVITATION_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.invitation, auth.letter, auth.audit_entry, bus.outbox cascade;"
		 "delete from auth.role where not is_builtin;"
		 "insert into auth.role (name, title) values ('lead', 'Team lead');"
		 "insert into auth.role_permission select 'lead', p from unnest(" LEAD_PERMISSIONS "::text[]) as p");
	shop_person(1, "{customer,admin}");
	shop_person(2, "{customer}");
	shop_person(3, "{customer,lead}");
	return 0;
}

static int64_t count(const char *what)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s", what);
	return test_sql_int(sql);
}

static void assert_code(struct request *rq, int status, const char *code)
{
	assert_status(rq, status);
	assert_string_equal(test_code(rq), code);
}

static bool says(const struct request *rq, const char *words)
{
	return memmem(rq->res.body.p, rq->res.body.n, words, strlen(words)) != NULL;
}

/* ------------------------------------------------------------------ roles */

static void a_role_is_made_changed_and_deleted(void **state)
{
	static const char BODY[] = "{\"name\":\"night-shift\",\"title\":\"Night shift\",\"permissions\":[\"orders:read\"]}";

	(void)state;
	assert_status(test_http("POST", "/api/v1/roles", BODY, NULL), 401);
	assert_status(test_http("POST", "/api/v1/roles", BODY, CUSTOMER, NULL), 403);
	struct request *rq = test_http("POST", "/api/v1/roles", BODY, ADMIN, NULL);
	assert_status(rq, 201);
	assert_string_equal(test_header(rq, "Location"), "/api/v1/roles/night-shift");
	assert_code(test_http("POST", "/api/v1/roles", BODY, ADMIN, NULL), 409, "role_taken");
	rq = test_http("PATCH", "/api/v1/roles/night-shift", "{\"permissions\":[\"orders:read\",\"inventory:read\"]}", ADMIN,
		"HTTP_IF_MATCH", "\"v1-0\"", NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "permissions")), 2);
	assert_string_equal(json_text(test_json(rq), "title", ""), "Night shift");
	assert_status(test_http("PATCH", "/api/v1/roles/night-shift", "{\"title\":\"N\"}", ADMIN, "HTTP_IF_MATCH", "\"v1-0\"", NULL), 412);
	test_sql("update auth.account set roles = '{customer,night-shift}' where email like 'person2%'");
	assert_status(test_http("GET", "/api/v1/users", NULL, CUSTOMER, NULL), 403);
	assert_code(test_http("DELETE", "/api/v1/roles/night-shift", NULL, ADMIN, NULL), 409, "role_in_use");
	test_sql("update auth.account set roles = '{customer}' where email like 'person2%'");
	assert_status(test_http("DELETE", "/api/v1/roles/night-shift", NULL, ADMIN, NULL), 204);
	assert_status(test_http("GET", "/api/v1/roles/night-shift", NULL, ADMIN, NULL), 404);
	assert_int_equal(count("auth.audit_entry where action in ('role.create', 'role.change', 'role.delete')"), 3);
}

/* What a role permits is what its holders may, from the next request on. */
static void a_changed_role_counts_at_once(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/api/v1/roles", NULL, LEAD, NULL), 200);
	test_sql("delete from auth.role_permission where role = 'lead' and permission = 'roles:read'");
	assert_status(test_http("GET", "/api/v1/roles", NULL, LEAD, NULL), 403);
}

static void roles_of_the_shop_stay(void **state)
{
	(void)state;
	assert_code(test_http("PATCH", "/api/v1/roles/support", "{\"permissions\":[]}", ADMIN, NULL), 409, "role_builtin");
	assert_code(test_http("DELETE", "/api/v1/roles/analyst", NULL, ADMIN, NULL), 409, "role_builtin");
	/* and not even the service's own role could */
	struct ctx *c = test_ctx();
	assert_ok(c, access_store_delete_role(c, "analyst"));
	assert_int_equal(count("auth.role where name = 'analyst'"), 1);
}

static void bad_roles_are_refused(void **state)
{
	static const char *const BODIES[] = {
		"{}",
		"{\"name\":\"Night\",\"title\":\"N\"}",
		"{\"name\":\"1st\",\"title\":\"N\"}",
		"{\"name\":\"a b\",\"title\":\"N\"}",
		"{\"name\":\"abcdefghijklmnopqrstu\",\"title\":\"N\"}",
		"{\"name\":\"a\",\"title\":\"\"}",
		"{\"name\":\"a\",\"title\":\"N\",\"permissions\":\"orders:read\"}",
		"{\"name\":\"a\",\"title\":\"N\",\"permissions\":[1]}",
		"{\"name\":\"a\",\"title\":\"N\",\"builtin\":true}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BODIES); i++)
		assert_status(test_http("POST", "/api/v1/roles", BODIES[i], ADMIN, NULL), 422);
	assert_code(test_http("POST", "/api/v1/roles", "{\"name\":\"a\",\"title\":\"N\",\"permissions\":[\"no:read\"]}", ADMIN, NULL),
		403, "beyond_own_rights");
}

/* ------------------------------------------------------------------ nobody gives more than they have */

static void nobody_gives_more_than_they_have(void **state)
{
	static const char PERSON1[] = "/api/v1/users/01900000-0000-7000-8000-000000000001",
			  PERSON2[] = "/api/v1/users/01900000-0000-7000-8000-000000000002";

	(void)state;
	assert_code(test_http("POST", "/api/v1/roles", "{\"name\":\"a\",\"title\":\"N\",\"permissions\":[\"products:write\"]}", LEAD, NULL),
		403, "beyond_own_rights");
	assert_code(test_http("PATCH", "/api/v1/roles/lead", "{\"permissions\":[\"products:write\"]}", LEAD, NULL), 403, "beyond_own_rights");
	assert_code(test_http("POST", "/api/v1/invitations", "{\"email\":\"n@example.com\",\"roles\":[\"admin\"]}", LEAD, NULL), 403, "beyond_own_rights");
	assert_code(test_http("PATCH", PERSON2, "{\"roles\":[\"customer\",\"admin\"]}", LEAD, NULL), 403, "beyond_own_rights");
	assert_code(test_http("PATCH", PERSON1, "{\"blocked\":true}", LEAD, NULL), 403, "beyond_own_rights");
	assert_code(test_http("POST", "/api/v1/service-accounts", "{\"name\":\"x\",\"roles\":[\"merchandiser\"]}", LEAD, NULL), 403, "beyond_own_rights");
	assert_code(test_http("POST", "/api/v1/api-keys", "{\"name\":\"x\",\"scopes\":[\"products:write\"]}", LEAD, NULL), 403, "beyond_own_rights");
	assert_status(test_http("PATCH", PERSON2, "{\"roles\":[\"customer\",\"lead\"]}", LEAD, NULL), 200);
	assert_int_equal(count("auth.account where 'admin' = any (roles)"), 1);
}

/* ------------------------------------------------------------------ invitations */

static const char *letter_of(const char *email)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select id::text from auth.letter where recipient = '%s' order by created_at desc, id desc limit 1", email);
	return test_sql_text(sql);
}

/* The mail leaves: notification-service tells the hash of what it puts into the link. */
static void send_letter(const char *email, const char *token)
{
	shop_sql("select auth.letter_facts('%s', encode(sha256('%s'), 'hex'))", letter_of(email), token);
}

static struct request *accept(const char *token, const char *name)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"name\":\"%s\",\"password\":\"correct horse battery\"}", token, name);
	return test_http("POST", "/api/v1/auth/invitations/accept", body, NULL);
}

static void the_invited_opens_an_account(void **state)
{
	static const char BODY[] = "{\"email\":\"New@example.com\",\"roles\":[\"support\",\"analyst\"]}";

	(void)state;
	assert_status(test_http("POST", "/api/v1/invitations", BODY, NULL), 401);
	assert_status(test_http("POST", "/api/v1/invitations", BODY, CUSTOMER, NULL), 403);
	struct request *rq = test_http("POST", "/api/v1/invitations", BODY, ADMIN, NULL);
	assert_status(rq, 201);
	assert_string_equal(json_text(test_json(rq), "state", ""), "open");
	assert_int_equal(count("bus.outbox where topic = 'user.letter_requested' and payload ->> 'kind' = 'invitation'"), 1);
	assert_null(strstr(test_sql_text("select string_agg(payload::text, '') from bus.outbox"), "example"));
	send_letter("New@example.com", "T1");
	assert_code(accept("T2", "Ada"), 422, "invalid_token");
	assert_status(test_http("POST", "/api/v1/auth/invitations/accept", "{\"token\":\"T1\",\"name\":\"Ada\",\"password\":\"short\"}", NULL), 422);
	rq = accept("T1", "Ada");
	assert_status(rq, 201);
	assert_string_equal(json_text(json_object_get(test_json(rq), "user"), "email", ""), "New@example.com");
	assert_int_equal(count("auth.account where roles = '{support,analyst,customer}' and verified_at is not null"), 1);
	assert_code(accept("T1", "Eve"), 422, "invalid_token");
	assert_int_equal(count("auth.audit_entry where action in ('invitation.create', 'invitation.accept')"), 2);
	assert_status(test_http("POST", "/api/v1/auth/login", "{\"email\":\"new@example.com\",\"password\":\"correct horse battery\"}", NULL), 200);
	rq = test_http("GET", "/api/v1/invitations", NULL, ADMIN, NULL);
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "data"), 0), "state", ""), "accepted");
}

static void an_invitation_ends(void **state)
{
	static const char BODY[] = "{\"email\":\"new@example.com\",\"roles\":[\"support\"]}";
	char path[100];

	(void)state;
	struct request *rq = test_http("POST", "/api/v1/invitations", BODY, ADMIN, NULL);
	snprintf(path, sizeof(path), "/api/v1/invitations/%s", json_text(test_json(rq), "id", ""));
	send_letter("new@example.com", "T1");
	assert_status(test_http("DELETE", path, NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("DELETE", path, NULL, ADMIN, NULL), 204);
	assert_status(test_http("DELETE", path, NULL, ADMIN, NULL), 404);
	assert_status(accept("T1", "Ada"), 422);
	/* a second invitation takes the first one's place */
	assert_status(test_http("POST", "/api/v1/invitations", BODY, ADMIN, NULL), 201);
	send_letter("new@example.com", "T2");
	assert_status(test_http("POST", "/api/v1/invitations", BODY, ADMIN, NULL), 201);
	assert_status(accept("T2", "Ada"), 422);
	send_letter("new@example.com", "T3");
	test_sql("update auth.invitation set expires_at = now() where revoked_at is null");
	assert_status(accept("T3", "Ada"), 422);
	test_sql("update auth.invitation set expires_at = now() + interval '1 day'");
	assert_status(accept("T3", "Ada"), 201);
}

static void whoever_has_an_account_is_not_invited(void **state)
{
	(void)state;
	assert_code(test_http("POST", "/api/v1/invitations", "{\"email\":\"Person2@example.com\",\"roles\":[\"support\"]}", ADMIN, NULL), 409, "email_taken");
	assert_status(test_http("POST", "/api/v1/invitations", "{\"email\":\"n@example.com\",\"roles\":[]}", ADMIN, NULL), 422);
	assert_status(test_http("POST", "/api/v1/invitations", "{\"email\":\"n\",\"roles\":[\"support\"]}", ADMIN, NULL), 422);
}

/* ------------------------------------------------------------------ API keys */

static char bearer[100], key_id[40];

static struct request *make_key(const char *body)
{
	struct request *rq = test_http("POST", "/api/v1/api-keys", body, ADMIN, NULL);

	assert_status(rq, 201);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "key", ""));
	snprintf(key_id, sizeof(key_id), "%s", json_text(test_json(rq), "id", ""));
	return rq;
}

static struct request *with_key(const char *method, const char *path, const char *body)
{
	return test_http(method, path, body, "HTTP_AUTHORIZATION", bearer, NULL);
}

static void a_key_may_what_its_scopes_say(void **state)
{
	(void)state;
	struct request *rq = make_key("{\"name\":\"Warehouse\",\"scopes\":[\"users:read\"],\"expires_in_days\":30}");
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_int_equal(strlen(bearer), strlen("Bearer ") + API_KEY_LENGTH);
	assert_int_equal(count("auth.api_key where last_used_at is null"), 1);
	assert_status(with_key("GET", "/api/v1/users", NULL), 200);
	assert_int_equal(count("auth.api_key where last_used_at > now() - interval '1 minute'"), 1);
	assert_status(with_key("GET", "/api/v1/roles", NULL), 403);
	/* what is a person's own is none of its business */
	assert_status(with_key("GET", "/api/v1/me", NULL), 403);
	assert_status(with_key("POST", "/api/v1/me/password", "{\"current_password\":\"x\",\"new_password\":\"another long one\"}"), 403);
	/* it is shown once, and stored nowhere */
	rq = test_http("GET", "/api/v1/api-keys", NULL, ADMIN, NULL);
	assert_status(rq, 200);
	assert_false(says(rq, bearer + strlen("Bearer ")));
	shop_sql("do $$ begin assert not exists (select from auth.api_key k where k::text like '%%%s%%'); end $$", bearer + strlen("Bearer es_live_"));
	assert_int_equal(count("auth.audit_entry where action = 'api_key.create'"), 1);
	/* pages are for people */
	assert_int_not_equal(with_key("GET", "/admin/customers", NULL)->res.status, 200);
}

static void a_key_ends(void **state)
{
	char path[100];

	(void)state;
	make_key("{\"name\":\"k\",\"scopes\":[\"users:read\"]}");
	test_sql("update auth.api_key set expires_at = now() - interval '1 second'");
	assert_status(with_key("GET", "/api/v1/users", NULL), 401);
	test_sql("update auth.api_key set expires_at = null");
	test_sql("update auth.account set state = 'blocked' where email like 'person1%'");
	assert_status(with_key("GET", "/api/v1/users", NULL), 401);
	test_sql("update auth.account set state = 'active', roles = '{customer,analyst}' where email like 'person1%'");
	assert_status(with_key("GET", "/api/v1/users", NULL), 403); /* its account may no more */
	test_sql("update auth.account set roles = '{customer,admin}' where email like 'person1%'");
	assert_status(with_key("GET", "/api/v1/users", NULL), 200);
	snprintf(path, sizeof(path), "/api/v1/api-keys/%s", key_id);
	assert_status(test_http("DELETE", path, NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("DELETE", path, NULL, ADMIN, NULL), 204);
	assert_status(test_http("DELETE", path, NULL, ADMIN, NULL), 404);
	assert_status(with_key("GET", "/api/v1/users", NULL), 401);
}

static void who_made_a_key_hears_that_it_runs_out(void **state)
{
	(void)state;
	make_key("{\"name\":\"Till <1>\",\"scopes\":[\"users:read\"],\"expires_in_days\":30}");
	make_key("{\"name\":\"for a while\",\"scopes\":[\"users:read\"],\"expires_in_days\":7}");
	make_key("{\"name\":\"for ever\",\"scopes\":[\"users:read\"]}");
	make_key("{\"name\":\"revoked\",\"scopes\":[\"users:read\"],\"expires_in_days\":30}");
	test_sql("update auth.api_key set revoked_at = now() where name = 'revoked'");
	assert_ok(test_ctx(), keys_tell(test_ctx()));
	assert_int_equal(count("auth.letter where kind = 'key_expiring'"), 0);
	test_sql("update auth.api_key set created_at = created_at - interval '24 days', expires_at = expires_at - interval '24 days'"
		 " where name in ('Till <1>', 'revoked')");
	for (int i = 0; i < 3; i++)
		assert_ok(test_ctx(), keys_tell(test_ctx()));
	assert_string_equal(test_sql_text("select string_agg(about || ' ' || recipient, ', ') from auth.letter where kind = 'key_expiring'"),
		"Till <1> person1@example.com");
	assert_int_equal(count("bus.outbox where topic = 'user.letter_requested' and payload->>'kind' = 'key_expiring'"), 1);
}

static void no_key_makes_credentials(void **state)
{
	static const char *const SCOPES[] = {"keys:write", "roles:write", "users:write"};
	char body[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(SCOPES); i++) {
		snprintf(body, sizeof(body), "{\"name\":\"k\",\"scopes\":[\"%s\"]}", SCOPES[i]);
		assert_code(test_http("POST", "/api/v1/api-keys", body, ADMIN, NULL), 422, "scope_unknown");
	}
	assert_status(test_http("POST", "/api/v1/api-keys", "{\"name\":\"k\",\"scopes\":[\"no:read\"]}", ADMIN, NULL), 403);
	assert_status(test_http("POST", "/api/v1/api-keys", "{\"name\":\"k\",\"scopes\":[]}", ADMIN, NULL), 422);
	assert_status(test_http("POST", "/api/v1/api-keys", "{\"scopes\":[\"users:read\"]}", ADMIN, NULL), 422);
	assert_status(test_http("POST", "/api/v1/api-keys", "{\"name\":\"k\",\"scopes\":[\"users:read\"],\"expires_in_days\":0}", ADMIN, NULL), 422);
	assert_status(test_http("POST", "/api/v1/api-keys",
		"{\"name\":\"k\",\"scopes\":[\"users:read\"],\"account_id\":\"01900000-0000-7000-8000-000000000002\"}", ADMIN, NULL), 422);
	assert_int_equal(count("auth.api_key"), 0);
}

static void wrong_keys_open_nothing(void **state)
{
	static const char *const KEYS[] = {
		"Bearer es_live_", "Bearer es_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "Bearer es_live_' or true --",
		"Basic es_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
		assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", KEYS[i], NULL), 401);
}

static void a_program_has_keys_and_no_password(void **state)
{
	char body[200], path[100];

	(void)state;
	struct request *rq = test_http("POST", "/api/v1/service-accounts", "{\"name\":\"Import\",\"roles\":[\"support\"]}", ADMIN, NULL);
	assert_status(rq, 201);
	snprintf(path, sizeof(path), "/api/v1/service-accounts/%s", json_text(test_json(rq), "id", ""));
	snprintf(body, sizeof(body), "{\"name\":\"k\",\"scopes\":[\"users:read\",\"audit:read\"],\"account_id\":\"%s\"}", json_text(test_json(rq), "id", ""));
	make_key(body);
	assert_status(with_key("GET", "/api/v1/users", NULL), 200);
	assert_status(with_key("GET", "/api/v1/invitations", NULL), 200);
	assert_int_equal(count("auth.account where kind = 'service' and password_hash is null"), 1);
	assert_status(test_http("DELETE", path, NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("DELETE", path, NULL, ADMIN, NULL), 204);
	assert_status(with_key("GET", "/api/v1/users", NULL), 401);
	assert_int_equal(count("auth.api_key"), 0);
	/* a person is not deleted this way */
	assert_status(test_http("DELETE", "/api/v1/service-accounts/01900000-0000-7000-8000-000000000002", NULL, ADMIN, NULL), 404);
}

/* ------------------------------------------------------------------ pages */

#define FORM(fields) "csrf=" SHOP_CSRF "&" fields
#define HTML "HTTP_ACCEPT", "text/html"

static void pages_of_roles(void **state)
{
	(void)state;
	struct request *rq = test_http("GET", "/admin/roles", NULL, ADMIN, HTML, NULL);
	assert_status(rq, 200);
	assert_true(says(rq, "Team lead"));
	assert_true(says(rq, "See stock"));
	assert_status(test_http("GET", "/admin/roles", NULL, CUSTOMER, HTML, NULL), 403);
	rq = test_http("POST", "/admin/roles", FORM("name=Night&title=Night&permissions=orders:read"), ADMIN, HTML, NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"Night\""));
	assert_true(says(rq, "value=\"orders:read\" checked"));
	assert_status(test_http("POST", "/admin/roles", "name=night&title=Night", "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("1"), HTML, NULL), 403);
	assert_status(test_http("POST", "/admin/roles", FORM("name=night&title=Night&permissions=orders:read"), ADMIN, HTML, NULL), 303);
	rq = test_http("GET", "/admin/roles?edit=night", NULL, ADMIN, HTML, NULL);
	assert_true(says(rq, "action=\"/admin/roles/night\""));
	assert_true(says(rq, "value=\"orders:read\" checked"));
	assert_status(test_http("POST", "/admin/roles/night", FORM("title="), ADMIN, HTML, NULL), 422);
	assert_status(test_http("POST", "/admin/roles/night", FORM("title=Later"), ADMIN, HTML, NULL), 303);
	assert_int_equal(count("auth.role_permission where role = 'night'"), 0);
	assert_status(test_http("POST", "/admin/roles/support/delete", FORM(""), ADMIN, HTML, NULL), 409);
	assert_status(test_http("POST", "/admin/roles/night/delete", FORM(""), ADMIN, HTML, NULL), 303);
	assert_status(test_http("POST", "/admin/roles/night/delete", FORM(""), ADMIN, HTML, NULL), 404);
}

static void pages_of_an_invitation(void **state)
{
	(void)state;
	assert_true(says(test_http("GET", "/admin/team", NULL, ADMIN, HTML, NULL), "Nobody has been invited yet"));
	struct request *rq = test_http("POST", "/admin/team/invitations", FORM("email=n@example.com"), ADMIN, HTML, NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"n@example.com\""));
	assert_status(test_http("POST", "/admin/team/invitations", FORM("email=n@example.com&roles=support"), ADMIN, HTML, NULL), 303);
	assert_true(says(test_http("GET", "/admin/team", NULL, ADMIN, HTML, NULL), "Customer support"));
	send_letter("n@example.com", "T1");
	assert_true(says(test_http("GET", "/invitation?token=T2", NULL, HTML, NULL), "has run out"));
	assert_true(says(test_http("GET", "/invitation", NULL, HTML, NULL), "has run out"));
	rq = test_http("GET", "/invitation?token=T1", NULL, HTML, NULL);
	assert_true(says(rq, "n@example.com"));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	rq = test_http("POST", "/invitation", "token=T1&name=Ada&password=short", HTML, NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"Ada\""));
	assert_false(says(rq, "value=\"short\""));
	rq = test_http("POST", "/invitation", "token=T1&name=Ada&password=correct+horse+battery", HTML, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/admin");
	assert_non_null(test_cookie(rq, "es_session"));
	assert_status(test_http("POST", "/invitation", "token=T1&name=Ada&password=correct+horse+battery", HTML, NULL), 422);
	assert_status(test_http("POST", "/admin/team/invitations", FORM("email=m@example.com&roles=support"), ADMIN, HTML, NULL), 303);
	shop_sql("do $$ begin assert (select count(*) = 1 from auth.invitation where accepted_at is null); end $$");
	char path[120];
	snprintf(path, sizeof(path), "/admin/team/invitations/%s/revoke", test_sql_text("select id::text from auth.invitation where accepted_at is null"));
	assert_status(test_http("POST", path, FORM(""), ADMIN, HTML, NULL), 303);
	assert_status(test_http("POST", path, FORM(""), ADMIN, HTML, NULL), 404);
}

static void pages_of_keys(void **state)
{
	(void)state;
	assert_true(says(test_http("GET", "/admin/api-keys", NULL, ADMIN, HTML, NULL), "There are no keys yet"));
	struct request *rq = test_http("POST", "/admin/api-keys", FORM("name=&scopes=orders:read"), ADMIN, HTML, NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"orders:read\" checked"));
	rq = test_http("POST", "/admin/api-keys", FORM("name=Till&scopes=orders:read&scopes=users:read&expires_in_days=90&account_id="), ADMIN, HTML, NULL);
	assert_status(rq, 200);
	assert_true(says(rq, "es_live_"));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_int_equal(count("auth.api_key where expires_at between now() + interval '89 days' and now() + interval '91 days'"), 1);
	assert_false(says(test_http("GET", "/admin/api-keys", NULL, ADMIN, HTML, NULL), "class=\"secret\""));
	char path[120];
	snprintf(path, sizeof(path), "/admin/api-keys/%s/revoke", test_sql_text("select id::text from auth.api_key"));
	assert_status(test_http("POST", path, FORM(""), LEAD, HTML, NULL), 303);
	assert_status(test_http("POST", "/admin/service-accounts", FORM("name=Import&roles=support"), ADMIN, HTML, NULL), 303);
	assert_status(test_http("POST", "/admin/service-accounts", FORM("name=Import"), ADMIN, HTML, NULL), 422);
	snprintf(path, sizeof(path), "/admin/service-accounts/%s/delete", test_sql_text("select id::text from auth.account where kind = 'service'"));
	assert_status(test_http("POST", path, FORM(""), ADMIN, HTML, NULL), 303);
	assert_int_equal(count("auth.account where kind = 'service'"), 0);
}

/* ------------------------------------------------------------------ */

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	test_auth_settings();
	setenv("ES_ATTEMPTS_PER_ADDRESS", "0", 1);
	test_config(test_ctx(), AUTH_CONFIG);
	test_http_open(AUTH_ROUTES, db);
	assert_ok(test_ctx(), auth_init(test_ctx()));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, clean)
	const struct CMUnitTest tests[] = {
		TEST(a_role_is_made_changed_and_deleted),
		TEST(a_changed_role_counts_at_once),
		TEST(roles_of_the_shop_stay),
		TEST(bad_roles_are_refused),
		TEST(nobody_gives_more_than_they_have),
		TEST(the_invited_opens_an_account),
		TEST(an_invitation_ends),
		TEST(whoever_has_an_account_is_not_invited),
		TEST(a_key_may_what_its_scopes_say),
		TEST(a_key_ends),
		TEST(who_made_a_key_hears_that_it_runs_out),
		TEST(no_key_makes_credentials),
		TEST(wrong_keys_open_nothing),
		TEST(a_program_has_keys_and_no_password),
		TEST(pages_of_roles),
		TEST(pages_of_an_invitation),
		TEST(pages_of_keys),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
