/* Signing in and out through the API, and what it is good for. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "data/clock.h"
#include "shared.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

#define PASSWORD "correct horse battery"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS,
	ATTEMPT_STATEMENTS, PROOF_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static const char *body_text(const char *email, const char *password)
{
	static char text[1000];

	snprintf(text, sizeof(text), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
	return text;
}

static struct request *register_user(const char *email)
{
	char text[400];

	snprintf(text, sizeof(text), "{\"email\":\"%s\",\"password\":\"" PASSWORD "\",\"name\":\"Mara Lind\"}", email);
	return test_http("POST", "/api/v1/auth/register", text, NULL);
}

/* "Bearer …", kept by the caller's buffer: answers don't last. */
static void sign_in(const char *email, char *bearer, size_t size)
{
	struct request *rq = test_http("POST", "/api/v1/auth/login", body_text(email, PASSWORD), NULL);

	assert_status(rq, 200);
	snprintf(bearer, size, "Bearer %s", json_text(test_json(rq), "access_token", ""));
}

static const char *refresh_with(const char *token, int status)
{
	static char text[200], next[100];

	snprintf(text, sizeof(text), "{\"refresh_token\":\"%s\"}", token);
	struct request *rq = test_http("POST", "/api/v1/auth/refresh", text, NULL);
	assert_status(rq, status);
	if (status == 200)
		snprintf(next, sizeof(next), "%s", json_text(test_json(rq), "refresh_token", ""));
	return next;
}

static void test_register(void **state)
{
	struct request *rq = register_user("Mara@Example.com");
	json_t *user = json_object_get(test_json(rq), "user");

	(void)state;
	assert_status(rq, 201);
	assert_string_equal(json_text(user, "email", ""), "Mara@Example.com");
	assert_string_equal(json_text(user, "name", ""), "Mara Lind");
	assert_string_equal(json_string_value(json_array_get(json_object_get(user, "roles"), 0)), "customer");
	assert_null(strstr(rq->res.body.p, "password"));
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'user.registered'"), 1);
	rq = register_user("mara@example.com");
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "email_taken");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'user.registered'"), 1);
}

static void test_bad_registrations(void **state)
{
	static const char *const BODIES[] = {
		"{\"email\":\"x\",\"password\":\"" PASSWORD "\",\"name\":\"a\"}",
		"{\"email\":\"a@example.com\",\"password\":\"short\",\"name\":\"a\"}",
		"{\"email\":\"a@example.com\",\"password\":\"aaaaaaaaaaaa\",\"name\":\"a\"}",
		"{\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\",\"name\":\"\"}",
		"{\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\",\"name\":\"a\",\"roles\":[\"admin\"]}",
		"{\"email\":\"a@example.com\"}",
		"{}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BODIES); i++)
		assert_status(test_http("POST", "/api/v1/auth/register", BODIES[i], NULL), 422);
}

/* Characters, not bytes. What is chosen today has 12 to 128; what was chosen before signs in all the same. */
static void test_length_of_passwords(void **state)
{
	static const struct {
		const char *letter;
		size_t n;
		int status;
	} CASES[] = {{"\xc3\xa4 b", 3, 422}, {"\xc3\xa4 bc", 3, 201}, {"\xc3\xa4 bc", 32, 201}, {"\xc3\xa4 b", 43, 422}};
	char text[700], email[60], password[400], hash[PASSWORD_HASH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		password[0] = '\0';
		for (size_t n = 0, at = 0; n < CASES[i].n; n++, at = strlen(password))
			snprintf(password + at, sizeof(password) - at, "%s", CASES[i].letter);
		snprintf(text, sizeof(text), "{\"email\":\"length%zu@example.com\",\"password\":\"%s\",\"name\":\"L\"}", i, password);
		assert_status(test_http("POST", "/api/v1/auth/register", text, NULL), CASES[i].status);
		if (CASES[i].status == 201) { /* all of it counts */
			snprintf(email, sizeof(email), "length%zu@example.com", i);
			assert_status(test_http("POST", "/api/v1/auth/login", body_text(email, password), NULL), 200);
			password[strlen(password) - 1] = '\0';
			assert_status(test_http("POST", "/api/v1/auth/login", body_text(email, password), NULL), 401);
		}
	}
	assert_ok(test_ctx(), secret_hash(test_ctx(), "ten letter", hash));
	snprintf(text, sizeof(text), "update auth.account set password_hash = '%s' where email = 'length1@example.com'", hash);
	test_sql(text);
	assert_status(test_http("POST", "/api/v1/auth/login", body_text("length1@example.com", "ten letter"), NULL), 200);
}

static void test_login(void **state)
{
	struct request *rq = test_http("POST", "/api/v1/auth/login", body_text("MARA@example.com", PASSWORD), NULL);
	char bearer[2000];

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "token_type", ""), "Bearer");
	assert_int_equal(json_int(test_json(rq), "expires_in", 0), 600);
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	rq = test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "email", ""), "Mara@Example.com");
	assert_non_null(test_header(rq, "ETag"));
}

/* Unknown account, wrong password, blocked account: one answer. */
static void test_login_tells_nothing(void **state)
{
	struct request *unknown = test_http("POST", "/api/v1/auth/login", body_text("nobody@example.com", PASSWORD), NULL);
	struct request *wrong = test_http("POST", "/api/v1/auth/login", body_text("mara@example.com", "not the password"), NULL);

	(void)state;
	assert_status(unknown, 401);
	assert_status(wrong, 401);
	assert_string_equal(test_code(unknown), "invalid_credentials");
	assert_string_equal(json_text(test_json(wrong), "detail", ""), json_text(test_json(unknown), "detail", "x"));
	test_sql("update auth.account set state = 'blocked'");
	struct request *blocked = test_http("POST", "/api/v1/auth/login", body_text("mara@example.com", PASSWORD), NULL);
	test_sql("update auth.account set state = 'active'");
	assert_status(blocked, 401);
	assert_string_equal(test_code(blocked), "invalid_credentials");
}

static void test_throttle(void **state)
{
	struct request *rq = NULL;

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_status(test_http("POST", "/api/v1/auth/login", body_text("ghost@example.com", "not the password"), NULL), 401);
	rq = test_http("POST", "/api/v1/auth/login", body_text("Ghost@example.com", "not the password"), NULL);
	assert_status(rq, 429);
	assert_string_equal(test_header(rq, "Retry-After"), "1");
	test_sql("update auth.attempt set failures = 9, blocked_until = now() where failures = 6");
	assert_status(test_http("POST", "/api/v1/auth/login", body_text("ghost@example.com", "not the password"), NULL), 401);
	rq = test_http("POST", "/api/v1/auth/login", body_text("ghost@example.com", "not the password"), NULL);
	assert_status(rq, 429);
	assert_string_equal(test_header(rq, "Retry-After"), "16");
	/* others are not held up, and who knows the password starts afresh */
	assert_status(test_http("POST", "/api/v1/auth/login", body_text("mara@example.com", PASSWORD), NULL), 200);
	assert_int_equal(test_sql_int("select count(*) from auth.attempt where email_hash = encode(sha256('login of mara@example.com'), 'hex')"), 0);
}

static void test_logout_takes_effect_at_once(void **state)
{
	char bearer[2000];

	(void)state;
	sign_in("mara@example.com", bearer, sizeof(bearer));
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
	assert_status(test_http("POST", "/api/v1/auth/logout", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 401);
	assert_status(test_http("POST", "/api/v1/auth/logout", NULL, NULL), 401);
}

/* What a process remembers of a customer costs no round trip, and is confirmed by every read: what changed is so at once. */
static void test_what_is_remembered(void **state)
{
	static const struct {
		const char *change;
		int status;
		const char *shows;
	} CHANGES[] = {
		{"update auth.account set name = 'Somebody Else' where email = 'word@example.com'", 200, "Somebody Else"},
		{"update auth.account set roles = '{customer,support}' where email = 'word@example.com'", 200, "support"},
		{"update auth.account set roles = '{customer}' where email = 'word@example.com'", 200, "customer"},
		{"update auth.session set version = version + 1", 401, "unauthenticated"},
		{"update auth.session set expires_at = now()", 401, "unauthenticated"},
		{"update auth.session set ended_at = now()", 401, "unauthenticated"},
		{"update auth.account set state = 'blocked' where email = 'word@example.com'", 401, "unauthenticated"},
		{"delete from auth.account where email = 'word@example.com'", 401, "unauthenticated"},
	};
	char bearer[2000];
	uint64_t trips;

	(void)state;
	assert_status(register_user("word@example.com"), 201);
	for (size_t i = 0; i < ARRAY_LEN(CHANGES); i++) {
		test_sql("update auth.account set state = 'active' where email = 'word@example.com'");
		sign_in("word@example.com", bearer, sizeof(bearer));
		assert_status(test_http("GET", "/api/v1/me/addresses", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
		trips = db_stats(test_ctx()->db)->round_trips;
		assert_status(test_http("GET", "/api/v1/me/addresses", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
		if (i == 0)
			assert_int_equal(db_stats(test_ctx()->db)->round_trips - trips, 1);
		test_sql(CHANGES[i].change);
		struct request *rq = test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
		assert_status(rq, CHANGES[i].status);
		assert_non_null(strstr(rq->res.body.p, CHANGES[i].shows));
		rq = test_http("HEAD", "/api/v1/me/addresses", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
		assert_status(rq, CHANGES[i].status);
	}
}

static void test_refresh_rotates(void **state)
{
	struct request *rq = test_http("POST", "/api/v1/auth/login", body_text("mara@example.com", PASSWORD), NULL);
	char first[100], second[100], third[100], bearer[2000];

	(void)state;
	snprintf(first, sizeof(first), "%s", json_text(test_json(rq), "refresh_token", ""));
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	snprintf(second, sizeof(second), "%s", refresh_with(first, 200));
	assert_string_not_equal(first, second);
	snprintf(third, sizeof(third), "%s", refresh_with(second, 200));
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
	/* somebody else has the second: the whole family ends */
	refresh_with(second, 401);
	refresh_with(third, 401);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 401);
	refresh_with("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 401);
	assert_int_equal(test_sql_int("select count(*) from auth.refresh_token where token_hash like '%" "A" "%'"), 0);
}

static void test_profile(void **state)
{
	char bearer[2000];

	(void)state;
	sign_in("mara@example.com", bearer, sizeof(bearer));
	struct request *rq = test_http("PATCH", "/api/v1/me", "{\"name\":\"Mara L.\"}", "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "name", ""), "Mara L.");
	assert_status(test_http("PATCH", "/api/v1/me", "{\"name\":\"\"}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
	assert_status(test_http("PATCH", "/api/v1/me", "{\"email\":\"x@example.com\"}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
	assert_status(test_http("PATCH", "/api/v1/me", "{\"name\":\"x\"}", "HTTP_AUTHORIZATION", bearer, "HTTP_IF_MATCH", "\"v1\"",
		NULL), 412);
	assert_status(test_http("PATCH", "/api/v1/me", "{\"name\":\"x\"}", NULL), 401);
}

static void test_password_change(void **state)
{
	char bearer[2000], other[2000];

	(void)state;
	assert_status(register_user("jonas@example.com"), 201);
	sign_in("jonas@example.com", bearer, sizeof(bearer));
	sign_in("jonas@example.com", other, sizeof(other));
	struct request *rq = test_http("POST", "/api/v1/me/password",
		"{\"current_password\":\"wrong wrong\",\"new_password\":\"another long one\"}", "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 422);
	assert_string_equal(test_code(rq), "wrong_password");
	assert_status(test_http("POST", "/api/v1/me/password",
		"{\"current_password\":\"" PASSWORD "\",\"new_password\":\"aaaaaaaaaaaa\"}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
	assert_status(test_http("POST", "/api/v1/me/password",
		"{\"current_password\":\"" PASSWORD "\",\"new_password\":\"another long one\"}", "HTTP_AUTHORIZATION", bearer, NULL), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", other, NULL), 401);
	assert_status(test_http("POST", "/api/v1/auth/login", body_text("jonas@example.com", PASSWORD), NULL), 401);
	assert_status(test_http("POST", "/api/v1/auth/login", body_text("jonas@example.com", "another long one"), NULL), 200);
}

static void test_sessions(void **state)
{
	char bearer[2000], other[2000], path[100];

	(void)state;
	test_sql("update auth.session set ended_at = now()");
	sign_in("mara@example.com", bearer, sizeof(bearer));
	sign_in("mara@example.com", other, sizeof(other));
	struct request *rq = test_http("GET", "/api/v1/me/sessions", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	json_t *data = json_object_get(test_json(rq), "data");
	assert_int_equal(json_array_size(data), 2);
	assert_false(json_bool(json_array_get(data, 0), "current", true));
	assert_string_equal(json_text(json_array_get(data, 0), "ip", ""), "192.0.2.x");
	snprintf(path, sizeof(path), "/api/v1/me/sessions/%s", json_text(json_array_get(data, 0), "id", ""));
	assert_status(test_http("DELETE", path, NULL, "HTTP_AUTHORIZATION", bearer, NULL), 204);
	assert_status(test_http("DELETE", path, NULL, "HTTP_AUTHORIZATION", bearer, NULL), 404);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", other, NULL), 401);
	assert_status(test_http("DELETE", "/api/v1/me/sessions/x", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 404);
}

static void test_addresses(void **state)
{
	static const char ADDRESS[] = "{\"name\":\"Mara Lind\",\"line1\":\"Birkenweg 4\",\"city\":\"Berlin\","
				      "\"postal_code\":\"10999\",\"country\":\"DE\",\"phone\":\"+49 30 1\"}";
	char bearer[2000], other[2000], first[100], second[100];

	(void)state;
	sign_in("mara@example.com", bearer, sizeof(bearer));
	struct request *rq = test_http("POST", "/api/v1/me/addresses", ADDRESS, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 201);
	assert_true(json_bool(test_json(rq), "is_default", false));
	snprintf(first, sizeof(first), "%s", test_header(rq, "Location"));
	rq = test_http("POST", "/api/v1/me/addresses", ADDRESS, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_false(json_bool(test_json(rq), "is_default", true));
	snprintf(second, sizeof(second), "%s", test_header(rq, "Location"));
	rq = test_http("PATCH", second, "{\"is_default\":true,\"phone\":null,\"city\":\"Hamburg\"}", "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "city", ""), "Hamburg");
	assert_string_equal(json_text(test_json(rq), "line1", ""), "Birkenweg 4");
	assert_true(json_is_null(json_object_get(test_json(rq), "phone")));
	assert_int_equal(test_sql_int("select count(*) from auth.address where is_default"), 1);
	/* nobody else's */
	assert_status(register_user("eve@example.com"), 201);
	sign_in("eve@example.com", other, sizeof(other));
	assert_status(test_http("PATCH", first, "{\"city\":\"X\"}", "HTTP_AUTHORIZATION", other, NULL), 404);
	assert_status(test_http("DELETE", first, NULL, "HTTP_AUTHORIZATION", other, NULL), 404);
	assert_status(test_http("DELETE", second, NULL, "HTTP_AUTHORIZATION", bearer, NULL), 204);
	rq = test_http("GET", "/api/v1/me/addresses", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	assert_true(json_bool(json_array_get(json_object_get(test_json(rq), "data"), 0), "is_default", false));
	assert_status(test_http("POST", "/api/v1/me/addresses", "{\"country\":\"XX\"}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
}

static void test_staff(void **state)
{
	char bearer[2000], path[100];
	const char *eve;

	(void)state;
	sign_in("mara@example.com", bearer, sizeof(bearer));
	assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 403);
	assert_status(test_http("GET", "/api/v1/users", NULL, NULL), 401);
	test_sql("update auth.account set roles = '{customer,support}' where email_key = 'mara@example.com'");
	struct request *rq = test_http("GET", "/api/v1/users?q=EVE", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	eve = json_text(json_array_get(json_object_get(test_json(rq), "data"), 0), "id", "");
	snprintf(path, sizeof(path), "/api/v1/users/%s", eve);
	assert_status(test_http("PATCH", path, "{\"blocked\":true}", "HTTP_AUTHORIZATION", bearer, NULL), 403);
	test_sql("update auth.account set roles = '{customer,admin}' where email_key = 'mara@example.com'");
	assert_status(test_http("PATCH", path, "{\"roles\":[\"pirate\"]}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
	assert_status(test_http("PATCH", path, "{\"roles\":[]}", "HTTP_AUTHORIZATION", bearer, NULL), 422);
	rq = test_http("PATCH", path, "{\"roles\":[\"customer\",\"analyst\"],\"blocked\":true}", "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 200);
	assert_true(json_bool(test_json(rq), "blocked", false));
	snprintf(path, sizeof(path), "/api/v1/users/%s", test_sql_text("select id from auth.account where email_key = 'mara@example.com'"));
	rq = test_http("PATCH", path, "{\"roles\":[\"customer\"]}", "HTTP_AUTHORIZATION", bearer, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "own_account");
	rq = test_http("GET", "/api/v1/users?limit=1", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_string_equal(json_text(test_json(rq), "next_cursor", ""),
		json_text(json_array_get(json_object_get(test_json(rq), "data"), 0), "id", "x"));
	assert_status(test_http("GET", "/api/v1/users?cursor=x", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 422);
	test_sql("update auth.account set roles = '{customer}' where email_key = 'mara@example.com'");
}

/* The kid that a bearer token's header names. */
static const char *kid_of(struct arena *a, const char *bearer)
{
	const char *token = bearer + strlen("Bearer ");
	struct str header;

	assert_true(base64url_decode(a, (struct str){token, strcspn(token, ".")}, &header));
	json_t *o = json_own(a, json_loadb(header.p, header.n, 0, NULL));
	return json_text(o, "kid", "");
}

/* Published first, signing ten minutes later, verifying a day longer: nobody is logged out. */
static void test_keys(void **state)
{
	struct request *rq = test_http("GET", "/.well-known/jwks.json", NULL, NULL);
	json_t *keys = json_object_get(test_json(rq), "keys");
	char before[2000], after[2000];

	(void)state;
	assert_int_equal(json_array_size(keys), 1);
	assert_string_equal(json_text(json_array_get(keys, 0), "alg", ""), "ES256");
	assert_null(strstr(rq->res.body.p, "\"d\""));
	sign_in("mara@example.com", before, sizeof(before));
	assert_ok(test_ctx(), command_rotate_key(test_ctx(), 0, NULL));
	sign_in("mara@example.com", after, sizeof(after));
	clock_freeze_us(0);
	assert_int_equal(json_array_size(json_object_get(test_json(test_http("GET", "/.well-known/jwks.json", NULL, NULL)), "keys")), 2);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", before, NULL), 200);
	assert_int_equal(test_sql_int("select count(*) from auth.signing_key where retired_at is null"), 1);
	struct arena *a = arena_new(1 << 20);
	assert_string_equal(kid_of(a, before), kid_of(a, after));
	test_sql("update auth.signing_key set created_at = created_at - interval '11 minutes', retired_at = retired_at - interval '11 minutes'");
	sign_in("mara@example.com", after, sizeof(after));
	assert_string_not_equal(kid_of(a, before), kid_of(a, after));
	assert_string_equal(kid_of(a, after), arena_strdup(a, test_sql_text("select kid from auth.signing_key where retired_at is null")));
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", before, NULL), 200);
	test_sql("select auth.purge()");
	assert_int_equal(test_sql_int("select count(*) from auth.signing_key"), 2);
	arena_free(a);
}

static void test_first_administrator(void **state)
{
	char file[] = "/tmp/ecostore-admin-XXXXXX", email[] = "boss@example.com", password[64] = "";
	char *argv[] = {email, file, NULL};
	struct stat st;
	FILE *f;

	(void)state;
	close(mkstemp(file));
	unlink(file);
	assert_ok(test_ctx(), command_create_admin(test_ctx(), 2, argv));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(file, "re");
	assert_non_null(f);
	assert_non_null(fgets(password, sizeof(password), f));
	fclose(f);
	password[strcspn(password, "\n")] = '\0';
	/* again changes nothing */
	assert_ok(test_ctx(), command_create_admin(test_ctx(), 2, argv));
	assert_int_equal(test_sql_int("select version from auth.account where email_key = 'boss@example.com'"), 2);
	struct request *rq = test_http("POST", "/api/v1/auth/login", body_text(email, password), NULL);
	assert_status(rq, 200);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_object_get(test_json(rq), "user"), "roles"), 1)),
		"admin");
	unlink(file);
}

/* Other people's broken tokens, where the collection is there. */
static void test_wycheproof(void **state)
{
	struct arena *a = arena_new(TEST_ARENA_MAX);
	json_t *suite, *group, *test;
	size_t i, k, refused = 0;
	struct str text;
	struct ctx c;

	(void)state;
	ctx_init(&c, a, NULL);
	if (!shared_read(a, "suites/wycheproof/testvectors_v1/json_web_signature_test.json", &text)) {
		arena_free(a);
		skip();
	}
	assert_ok(&c, json_parse(&c, text, &suite));
	json_array_foreach(json_object_get(suite, "testGroups"), i, group) {
		json_array_foreach(json_object_get(group, "tests"), k, test) {
			const char *jws = json_text(test, "jws", "");
			struct request *rq;
			if (jws[0] == '\0' || strpbrk(jws, "\r\n") != NULL)
				continue;
			rq = test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", arena_printf(a, "Bearer %s", jws), NULL);
			assert_status(rq, 401);
			refused++;
		}
	}
	arena_free(a);
	assert_true(refused > 300);
}

static void load_config(void)
{
	test_auth_settings();
	test_config(test_ctx(), AUTH_CONFIG);
}

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	load_config();
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_bad_registrations),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_length_of_passwords),
		cmocka_unit_test(test_login_tells_nothing),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_logout_takes_effect_at_once),
		cmocka_unit_test(test_what_is_remembered),
		cmocka_unit_test(test_refresh_rotates),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_password_change),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_staff),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_first_administrator),
		cmocka_unit_test(test_wycheproof),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
