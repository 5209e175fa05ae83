/*
 * params.c - application/x-www-form-urlencoded into pairs.
 *
 * Layer: data. Standard: WHATWG URL, "application/x-www-form-urlencoded".
 */
#include "data/bind.h"

#include <string.h>

#define PARAMS_MAX 1000

static err_t decode(struct ctx *c, struct str encoded, struct str *text_r)
{
	if (!url_decode(c->arena, encoded, true, text_r) || !utf8_valid(*text_r))
		return fail(c, &ERR_BAD_REQUEST, "a parameter is not percent-encoded UTF-8 text");
	return OK;
}

err_t params_parse(struct ctx *c, struct str encoded, struct params *params_r)
{
	size_t most = 1, n = 0;
	for (size_t i = 0; i < encoded.n; i++)
		most += encoded.p[i] == '&';
	if (most > PARAMS_MAX)
		return fail(c, &ERR_BAD_REQUEST, "there are more than %d parameters", PARAMS_MAX);

	struct param *list = arena_array_of(c->arena, most, struct param);
	struct str rest = encoded, pair;
	while (str_next(&rest, '&', &pair)) {
		if (pair.n == 0)
			continue;
		const char *equals = memchr(pair.p, '=', pair.n);
		struct str name = {.p = pair.p, .n = equals == NULL ? pair.n : (size_t)(equals - pair.p)};
		struct str value = {.p = "", .n = 0};
		if (equals != NULL)
			value = (struct str){.p = equals + 1, .n = pair.n - name.n - 1};
		TRY(decode(c, name, &list[n].name));
		TRY(decode(c, value, &list[n].value));
		n++;
	}
	*params_r = (struct params){.list = list, .n = n};
	return OK;
}

const char *params_get(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->list[i].name, name))
			return p->list[i].value.p;
	return NULL;
}
