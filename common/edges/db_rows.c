/*
 * db_rows.c - results into the structs that a statement's column table describes.
 *
 * A value that does not fit its member is our bug (db_prove would have said so): the
 * statement and the column are named, the value never.
 */
#include "edges/db_internal.h"

#include <stdlib.h>
#include <string.h>

#include "data/clock.h"

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Digits of exactly width (0: at least one) at *p. */
static bool digits(const char **p, int width, int64_t *value_r)
{
	int n = 0;
	int64_t value = 0;

	for (; **p >= '0' && **p <= '9' && n < 9 && (width == 0 || n < width); (*p)++, n++)
		value = value * 10 + (**p - '0');
	*value_r = value;
	return n > 0 && (width == 0 || n == width);
}

static bool skip(const char **p, char expected)
{
	if (**p != expected)
		return false;
	(*p)++;
	return true;
}

bool timestamptz_parse(const char *text, int64_t *us_r)
{
	const char *p = text;
	int64_t year, month, day, hour, minute, second, us = 0;

	if (!digits(&p, 0, &year) || !skip(&p, '-') || !digits(&p, 2, &month) || !skip(&p, '-') || !digits(&p, 2, &day))
		return false;
	if (!skip(&p, ' ') || !digits(&p, 2, &hour) || !skip(&p, ':') || !digits(&p, 2, &minute) || !skip(&p, ':'))
		return false;
	if (!digits(&p, 2, &second))
		return false;
	if (skip(&p, '.')) {
		int64_t scale = 100000;

		for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
			us += (*p - '0') * scale;
	}
	if (strcmp(p, "+00") != 0) /* the session's time zone is UTC; "BC" is no time of a shop */
		return false;
	*us_r = (((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * US_PER_SEC + us;
	return true;
}

static int hex_digit(char h)
{
	if (h >= '0' && h <= '9')
		return h - '0';
	return h >= 'a' && h <= 'f' ? h - 'a' + 10 : -1;
}

static bool bytea_parse(struct ctx *c, const char *text, size_t n, struct str *bytes_r)
{
	char *out;

	if (n < 2 || n % 2 != 0 || text[0] != '\\' || text[1] != 'x')
		return false;
	out = arena_alloc(c->arena, n / 2);
	for (size_t i = 2; i < n; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2 - 1] = (char)(high * 16 + low);
	}
	*bytes_r = (struct str){.p = out, .n = n / 2 - 1};
	return true;
}

static bool set_int(const char *text, size_t n, void *member, bool wide)
{
	int64_t value;

	if (!str_int64((struct str){.p = text, .n = n}, &value))
		return false;
	if (wide) {
		*(int64_t *)member = value;
		return true;
	}
	if (value < INT32_MIN || value > INT32_MAX)
		return false;
	*(int32_t *)member = (int32_t)value;
	return true;
}

static void set_null(enum db_type type, void *member)
{
	static const size_t SIZES[] = {
		[DB_TEXT] = sizeof(char *),
		[DB_INT64] = sizeof(int64_t),
		[DB_INT32] = sizeof(int32_t),
		[DB_BOOL] = sizeof(bool),
		[DB_UUID] = sizeof(struct uuid),
		[DB_CURRENCY] = 4,
		[DB_TIME] = sizeof(int64_t),
		[DB_JSON] = sizeof(json_t *),
		[DB_BYTES] = sizeof(struct str),
	};

	memset(member, 0, SIZES[type]);
}

/* False when text is no value of that type. */
static bool set_value(struct ctx *c, enum db_type type, const char *text, size_t n, void *member)
{
	switch (type) {
	case DB_TEXT:
		*(const char **)member = arena_strndup(c->arena, text, n);
		return true;
	case DB_INT64:
		return set_int(text, n, member, true);
	case DB_INT32:
		return set_int(text, n, member, false);
	case DB_BOOL:
		*(bool *)member = text[0] == 't';
		return n == 1 && (text[0] == 't' || text[0] == 'f');
	case DB_UUID:
		return uuid_parse((struct str){.p = text, .n = n}, member);
	case DB_CURRENCY:
		if (n != 3)
			return false;
		memcpy(member, text, 4);
		return true;
	case DB_TIME:
		return timestamptz_parse(text, member);
	case DB_JSON:
		return json_parse(c, (struct str){.p = text, .n = n}, member) == OK;
	case DB_BYTES:
		return bytea_parse(c, text, n, member);
	case DB_UNSET:
		break;
	}
	return false;
}

static err_t read_row(struct ctx *c, const struct db_stmt *s, const PGresult *result, int row, void *target)
{
	for (size_t i = 0; i < s->ncolumns; i++) {
		const struct db_column *column = &s->columns[i];
		void *member = (char *)target + column->offset;
		const char *text = PQgetvalue(result, row, (int)i);

		if (PQgetisnull(result, row, (int)i))
			set_null(column->type, member);
		else if (!set_value(c, column->type, text, (size_t)PQgetlength(result, row, (int)i), member))
			return fail_bug(c, "statement %s: column %s does not fit its member", s->name, column->name);
	}
	return OK;
}

static err_t check_shape(struct ctx *c, const struct db_stmt *s, const PGresult *result)
{
	if ((size_t)PQnfields(result) != s->ncolumns)
		return fail_bug(
			c, "statement %s: %d columns where %zu are declared", s->name, PQnfields(result), s->ncolumns);
	return OK;
}

static err_t read_all(struct ctx *c, const struct db_stmt *s, const PGresult *result, const struct db_call *call)
{
	size_t n = (size_t)PQntuples(result);
	char *rows = arena_array(c->arena, n, s->row_size);

	for (size_t i = 0; i < n; i++)
		TRY(read_row(c, s, result, (int)i, rows + i * s->row_size));
	memcpy(call->rows, &rows, sizeof(rows));
	*call->count = n;
	return OK;
}

static size_t affected(const PGresult *result)
{
	/* PQcmdTuples takes a non-const result but only reads it. */
	union {
		const PGresult *constant;
		PGresult *result;
	} same = {.constant = result};

	return (size_t)strtoull(PQcmdTuples(same.result), NULL, 10);
}

err_t result_to_call(struct ctx *c, const struct command *cmd, const PGresult *result)
{
	const struct db_call *call = cmd->call;
	int n = PQntuples(result);

	if (call == NULL || (call->row == NULL && call->rows == NULL)) {
		if (call != NULL && call->count != NULL)
			*call->count = affected(result);
		return OK;
	}
	TRY(check_shape(c, cmd->stmt, result));
	if (call->rows != NULL)
		return read_all(c, cmd->stmt, result, call);
	if (n > 1)
		return fail_bug(c, "statement %s: %d rows where one is expected", cmd->stmt->name, n);
	if (n == 0 && call->found == NULL)
		return &ERR_NOT_FOUND;
	if (n == 1)
		TRY(read_row(c, cmd->stmt, result, 0, call->row));
	if (call->found != NULL)
		*call->found = n == 1;
	return OK;
}

err_t result_to_check(struct ctx *c, const struct command *cmd, const PGresult *result)
{
	const struct db_stmt *s = cmd->stmt;
	int n = PQntuples(result);
	void *row = NULL;

	if (s->ncolumns > 0) {
		TRY(check_shape(c, s, result));
		if (n > 1)
			return fail_bug(c, "statement %s: %d rows where at most one is expected", s->name, n);
		row = arena_alloc(c->arena, s->row_size);
		if (n == 1)
			TRY(read_row(c, s, result, 0, row));
	}
	return cmd->check(c, row, n > 0, cmd->arg);
}
