/*
 * bind.h - tables that turn outside input into a struct, reporting every bad field.
 *
 *   struct line_input { const char *sku; int64_t quantity; };
 *   static const struct bind_field LINE_FIELDS[] = {
 *           {"sku", BIND_LINE, offsetof(struct line_input, sku), .required = true, .min = 1, .max = 64},
 *           {"quantity", BIND_INT, offsetof(struct line_input, quantity), .required = true, .min = 1, .max = 9999},
 *   };
 *   const struct bind LINE_BIND = BIND(struct line_input, LINE_FIELDS);
 *
 * Members of the target, by type:
 *   BIND_LINE, BIND_TEXT, BIND_ANY_TEXT, BIND_EMAIL, BIND_COUNTRY, BIND_CURRENCY, BIND_URL, BIND_ENUM   const char * (NULL: absent)
 *   BIND_INT                                   int64_t       BIND_BOOL   bool
 *   BIND_UUID                                  struct uuid   BIND_TIME   int64_t (µs)
 *   BIND_MONEY  {"amount","currency"}          struct money (currency "" when absent); form: decimal text in the shop's currency
 *   BIND_OBJECT                                a struct pointer (NULL: absent), described by .of
 *   BIND_LIST of objects                       pointer to an array of .of, its length (size_t) at .count
 *   BIND_TEXTS                                 const char ** with its length at .count; min/max bound the count, .item_max each length
 *   BIND_JSON                                  json_t * (any value), borrowed from the parsed body
 *   BIND_PAIRS                                 struct params: every pair of a query whose name starts with the field's ("attr."),
 *                                              names cut to what follows; max bounds the count, item_max each value
 *
 * Text is kept byte for byte; lengths are code points. BIND_LINE refuses control
 * characters; BIND_TEXT lets tab and newlines pass, BIND_ANY_TEXT everything but U+0000. Unknown members are refused
 * in JSON (422 "unknown"), and in an API query (400); pages ignore them.
 * A null member counts as absent (but sets .present).
 *
 * Forms and queries: nested names use '/', lists repeat the index: "lines/0/quantity".
 *
 * Layer: data.
 */
#ifndef ES_BIND_H
#define ES_BIND_H

#include "data/json.h"

enum bind_type {
	BIND_UNSET = 0,
	BIND_LINE,
	BIND_TEXT,
	BIND_ANY_TEXT, /* control characters too: what a catalogue brings along is kept, whatever it is */
	BIND_EMAIL,    /* addr-spec of RFC 5321, at most 254 bytes, IDN domains allowed; kept as given */
	BIND_COUNTRY,  /* ISO 3166-1 alpha-2, upper case */
	BIND_CURRENCY, /* ISO 4217 in use */
	BIND_URL,      /* absolute http(s) URL, at most 2048 bytes */
	BIND_ENUM,     /* one of .values */
	BIND_INT,
	BIND_BOOL,     /* JSON true/false; form "1", "on", "true" / "0", "false", "" */
	BIND_UUID,
	BIND_TIME,     /* RFC 3339; a plain date is its midnight UTC */
	BIND_MONEY,
	BIND_OBJECT,
	BIND_LIST,
	BIND_TEXTS,
	BIND_JSON,
	BIND_PAIRS,
};

struct bind;

struct bind_field {
	const char *name;
	enum bind_type type;
	size_t offset;
	bool required;              /* absent, null, or (text) empty: "required" */
	int64_t min, max;           /* text: code points; int, money: value; list: count. max 0: a type's own limit (text 255, list 100, int INT32_MAX) */
	const struct bind *of;      /* BIND_OBJECT, BIND_LIST */
	const char *const *values;  /* BIND_ENUM: NULL-terminated */
	size_t count;               /* BIND_LIST, BIND_TEXTS: offset of the size_t length */
	size_t item_max;            /* BIND_TEXTS */
	size_t present;             /* offset + 1 of a bool set when the member was there at all; 0: none */
	const char *label;          /* how messages call it; NULL: its name with spaces */
};

struct bind {
	const struct bind_field *fields;
	size_t nfields;
	size_t size; /* of the target struct */
	/* A check over several fields after all single ones passed; may be NULL. */
	void (*check)(struct ctx *c, void *target);
	bool check_always; /* also when single fields failed; those are then absent */
};

#define BIND(type, table) {.fields = (table), .nfields = ARRAY_LEN(table), .size = sizeof(type)}
#define PRESENT(type, member) (offsetof(type, member) + 1)

/* Decoded name/value pairs of a form or query, in order; names may repeat. */
struct param {
	struct str name, value;
};
struct params {
	const struct param *list;
	size_t n;
};
/* application/x-www-form-urlencoded; bad escapes, NUL or invalid UTF-8: 400. At most 1,000 pairs. */
err_t params_parse(struct ctx *c, struct str encoded, struct params *params_r) MUST_CHECK;
/* The first value of that name, or NULL. NUL-terminated. */
const char *params_get(const struct params *p, const char *name);

/* The target (of b->size) is allocated in the arena; all field errors at once. */
err_t bind_json(struct ctx *c, const struct bind *b, const json_t *value, void **target_r) MUST_CHECK;
enum bind_unknown { BIND_UNKNOWN_IGNORE, BIND_UNKNOWN_REFUSE };
err_t bind_params(struct ctx *c, const struct bind *b, const struct params *p, enum bind_unknown u, const char *currency, void **target_r) MUST_CHECK;
/* Validate a single text value, for importers and tools: NULL when good, else a message in the arena. */
const char *bind_check_text(struct arena *a, enum bind_type type, struct str value, int64_t min, int64_t max);

#endif
