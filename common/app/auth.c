/*
 * auth.c - who is asking: a bearer token, an API key, or the session cookie, looked up in what
 * auth-service publishes. What a subject may do is the gate's question, not ours.
 *
 * A token's signature is checked once per worker and remembered by its digest; whether
 * its session still lives, and at which version, is asked of the database every time. For
 * reading customers that costs no round trip: see auth_settle().
 */
#include "app/auth.h"

#include <string.h>

#include "app/frame.h"
#include "base/log.h"
#include "data/clock.h"
#include "edges/jwt.h"

#define TOKENS_CACHED 256 /* a power of two */
#define KEYS_MAX 8
#define KEYS_FRESH_US (60 * US_PER_SEC)
#define KEYS_RELOAD_US (2 * US_PER_SEC) /* at most this often for a kid nobody knows */
#define KID_MAX 64
#define PEM_MAX 512
#define PERSON_MAX 256 /* e-mail addresses and names up to here are remembered */

/* ------------------------------------------------------------------ what auth publishes */

struct subject_row {
	struct uuid user_id, session_id;
	const char *email, *name;
	bool is_staff;
	json_t *roles, *permissions;
	struct uuid stamp; /* of a token's subject: changes whenever any of this does; else "" */
};

static const struct db_column SUBJECT_COLUMNS[] = {
	DB_COLUMN(struct subject_row, user_id, DB_UUID),
	DB_COLUMN(struct subject_row, session_id, DB_UUID),
	DB_COLUMN(struct subject_row, email, DB_TEXT),
	DB_COLUMN(struct subject_row, name, DB_TEXT),
	DB_COLUMN(struct subject_row, is_staff, DB_BOOL),
	DB_COLUMN(struct subject_row, roles, DB_JSON),
	DB_COLUMN(struct subject_row, permissions, DB_JSON),
	DB_COLUMN(struct subject_row, stamp, DB_UUID),
};

static const struct db_stmt SESSION_SUBJECT = DB_ROWS("auth_session_subject", struct subject_row, SUBJECT_COLUMNS,
	SQL("select user_id, session_id, email, name, is_staff, roles, permissions, null::uuid as stamp from auth.session_subject($1)"));

static const struct db_stmt TOKEN_SUBJECT = DB_ROWS("auth_token_subject", struct subject_row, SUBJECT_COLUMNS,
	SQL("select user_id, session_id, email, name, is_staff, roles, permissions, stamp "
	    "from auth.token_subject($1::uuid, $2::bigint)"));

static const struct db_stmt KEY_SUBJECT = DB_ROWS("auth_key_subject", struct subject_row, SUBJECT_COLUMNS,
	SQL("select user_id, session_id, email, name, is_staff, roles, permissions, null::uuid as stamp from auth.key_subject($1)"));

struct standing_row {
	bool stands;
};

static const struct db_column STANDING_COLUMNS[] = {DB_COLUMN(struct standing_row, stands, DB_BOOL)};

static const struct db_stmt STANDING = DB_ROWS("auth_standing", struct standing_row, STANDING_COLUMNS,
	SQL("select true as stands from auth.standing where stamp = $1::uuid"));

struct key_row {
	const char *kid, *public_pem;
};

static const struct db_column KEY_COLUMNS[] = {
	DB_COLUMN(struct key_row, kid, DB_TEXT),
	DB_COLUMN(struct key_row, public_pem, DB_TEXT),
};

static const struct db_stmt VERIFICATION_KEYS = DB_ROWS("auth_verification_keys", struct key_row, KEY_COLUMNS,
	SQL("select kid, public_pem from auth.verification_keys()"));

const struct db_stmt *const AUTH_STATEMENTS[] = {
	&SESSION_SUBJECT, &TOKEN_SUBJECT, &STANDING, &KEY_SUBJECT, &VERIFICATION_KEYS, &SESSION_VIEWING, NULL};

/* ------------------------------------------------------------------ this worker's memory */

struct cached_token {
	struct digest digest; /* all zero: free */
	struct uuid session_id, user_id, stamp;
	int64_t session_version, expires_at;
	char email[PERSON_MAX], name[PERSON_MAX]; /* of a customer who was looked up; else "" */
};

struct cached_key {
	char kid[KID_MAX], pem[PEM_MAX];
};

static struct {
	struct cached_token tokens[TOKENS_CACHED];
	struct cached_key keys[KEYS_MAX];
	size_t nkeys;
	int64_t keys_loaded_us;
} cache;

static struct cached_token *token_slot(const struct digest *d)
{
	size_t h;

	memcpy(&h, d->bytes, sizeof(h));
	return &cache.tokens[h & (TOKENS_CACHED - 1)];
}

static bool holds(const struct cached_token *slot, const struct digest *d)
{
	return memcmp(&slot->digest, d, sizeof(*d)) == 0;
}

static err_t load_keys(struct ctx *c, int64_t older_than_us)
{
	int64_t now = clock_monotonic_us();
	struct key_row *rows;
	size_t n;

	if (cache.keys_loaded_us != 0 && now - cache.keys_loaded_us < older_than_us)
		return OK;
	TRY(db_rows(c, &VERIFICATION_KEYS, NO_PARAMS, &rows, &n));
	cache.keys_loaded_us = now;
	cache.nkeys = 0;
	for (size_t i = 0; i < n && cache.nkeys < KEYS_MAX; i++) {
		struct cached_key *k = &cache.keys[cache.nkeys];
		if (strlen(rows[i].kid) >= KID_MAX || strlen(rows[i].public_pem) >= PEM_MAX)
			continue;
		memcpy(k->kid, rows[i].kid, strlen(rows[i].kid) + 1);
		memcpy(k->pem, rows[i].public_pem, strlen(rows[i].public_pem) + 1);
		cache.nkeys++;
	}
	return OK;
}

static bool verify(struct request *rq, struct str token, struct jwt_claims *claims_r, const char **why_r)
{
	struct jwt_key keys[KEYS_MAX + 1] = {{0}};

	for (size_t i = 0; i < cache.nkeys; i++)
		keys[i] = (struct jwt_key){.kid = cache.keys[i].kid, .pem = cache.keys[i].pem};
	return jwt_verify_es256(&rq->ctx, token, keys, rq->app->public_url, claims_r, why_r);
}

/* Checks the token, or finds that it was checked before. */
static err_t know_token(struct request *rq, struct str token, struct cached_token *known_r)
{
	struct digest digest = token_digest(token);
	struct cached_token *slot = token_slot(&digest);
	const char *why = "";
	int64_t now = clock_now_us() / US_PER_SEC;
	struct jwt_claims claims;
	bool good;

	if (holds(slot, &digest) && slot->expires_at > now) {
		*known_r = *slot;
		return OK;
	}
	TRY(load_keys(&rq->ctx, KEYS_FRESH_US));
	good = verify(rq, token, &claims, &why);
	if (!good) {
		/* The key may be younger than our list. */
		TRY(load_keys(&rq->ctx, KEYS_RELOAD_US));
		good = verify(rq, token, &claims, &why);
	}
	if (!good || !uuid_parse(str_of(claims.session), &known_r->session_id) ||
		!uuid_parse(str_of(claims.subject), &known_r->user_id)) {
		log_peer(&rq->ctx, "bearer token refused", LS("why", why));
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "the access token is not valid, or no longer");
	}
	known_r->digest = digest;
	known_r->session_version = claims.session_version;
	known_r->expires_at = claims.expires_at;
	known_r->email[0] = known_r->name[0] = '\0';
	*slot = *known_r;
	return OK;
}

/* ------------------------------------------------------------------ the subject */

static const char *const *texts_of(struct arena *a, const json_t *list)
{
	size_t n = json_array_size(list), used = 0;
	const char **texts = arena_array_of(a, n + 1, const char *);

	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (text != NULL)
			texts[used++] = text;
	}
	return texts;
}

static void become(struct request *rq, enum subject_kind kind, const struct subject_row *row)
{
	struct subject *s = arena_new_of(rq->ctx.arena, struct subject);

	s->kind = kind;
	s->user_id = row->user_id;
	s->session_id = row->session_id;
	s->email = row->email;
	s->name = row->name;
	s->is_staff = row->is_staff;
	s->roles = texts_of(rq->ctx.arena, row->roles);
	s->permissions = texts_of(rq->ctx.arena, row->permissions);
	rq->subject = s;
}

/* ------------------------------------------------------------------ a customer's word */

static bool is_plain_customer(const struct subject_row *row)
{
	const char *role = json_string_value(json_array_get(row->roles, 0));

	return !row->is_staff && json_array_size(row->roles) == 1 && role != NULL && strcmp(role, "customer") == 0 &&
	       json_array_size(row->permissions) == 0;
}

static void remember(const struct cached_token *known, const struct subject_row *row)
{
	struct cached_token *slot = token_slot(&known->digest);

	if (!holds(slot, &known->digest) || !is_plain_customer(row) || strlen(row->email) >= PERSON_MAX ||
		strlen(row->name) >= PERSON_MAX)
		return;
	memcpy(slot->email, row->email, strlen(row->email) + 1);
	memcpy(slot->name, row->name, strlen(row->name) + 1);
	slot->stamp = row->stamp;
}

static bool takes_its_word(const struct request *rq, const struct cached_token *known)
{
	return rq->route->method == METHOD_GET && rq->route->access != ACCESS_STAFF && rq->claim != CLAIM_NEVER &&
	       known->email[0] != '\0';
}

static err_t confirm(struct ctx *c, void *row, bool found, void *arg)
{
	struct request *rq = arg;

	rq->claim = found && ((const struct standing_row *)row)->stands ? CLAIM_HELD : CLAIM_BROKEN;
	return rq->claim == CLAIM_HELD ? OK : fail(c, &ERR_UNAUTHENTICATED, "the session of this token has changed");
}

static void claim(struct request *rq, const struct cached_token *known)
{
	static const char *const roles[] = {"customer", NULL}, *const none[] = {NULL};
	struct subject *s = arena_new_of(rq->ctx.arena, struct subject);

	*s = (struct subject){.kind = SUBJECT_TOKEN, .user_id = known->user_id, .session_id = known->session_id, .roles = roles, .permissions = none};
	s->email = arena_strdup(rq->ctx.arena, known->email);
	s->name = arena_strdup(rq->ctx.arena, known->name);
	rq->subject = s;
	rq->claim = CLAIM_MADE;
	db_defer_check(&rq->ctx, &STANDING, PARAMS(P_UUID(&known->stamp)), confirm, rq);
}

err_t auth_settle(struct request *rq, err_t e, bool *again_r)
{
	*again_r = false;
	/* The handler asked the database nothing, or failed before it did. */
	if (rq->claim == CLAIM_MADE) {
		err_t asked = db_run(&rq->ctx, NULL, 0);

		if (asked != OK && rq->claim != CLAIM_BROKEN)
			return asked;
	}
	/* Its question was lost with a connection, and the handler did not mind. */
	if (rq->claim == CLAIM_MADE && e == OK)
		return fail(&rq->ctx, &ERR_UNAVAILABLE, "the session could not be looked up");
	if (rq->claim != CLAIM_BROKEN)
		return e;
	ctx_clear_failure(&rq->ctx);
	rq->res = (struct response){0};
	rq->claim = CLAIM_NEVER;
	*again_r = true;
	return OK;
}

/* ------------------------------------------------------------------ credentials */

static err_t identify_token(struct request *rq, struct str token)
{
	struct cached_token known = {0};
	struct subject_row row;
	bool found;

	if (token.n > JWT_MAX_BYTES)
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "the access token is too long");
	TRY(know_token(rq, token, &known));
	if (takes_its_word(rq, &known)) {
		claim(rq, &known);
		return OK;
	}
	TRY(db_maybe(&rq->ctx, &TOKEN_SUBJECT, PARAMS(P_UUID(&known.session_id), P_INT(known.session_version)), &row,
		&found));
	if (!found || strcmp(row.user_id.s, known.user_id.s) != 0)
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "the session of this token has ended");
	remember(&known, &row);
	become(rq, SUBJECT_TOKEN, &row);
	return OK;
}

/* Looked up every time: a key that was revoked opens nothing more. */
static err_t identify_key(struct request *rq, struct str key)
{
	struct subject_row row;
	bool found = false;

	if (key.n == API_KEY_LENGTH)
		TRY(db_maybe(&rq->ctx, &KEY_SUBJECT, PARAMS(P_TEXT(token_hash(rq->ctx.arena, key))), &row, &found));
	if (!found)
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "the API key is not valid, or no longer");
	become(rq, SUBJECT_API_KEY, &row);
	return OK;
}

/* A cookie of a session that ended is no mistake of the visitor: anonymous. */
static err_t identify_session(struct request *rq, const char *cookie)
{
	struct subject_row row;
	bool found;

	if (strlen(cookie) != 43)
		return OK;
	TRY(db_maybe(&rq->ctx, &SESSION_SUBJECT, PARAMS(P_TEXT(token_hash(rq->ctx.arena, str_of(cookie)))), &row,
		&found));
	if (found)
		become(rq, SUBJECT_SESSION, &row);
	return OK;
}

err_t auth_identify(struct request *rq)
{
	static const char *const none[] = {NULL};
	static const struct subject anonymous = {.kind = SUBJECT_ANONYMOUS, .roles = none, .permissions = none};
	const char *header = request_header(rq, "Authorization"), *cookie;
	struct str value = str_of(header), scheme;

	rq->subject = &anonymous;
	if (header != NULL && (rq->route->flags & ROUTE_PAGE) == 0) {
		if (!str_next(&value, ' ', &scheme) || !str_eq_nocase(scheme, "Bearer") || value.n == 0)
			return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "only bearer tokens are accepted");
		value = str_trim(value);
		return str_starts(value, API_KEY_PREFIX) ? identify_key(rq, value) : identify_token(rq, value);
	}
	cookie = request_cookie(rq, cookie_name(rq, SESSION_COOKIE));
	return cookie != NULL ? identify_session(rq, cookie) : OK;
}

bool subject_can(const struct subject *s, const char *permission)
{
	for (const char *const *p = s->permissions; *p != NULL; p++) {
		if (strcmp(*p, permission) == 0)
			return true;
	}
	return false;
}

bool subject_signed_in(const struct subject *s)
{
	return s->kind != SUBJECT_ANONYMOUS && uuid_is_set(&s->user_id);
}
