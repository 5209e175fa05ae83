/*
 * idem.c - Idempotency-Key over platform.idempotency. The lock, the look-up and the stored
 * answer travel with the handler's own statements: no round trip of their own.
 */
#include "app/idem.h"

#include <sodium.h>
#include <string.h>

#include "app/frame.h"
#include "base/log.h"

#define KEY_MAX 255
#define RUNNING_RETRY_SECS 1
#define CART_COOKIE "es_cart"

struct stored {
	const char *state, *fingerprint;
	struct uuid attempt_id;
	bool leased;
	int32_t status;
	const char *content_type;
	json_t *headers;
	struct str body;
};

struct idem {
	const char *scope, *key, *fingerprint;
	bool waits;
	struct stored found;
	struct uuid attempt_id; /* set by idem_claim */
};

struct lock_row {
	bool locked;
};

static const struct db_column LOCK_COLUMNS[] = {DB_COLUMN(struct lock_row, locked, DB_BOOL)};

static const struct db_stmt IDEM_LOCK = DB_ROWS("idem_lock", struct lock_row, LOCK_COLUMNS,
	SQL("select pg_try_advisory_xact_lock(hashtextextended(session_user || ' ' || $1::text || ' ' || $2::text, 0)) "
	    "as locked"));

/* A form sent twice by a double click: the browser shows the second answer, so that one waits for the first. */
static const struct db_stmt IDEM_WAIT = DB_ROWS("idem_wait", struct lock_row, LOCK_COLUMNS,
	SQL("select pg_advisory_xact_lock(hashtextextended(session_user || ' ' || $1::text || ' ' || $2::text, 0))::text "
	    "is not null as locked"));

static const struct db_column STORED_COLUMNS[] = {
	DB_COLUMN(struct stored, state, DB_TEXT),
	DB_COLUMN(struct stored, fingerprint, DB_TEXT),
	DB_COLUMN(struct stored, attempt_id, DB_UUID),
	DB_COLUMN(struct stored, leased, DB_BOOL),
	DB_COLUMN(struct stored, status, DB_INT32),
	DB_COLUMN(struct stored, content_type, DB_TEXT),
	DB_COLUMN(struct stored, headers, DB_JSON),
	DB_COLUMN(struct stored, body, DB_BYTES),
};

static const struct db_stmt IDEM_FIND = DB_ROWS("idem_find", struct stored, STORED_COLUMNS,
	SQL("select state, fingerprint, attempt_id, case when lease_until > now() then holder is null or "
	    "exists (select from pg_stat_get_activity(holder)) else false end as leased, status, content_type, "
	    "headers, body from platform.idempotency where service = session_user::text collate \"default\" "
	    "and scope = $1 and key = $2 and created_at > now() - interval '24 hours'"));

static const struct db_stmt IDEM_SAVE = DB_EXEC("idem_save",
	SQL("insert into platform.idempotency as i "
	    "(service, scope, key, fingerprint, state, attempt_id, status, content_type, headers, body) "
	    "values (session_user, $1, $2, $3, 'done', $4::uuid, $5::integer, $6, $7::jsonb, $8::bytea) "
	    "on conflict (service, scope, key) do update set fingerprint = excluded.fingerprint, state = 'done', "
	    "status = excluded.status, content_type = excluded.content_type, headers = excluded.headers, "
	    "body = excluded.body, lease_until = null, created_at = now()"));

static const struct db_stmt IDEM_CLAIM = DB_EXEC("idem_claim",
	SQL("insert into platform.idempotency as i (service, scope, key, fingerprint, state, attempt_id, lease_until, holder) "
	    "values (session_user, $1, $2, $3, 'running', $4::uuid, now() + $5::bigint * interval '1 second', pg_backend_pid()) "
	    "on conflict (service, scope, key) do update set fingerprint = excluded.fingerprint, state = 'running', "
	    "attempt_id = excluded.attempt_id, lease_until = excluded.lease_until, holder = excluded.holder, status = null, content_type = null, "
	    "headers = '{}', body = null, "
	    "created_at = case when i.created_at > now() - interval '24 hours' then i.created_at else now() end"));

const struct db_stmt *const IDEM_STATEMENTS[] = {&IDEM_LOCK, &IDEM_WAIT, &IDEM_FIND, &IDEM_SAVE, &IDEM_CLAIM, NULL};

/* ------------------------------------------------------------------ the key and its scope */

/* A structured-field string "…" or the bare token that many clients send; a form has it in a hidden field. */
static err_t read_key(struct request *rq, const char **key_r)
{
	bool page = (rq->route->flags & ROUTE_PAGE) != 0;
	struct str s = str_trim(str_of(page ? params_get(&rq->form, "idempotency_key") : request_header(rq, "Idempotency-Key")));

	*key_r = NULL;
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = (struct str){.p = s.p + 1, .n = s.n - 2};
	else if (s.n == 0)
		return OK;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
			return fail(&rq->ctx, &ERR_BAD_REQUEST, "the Idempotency-Key has a character that is not allowed");
	}
	if (s.n == 0 || s.n > KEY_MAX)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "an Idempotency-Key has 1 to %d characters", KEY_MAX);
	*key_r = str_dup(rq->ctx.arena, s);
	return OK;
}

/* Guests have no name: the cart, order or payment whose id they hold stands for them. */
static const char *guest_name(struct request *rq)
{
	static const char *const NAMES[] = {"cart_id", "order_id", "payment_id"};
	struct ctx quiet = rq->ctx;
	json_t *body;

	if (strchr(rq->route->path, '{') != NULL)
		return "guest";
	if ((rq->route->flags & ROUTE_PAGE) != 0)
		return request_cookie(rq, cookie_name(rq, CART_COOKIE));
	quiet.errors = NULL;
	quiet.errors_end = &quiet.errors;
	if (rq->body.n == 0 || json_parse(&quiet, rq->body, &body) != OK)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		const char *id = json_text(body, NAMES[i], NULL);
		if (id != NULL)
			return id;
	}
	return NULL;
}

/* Set once at start; NULL: a plain hash does. */
static const char *body_secret;

void idem_hide_bodies(const char *secret)
{
	body_secret = secret;
}

static const char *fingerprint(struct request *rq)
{
	struct arena *a = rq->ctx.arena;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	if (body_secret == NULL)
		return arena_printf(a, "%s%.16s", token_hash(a, rq->body), token_hash(a, rq->query_string));
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)body_secret, strlen(body_secret));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)rq->body.p, rq->body.n);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)"?", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)rq->query_string.p, rq->query_string.n);
	crypto_auth_hmacsha256_final(&state, mac);
	return hex(a, mac, sizeof(mac));
}

err_t idem_read_key(struct request *rq)
{
	const struct route *r = rq->route;
	const char *key = NULL, *who;

	rq->idem = NULL;
	if ((r->flags & ROUTE_KEY_IGNORED) != 0 || rq->ctx.db == NULL)
		return OK;
	TRY(read_key(rq, &key));
	if (key == NULL && (r->flags & ROUTE_KEY_REQUIRED) != 0)
		return fail(&rq->ctx, &ERR_IDEMPOTENCY_REQUIRED, "send an Idempotency-Key header with this request");
	if (key == NULL)
		return OK;
	who = subject_signed_in(rq->subject) ? rq->subject->user_id.s : guest_name(rq);
	if (who == NULL)
		return OK;
	struct idem *i = arena_new_of(rq->ctx.arena, struct idem);
	const char *scope = arena_printf(rq->ctx.arena, "%s %s %s", who, method_name(rq->method), rq->raw_path);
	i->key = key;
	i->waits = (r->flags & ROUTE_PAGE) != 0;
	/* Hashed: a guest's ids are keys. */
	i->scope = token_hash(rq->ctx.arena, str_of(scope));
	i->fingerprint = fingerprint(rq);
	rq->idem = i;
	return OK;
}

/* ------------------------------------------------------------------ looking */

static err_t running(struct ctx *c)
{
	c->retry_after_secs = RUNNING_RETRY_SECS;
	return fail(c, &ERR_IDEMPOTENCY_RUNNING, "a request with this Idempotency-Key is still being served");
}

static err_t check_lock(struct ctx *c, void *row, bool found, void *arg)
{
	const struct lock_row *lock = row;

	(void)arg;
	return found && lock->locked ? OK : running(c);
}

static err_t judge(struct ctx *c, const struct idem *i)
{
	if (strcmp(i->found.fingerprint, i->fingerprint) != 0)
		return fail(c, &ERR_IDEMPOTENCY_REUSED, "this Idempotency-Key was used with another request body");
	if (strcmp(i->found.state, "done") == 0)
		return &ERR_REPLAY;
	/* Our own claim is no obstacle. */
	if (uuid_is_set(&i->attempt_id) && strcmp(i->found.attempt_id.s, i->attempt_id.s) == 0)
		return OK;
	return i->found.leased ? running(c) : OK;
}

static err_t check_found(struct ctx *c, void *row, bool found, void *arg)
{
	struct idem *i = arg;

	if (!found)
		return OK;
	i->found = *(const struct stored *)row;
	return judge(c, i);
}

err_t idem_begin(struct request *rq)
{
	struct idem *i = rq->idem;

	/* Two statements: the second must see what the holder of the lock committed. */
	db_defer_check(&rq->ctx, i->waits ? &IDEM_WAIT : &IDEM_LOCK, PARAMS(P_TEXT(i->scope), P_TEXT(i->key)), check_lock,
		NULL);
	db_defer_check(&rq->ctx, &IDEM_FIND, PARAMS(P_TEXT(i->scope), P_TEXT(i->key)), check_found, i);
	return OK;
}

struct claim {
	struct request *rq;
	long lease_secs;
};

static err_t claim_body(struct ctx *c, void *arg)
{
	struct claim *claim = arg;
	struct idem *i = claim->rq->idem;
	bool found;

	db_defer_check(c, &IDEM_LOCK, PARAMS(P_TEXT(i->scope), P_TEXT(i->key)), check_lock, NULL);
	TRY(db_maybe(c, &IDEM_FIND, PARAMS(P_TEXT(i->scope), P_TEXT(i->key)), &i->found, &found));
	if (found)
		TRY(judge(c, i));
	i->attempt_id = found && uuid_is_set(&i->found.attempt_id) ? i->found.attempt_id : uuid_v7();
	db_defer(c, &IDEM_CLAIM,
		PARAMS(P_TEXT(i->scope), P_TEXT(i->key), P_TEXT(i->fingerprint), P_UUID(&i->attempt_id),
			P_INT(claim->lease_secs)));
	return OK;
}

err_t idem_claim(struct request *rq, long lease_secs, struct uuid *attempt_r)
{
	struct claim claim = {.rq = rq, .lease_secs = lease_secs};

	if (rq->idem == NULL) {
		*attempt_r = uuid_v7();
		return OK;
	}
	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, claim_body, &claim));
	*attempt_r = rq->idem->attempt_id;
	return OK;
}

/* ------------------------------------------------------------------ storing and replaying */

static json_t *headers_of(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < rq->res.nheaders; i++) {
		const struct header *h = &rq->res.headers[i];
		if (strcasecmp(h->name, "Set-Cookie") != 0 && strcasecmp(h->name, "X-Request-Id") != 0)
			json_set_text(o, h->name, h->value);
	}
	return o;
}

void idem_save(struct request *rq)
{
	const struct idem *i = rq->idem;

	if (i == NULL)
		return;
	db_defer(&rq->ctx, &IDEM_SAVE,
		PARAMS(P_TEXT(i->scope), P_TEXT(i->key), P_TEXT(i->fingerprint), P_UUID(&i->attempt_id),
			P_INT(rq->res.status), P_TEXT(rq->res.content_type), P_JSON(headers_of(rq)),
			P_BYTES(rq->res.body)));
}

static err_t save_body(struct ctx *c, void *arg)
{
	struct request *rq = arg;

	(void)c;
	/* The rule may have refused before anything was asked of the database: the key was not looked up yet. */
	TRY(idem_begin(rq));
	idem_save(rq);
	return OK;
}

void idem_save_refusal(struct request *rq)
{
	const struct response refusal = rq->res;
	err_t e = db_tx(&rq->ctx, DB_TX_DEFAULT, save_body, rq);

	rq->res = refusal;
	if (e == &ERR_REPLAY)
		idem_replay(rq);
	else if (e == &ERR_IDEMPOTENCY_RUNNING || e == &ERR_IDEMPOTENCY_REUSED)
		problem_respond(rq, e);
	else if (e != OK) /* without the row a retry decides again: no harm */
		log_peer(&rq->ctx, "could not store a refusal for its idempotency key", LS("problem", e->code));
}

void idem_replay(struct request *rq)
{
	const struct stored *s = &rq->idem->found;
	const char *name;
	json_t *value;

	rq->res = (struct response){0};
	(void)respond_bytes(rq, s->status, s->content_type, s->body);
	json_object_foreach(s->headers, name, value)
		response_header(rq, name, json_string_value(value));
	response_header(rq, "Idempotent-Replayed", "true");
}
