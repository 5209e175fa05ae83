/*
 * json.h - jansson with our rules: bounded depth, no duplicate members, no NUL,
 * every root owned by an arena.
 *
 * Layer: data.
 */
#ifndef ES_JSON_H
#define ES_JSON_H

#include <jansson.h>
#include "base/ctx.h"
#include "base/str.h"
#include "data/money.h"

#define JSON_DEPTH_MAX 32

/* 400 malformed_json with line and column; 422 for well-formed JSON that we don't take. The result is owned by c->arena. */
err_t json_parse(struct ctx *c, struct str text, json_t **value_r) MUST_CHECK;
/* Compact, UTF-8, member order kept. */
struct str json_render(struct arena *a, const json_t *value);
/* Give a new reference to the arena; returns it. NULL (out of memory) aborts. */
json_t *json_own(struct arena *a, json_t *value) MUST_CHECK;

/*
 * Builders. Every object made here is owned by the arena, and setting a member
 * takes no reference from the caller: views never call json_decref.
 */
json_t *json_new_object(struct arena *a) MUST_CHECK;
json_t *json_new_array(struct arena *a) MUST_CHECK;
void json_set_text(json_t *object, const char *key, const char *value);   /* NULL: null */
void json_set_text_if(json_t *object, const char *key, const char *value); /* NULL: left out */
void json_set_int(json_t *object, const char *key, int64_t value);
void json_set_bool(json_t *object, const char *key, bool value);
void json_set_null(json_t *object, const char *key);
void json_set_time(json_t *object, const char *key, int64_t unix_us);      /* RFC 3339 UTC; 0: null */
void json_set_money(json_t *object, const char *key, struct money m);      /* {"amount","currency"} */
void json_set(json_t *object, const char *key, json_t *value);             /* borrows value */
void json_add(json_t *array, json_t *value);                               /* borrows value */
void json_add_text(json_t *array, const char *value);

/* Readers that never fail: the member, or the fallback when absent or of another type. */
const char *json_text(const json_t *object, const char *key, const char *fallback);
int64_t json_int(const json_t *object, const char *key, int64_t fallback);
bool json_bool(const json_t *object, const char *key, bool fallback);

#endif
