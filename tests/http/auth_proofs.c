/* Links of mails, new passwords, new addresses, exports and ends of accounts: each route's answers, good and bad. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proofs.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

#define PASSWORD "correct horse battery"
#define NEW_PASSWORD "another long sentence"
#define MARA "mara@example.com"
#define AUTH "HTTP_AUTHORIZATION", bearer

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS,
	ATTEMPT_STATEMENTS, PROOF_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static char bearer[2000];
static char breached[] = "/tmp/ecostore-breached-XXXXXX";

static struct request *post(const char *path, const char *body)
{
	return test_http("POST", path, body, AUTH, NULL);
}

static struct request *post_token(const char *path, const char *token, const char *more)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s}", token, more);
	return test_http("POST", path, body, NULL);
}

static void sign_in(const char *password, int status)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"email\":\"" MARA "\",\"password\":\"%s\"}", password);
	struct request *rq = test_http("POST", "/api/v1/auth/login", body, NULL);
	assert_status(rq, status);
	if (status == 200)
		snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
}

/* As notification-service does when a mail leaves: the link's secret is `token`. */
static void send(const char *kind, const char *recipient, const char *token)
{
	char sql[900];

	snprintf(sql, sizeof(sql),
		"insert into auth.letter (id, kind, account_id, recipient, name, expires_at) select gen_random_uuid(), '%s', id, '%s',"
		" name, now() + interval '1 day' from auth.account where email_key = '" MARA "';"
		"select auth.letter_facts((select id from auth.letter order by created_at desc limit 1), encode(sha256('%s'), 'hex'))",
		kind, recipient, token);
	test_sql(sql);
}

static int clean(void **state)
{
	(void)state;
	test_sql("delete from auth.account; delete from auth.attempt; delete from auth.letter; delete from bus.outbox;"
		 "delete from auth.reset_request; delete from orders.orders; delete from cart.cart");
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\",\"name\":\"Mara Lind\"}", NULL), 201);
	sign_in(PASSWORD, 200);
	return 0;
}

static int64_t count(const char *from)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s", from);
	return test_sql_int(sql);
}

static int64_t letters(const char *kind)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "auth.letter where kind = '%s' and spent_at is null", kind);
	return count(sql);
}

/* ------------------------------------------------------------------ the mailbox */

static void an_account_begins_with_a_letter(void **state)
{
	(void)state;
	assert_int_equal(letters("welcome"), 1);
	assert_int_equal(count("bus.outbox where topic = 'user.letter_requested'"), 1);
	assert_int_equal(count("bus.outbox where payload::text like '%@%'"), 0);
	assert_false(json_bool(test_json(test_http("GET", "/api/v1/me", NULL, AUTH, NULL)), "email_verified", true));
}

static void a_link_proves_the_mailbox_once(void **state)
{
	(void)state;
	send("welcome", MARA, "T1");
	send("verify_email", MARA, "T2");
	struct request *rq = post_token("/api/v1/auth/email/verify", "T2", "");
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "email", ""), MARA);
	assert_int_equal(count("bus.outbox where topic = 'user.email_verified'"), 1);
	assert_true(json_bool(test_json(test_http("GET", "/api/v1/me", NULL, AUTH, NULL)), "email_verified", false));
	rq = post_token("/api/v1/auth/email/verify", "T2", "");
	assert_status(rq, 422);
	assert_string_equal(test_code(rq), "invalid_token");
	assert_status(post_token("/api/v1/auth/email/verify", "T1", ""), 422); /* the others lead nowhere any more */
	assert_status(post_token("/api/v1/auth/email/verify", "", ""), 422);
	assert_status(post_token("/api/v1/auth/email/verify", "T2", ",\"x\":1"), 422);
	assert_status(test_http("POST", "/api/v1/auth/email/verify", "{}", NULL), 422);
	assert_status(test_http("GET", "/api/v1/auth/email/verify", NULL, NULL), 405);
}

static void links_expire_and_keep_to_their_purpose(void **state)
{
	(void)state;
	send("reset_password", MARA, "R1");
	assert_status(post_token("/api/v1/auth/email/verify", "R1", ""), 422);
	send("verify_email", MARA, "V1");
	assert_status(post_token("/api/v1/auth/password/reset", "V1", ",\"password\":\"" NEW_PASSWORD "\""), 422);
	test_sql("update auth.letter_token set expires_at = now()");
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"" NEW_PASSWORD "\""), 422);
	assert_status(post_token("/api/v1/auth/email/verify", "V1", ""), 422);
	test_sql("update auth.letter_token set expires_at = now() + interval '1 hour'; update auth.account set state = 'blocked'");
	assert_status(post_token("/api/v1/auth/email/verify", "V1", ""), 422);
	/* to an address that is not the account's any more */
	test_sql("update auth.account set state = 'active', email = 'other@example.com', email_key = 'other@example.com'");
	assert_status(post_token("/api/v1/auth/email/verify", "V1", ""), 422);
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"" NEW_PASSWORD "\""), 422);
}

static void another_letter_on_request(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/api/v1/me/email/verification", NULL, NULL), 401);
	assert_status(post("/api/v1/me/email/verification", NULL), 202);
	assert_int_equal(letters("verify_email"), 1);
	for (int i = 0; i < 5; i++)
		assert_status(post("/api/v1/me/email/verification", NULL), 202);
	struct request *rq = post("/api/v1/me/email/verification", NULL);
	assert_status(rq, 429);
	assert_non_null(test_header(rq, "Retry-After"));
	test_sql("delete from auth.attempt; delete from auth.letter; update auth.account set verified_at = now()");
	assert_status(post("/api/v1/me/email/verification", NULL), 202);
	assert_int_equal(letters("verify_email"), 0);
}

/* ------------------------------------------------------------------ a forgotten password */

static void forgot(const char *email, int status)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"email\":\"%s\"}", email);
	struct request *rq = test_http("POST", "/api/v1/auth/password/forgot", body, NULL);
	assert_status(rq, status);
	if (status == 202)
		assert_int_equal(rq->res.body.n, 0);
}

static void forgetting_is_answered_alike(void **state)
{
	(void)state;
	forgot("MARA@example.com", 202);
	forgot("nobody@example.com", 202);
	forgot("no address", 422);
	assert_int_equal(count("auth.reset_request"), 2);
	assert_int_equal(letters("reset_password"), 0);
	assert_ok(test_ctx(), proof_send_resets(test_ctx()));
	assert_int_equal(count("auth.reset_request"), 0);
	assert_int_equal(letters("reset_password"), 1);
	/* whoever has five waiting gets no sixth; strangers wait as long as owners */
	for (int i = 0; i < 5; i++) {
		forgot(MARA, 202);
		forgot("nobody@example.com", 202);
		assert_ok(test_ctx(), proof_send_resets(test_ctx()));
	}
	forgot(MARA, 429);
	forgot("nobody@example.com", 429);
	assert_int_equal(letters("reset_password"), 5);
	sign_in(PASSWORD, 200); /* and nobody is locked out by it */
	test_sql("update auth.account set state = 'blocked'; delete from auth.attempt; delete from auth.letter");
	forgot(MARA, 202);
	assert_ok(test_ctx(), proof_send_resets(test_ctx()));
	assert_int_equal(letters("reset_password"), 0);
}

static void a_reset_throws_everybody_out(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		sign_in("wrong wrong wrong", 401);
	sign_in(PASSWORD, 429);
	send("reset_password", MARA, "R1");
	send("reset_password", MARA, "R2");
	send("email_change", "thief@example.com", "C1");
	struct request *rq = post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"aaaaaaaaaaaa\"");
	assert_status(rq, 422);
	assert_string_equal(test_code(rq), "weak_password");
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"short\""), 422);
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"" NEW_PASSWORD "\""), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 401);
	assert_int_equal(count("auth.session where ended_at is null"), 0);
	assert_int_equal(letters("password_changed"), 1);
	assert_int_equal(count("auth.account where verified_at is not null"), 1);
	sign_in(NEW_PASSWORD, 200); /* its owner need not wait for what the thief tried */
	sign_in(PASSWORD, 401);
	assert_status(post_token("/api/v1/auth/password/reset", "R2", ",\"password\":\"" NEW_PASSWORD "\""), 422);
	assert_status(post_token("/api/v1/auth/email/verify", "C1", ""), 422);
}

/* Parameters are the hash's own; at the next sign-in they become today's. */
static void hashes_keep_up_with_their_parameters(void **state)
{
	(void)state;
	test_sql("update auth.account set password_hash ="
		 " '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'");
	sign_in("passwore", 401);
	assert_int_equal(count("auth.account where password_hash like '$argon2id$v=19$m=256,%'"), 1);
	sign_in("password", 200);
	assert_int_equal(count("auth.account where password_hash like '$argon2id$v=19$m=8,t=1,%'"), 1);
	sign_in("password", 200);
}

static void breached_passwords_are_refused_everywhere(void **state)
{
	static const char BODY[] = "{\"current_password\":\"" PASSWORD "\",\"new_password\":\"known to everybody\"}";

	(void)state;
	send("reset_password", MARA, "R1");
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"known to everybody\""), 422);
	assert_status(post("/api/v1/me/password", BODY), 422);
	struct request *rq = test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"eve@example.com\",\"password\":\"known to everybody\",\"name\":\"Eve\"}", NULL);
	assert_status(rq, 422);
	assert_string_equal(test_code(rq), "weak_password");
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "errors"), 0), "field", ""), "password");
}

/* ------------------------------------------------------------------ another address */

static void an_address_changes_when_the_new_one_is_proven(void **state)
{
	static const char BODY[] = "{\"email\":\"new@example.com\",\"password\":\"" PASSWORD "\"}";

	(void)state;
	assert_status(test_http("POST", "/api/v1/me/email", BODY, NULL), 401);
	assert_status(post("/api/v1/me/email", "{\"email\":\"new@example.com\"}"), 422);
	assert_status(post("/api/v1/me/email", "{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\"}"), 422);
	assert_status(post("/api/v1/me/email", "{\"email\":\"new@example.com\",\"password\":\"not this one\"}"), 422);
	assert_status(post("/api/v1/me/email", BODY), 202);
	assert_status(post("/api/v1/me/email", BODY), 202);
	assert_int_equal(letters("email_change"), 1); /* only the last one counts */
	assert_int_equal(count("auth.letter where kind = 'email_change_notice' and recipient = '" MARA "'"), 2);
	send("reset_password", MARA, "R1");
	send("email_change", "new@example.com", "C1");
	assert_status(post_token("/api/v1/auth/email/verify", "C1", ""), 200);
	assert_string_equal(test_sql_text("select email || (verified_at is not null) from auth.account"), "new@example.comtrue");
	assert_int_equal(count("auth.letter where kind = 'email_changed'"), 2);
	assert_status(post_token("/api/v1/auth/password/reset", "R1", ",\"password\":\"" NEW_PASSWORD "\""), 422);
	sign_in(PASSWORD, 401);
}

static void a_taken_address_is_found_out_by_its_reader_only(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"eve@example.com\",\"password\":\"" PASSWORD "\",\"name\":\"Eve\"}", NULL), 201);
	assert_status(post("/api/v1/me/email", "{\"email\":\"Eve@example.com\",\"password\":\"" PASSWORD "\"}"), 202);
	send("email_change", "Eve@example.com", "C1");
	struct request *rq = post_token("/api/v1/auth/email/verify", "C1", "");
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "email_taken");
	assert_int_equal(count("auth.account where email = '" MARA "'"), 1);
}

/* ------------------------------------------------------------------ export and end */

static void an_export_holds_everything(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/api/v1/me/export", NULL, NULL), 401);
	assert_status(post("/api/v1/me/addresses", "{\"name\":\"Mara Lind\",\"line1\":\"Birkenweg 4\",\"city\":\"Berlin\","
						   "\"postal_code\":\"10999\",\"country\":\"DE\"}"), 201);
	test_sql("insert into cart.cart (id, currency, user_id, quote, pricing_version) select gen_random_uuid(), 'EUR', id, '{}', 1"
		 " from auth.account; insert into cart.line select gen_random_uuid(), id, 'MUG', 2, 0 from cart.cart");
	struct request *rq = test_http("GET", "/api/v1/me/export", NULL, AUTH, NULL);
	assert_status(rq, 200);
	assert_non_null(strstr(test_header(rq, "Content-Disposition"), "attachment"));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	json_t *o = test_json(rq);
	assert_string_equal(json_text(json_object_get(o, "account"), "email", ""), MARA);
	assert_int_equal(json_array_size(json_object_get(o, "addresses")), 1);
	assert_int_equal(json_array_size(json_object_get(o, "sessions")), 1);
	assert_int_equal(json_array_size(json_object_get(o, "carts")), 1);
	assert_true(json_is_array(json_object_get(o, "orders")));
	assert_null(strstr(rq->res.body.p, "argon2"));
}

static void an_account_ends(void **state)
{
	(void)state;
	test_sql("insert into cart.cart (id, currency, user_id, quote, pricing_version) select gen_random_uuid(), 'EUR', id, '{}', 1"
		 " from auth.account");
	assert_status(test_http("DELETE", "/api/v1/me", NULL, NULL), 401);
	assert_status(test_http("DELETE", "/api/v1/me", "{\"password\":\"not this one\"}", AUTH, NULL), 422);
	test_sql("update auth.session set created_at = now() - interval '16 minutes'");
	struct request *rq = test_http("DELETE", "/api/v1/me", NULL, AUTH, NULL);
	assert_status(rq, 403);
	assert_string_equal(test_code(rq), "reauthentication_required");
	assert_status(test_http("DELETE", "/api/v1/me", "{\"password\":\"" PASSWORD "\"}", AUTH, NULL), 204);
	assert_int_equal(count("auth.account") + count("auth.session") + count("cart.cart"), 0);
	assert_int_equal(count("bus.outbox where topic = 'user.erased'"), 1);
	/* its last letter outlives it, and nothing else does */
	assert_int_equal(letters("account_erased"), 1);
	assert_int_equal(count("auth.letter"), 1);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 401);
	assert_int_equal(count("(select auth.letter_facts(id, null) from auth.letter) l"), 1);
	test_sql("update auth.letter set expires_at = now() - interval '1 second'; select auth.purge()");
	assert_int_equal(count("auth.letter"), 0);
}

static void a_fresh_session_is_enough_for_a_program(void **state)
{
	(void)state;
	assert_status(test_http("DELETE", "/api/v1/me", NULL, AUTH, NULL), 204);
}

static void an_administrator_remains(void **state)
{
	(void)state;
	test_sql("update auth.account set roles = '{customer,admin}'");
	struct request *rq = test_http("DELETE", "/api/v1/me", NULL, AUTH, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "last_admin");
	test_sql("insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		 " (gen_random_uuid(), 'b@example.com', 'b@example.com', 'B', 'x', '{customer,admin}')");
	assert_status(test_http("DELETE", "/api/v1/me", NULL, AUTH, NULL), 204);
}

static void other_sessions_end(void **state)
{
	(void)state;
	sign_in(PASSWORD, 200);
	assert_status(test_http("DELETE", "/api/v1/me/sessions", NULL, NULL), 401);
	assert_status(test_http("DELETE", "/api/v1/me/sessions", NULL, AUTH, NULL), 204);
	assert_int_equal(count("auth.session where ended_at is null"), 1);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 200);
}

/* ------------------------------------------------------------------ pages */

static char cookies[400], csrf[80];

static struct request *page(const char *path)
{
	return test_http("GET", path, NULL, "HTTP_COOKIE", cookies, "HTTP_ACCEPT", "text/html", NULL);
}

static struct request *form(const char *path, const char *fields)
{
	char body[600];

	snprintf(body, sizeof(body), "csrf=%s&%s", csrf, fields);
	return test_http("POST", path, body, "HTTP_COOKIE", cookies, "HTTP_ACCEPT", "text/html", NULL);
}

static bool says(const struct request *rq, const char *words)
{
	return memmem(rq->res.body.p, rq->res.body.n, words, strlen(words)) != NULL;
}

static void enter(void)
{
	struct request *rq = test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery&remember=1", NULL);

	assert_status(rq, 303);
	snprintf(csrf, sizeof(csrf), "%s", test_cookie(rq, "es_csrf"));
	snprintf(cookies, sizeof(cookies), "es_session=%s; es_csrf=%s", test_cookie(rq, "es_session"), csrf);
}

static void sessions_are_remembered_when_asked(void **state)
{
	(void)state;
	enter();
	assert_int_equal(count("auth.session where kind = 'page' and idle_life = '30 days' and expires_at > now() + interval '29 days'"), 1);
	struct request *rq = test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery", NULL);
	assert_status(rq, 303);
	assert_int_equal(count("auth.session where idle_life = '1 day' and expires_at < now() + interval '25 hours'"), 1);
	/* whoever looks at it prolongs it no further than that */
	test_sql("update auth.session set expires_at = now() + interval '30 days', seen_at = now() where kind = 'page'");
	assert_int_equal(count("auth.session where idle_life = '1 day' and expires_at < now() + interval '25 hours'"), 1);
}

static void pages_of_a_forgotten_password(void **state)
{
	(void)state;
	cookies[0] = csrf[0] = '\0';
	assert_true(says(test_http("GET", "/login", NULL, NULL), "href=\"/forgot\""));
	assert_true(says(page("/forgot"), "Forgot your password?"));
	struct request *rq = test_http("POST", "/forgot", "email=nobody", NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "href=\"#email\""));
	rq = test_http("POST", "/forgot", "email=" MARA, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/login");
	assert_status(test_http("POST", "/forgot", "email=" MARA, "HTTP_SEC_FETCH_SITE", "cross-site", NULL), 403);
	send("reset_password", MARA, "R1");
	assert_true(says(page("/reset"), "has run out"));
	assert_true(says(page("/reset?token=nothing"), "has run out"));
	rq = page("/reset?token=R1&utm_source=mail");
	assert_true(says(rq, "value=\"R1\""));
	assert_true(says(rq, MARA));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	rq = test_http("POST", "/reset", "token=R1&password=short", NULL);
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"R1\""));
	assert_false(says(rq, "value=\"short\""));
	rq = test_http("POST", "/reset", "token=R1&password=another+long+sentence", NULL);
	assert_status(rq, 303);
	assert_true(says(test_http("POST", "/reset", "token=R1&password=another+long+sentence", NULL), "has run out"));
}

static void pages_of_an_address(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/account/email", NULL, NULL), 303);
	enter();
	assert_true(says(page("/account/email"), "not confirmed yet"));
	assert_status(test_http("POST", "/account/email/verification", "x=1", "HTTP_COOKIE", cookies, NULL), 403);
	assert_status(form("/account/email/verification", ""), 303);
	struct request *rq = form("/account/email", "email=new@example.com&password=not+this+one");
	assert_status(rq, 422);
	assert_true(says(rq, "value=\"new@example.com\""));
	assert_status(form("/account/email", "email=new@example.com&password=correct+horse+battery"), 303);
	send("verify_email", MARA, "V1");
	rq = test_http("GET", "/verify?token=V1", NULL, "HTTP_ACCEPT", "text/html", NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/login?next=%2Fverify%3Ftoken%3DV1");
	assert_true(says(page("/verify?token=V1"), "value=\"V1\""));
	assert_int_equal(count("auth.account where verified_at is not null"), 0); /* looking proves nothing */
	assert_status(test_http("POST", "/verify", "token=V1", "HTTP_COOKIE", cookies, NULL), 403);
	assert_status(form("/verify", "token=V1"), 303);
	rq = form("/verify", "token=V1");
	assert_status(rq, 422);
	assert_true(says(rq, "has run out"));
	assert_false(says(page("/account"), "not confirmed yet"));
}

static void pages_of_an_end(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/account/privacy", NULL, NULL), 303);
	enter();
	assert_true(says(page("/account/privacy"), "/account/privacy/export"));
	struct request *rq = page("/account/privacy/export");
	assert_status(rq, 200);
	assert_string_equal(json_text(json_object_get(test_json(rq), "account"), "email", ""), MARA);
	assert_status(form("/account/privacy/erase", ""), 422);
	assert_status(form("/account/privacy/erase", "password=not+this+one"), 422);
	test_sql("update auth.account set roles = '{customer,admin}'");
	rq = form("/account/privacy/erase", "password=correct+horse+battery");
	assert_status(rq, 409);
	assert_true(says(rq, "only administrator"));
	test_sql("update auth.account set roles = '{customer}'");
	assert_status(test_http("POST", "/account/privacy/erase", "password=correct+horse+battery", "HTTP_COOKIE", cookies, NULL), 403);
	rq = form("/account/privacy/erase", "password=correct+horse+battery");
	assert_status(rq, 303);
	assert_string_equal(test_cookie(rq, "es_session"), "");
	assert_int_equal(count("auth.account"), 0);
}

/* ------------------------------------------------------------------ */

static void load_config(void)
{
	int fd = mkstemp(breached);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	fprintf(f, "%s:3\n", "1DACEAC24C4FDC55D3D43695FAE5534FBA63D95D");
	(void)fclose(f);
	test_auth_settings();
	setenv("ES_ATTEMPTS_PER_ADDRESS", "0", 1);
	setenv("ES_BREACHED_PASSWORDS", breached, 1);
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
	(void)remove(breached);
	test_http_close();
	test_db_close();
	return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, clean)
	const struct CMUnitTest tests[] = {
		TEST(an_account_begins_with_a_letter),
		TEST(a_link_proves_the_mailbox_once),
		TEST(links_expire_and_keep_to_their_purpose),
		TEST(another_letter_on_request),
		TEST(forgetting_is_answered_alike),
		TEST(a_reset_throws_everybody_out),
		TEST(hashes_keep_up_with_their_parameters),
		TEST(breached_passwords_are_refused_everywhere),
		TEST(an_address_changes_when_the_new_one_is_proven),
		TEST(a_taken_address_is_found_out_by_its_reader_only),
		TEST(an_export_holds_everything),
		TEST(an_account_ends),
		TEST(a_fresh_session_is_enough_for_a_program),
		TEST(an_administrator_remains),
		TEST(other_sessions_end),
		TEST(sessions_are_remembered_when_asked),
		TEST(pages_of_a_forgotten_password),
		TEST(pages_of_an_address),
		TEST(pages_of_an_end),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
