/*
 * import.c - reads a file row by row, checks each by the same table as the API, and hands
 * good rows on in batches. A batch has an arena of its own, so a file may be as large as
 * it likes; how far an import got is counted with each batch.
 */
#include "import.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store_import.h"

#define BATCH_ROWS 100 /* staff's own edits wait for the batch in hand */
#define BATCH_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define COLUMNS_MAX 200
#define FEED_BYTES ((size_t)64 * 1024)
#define PICTURE_PREFIX "seed:"

struct run {
	struct ctx *c;        /* of the job: lives to the end */
	struct ctx batch_ctx; /* of the rows in hand */
	const struct uuid *id;
	const char *pictures_dir, *currency;
	int64_t row_no, done_before; /* rows seen; rows counted by an earlier attempt */
	int64_t batch_from;          /* rows counted before the batch in hand */
	json_t *rows;
	struct import_error *errors;
	size_t nerrors, errors_cap;
	int64_t rejected;
	err_t failure; /* sticky: the rest is skipped */
	/* CSV */
	struct csv_column columns[COLUMNS_MAX];
	struct str cells[COLUMNS_MAX];
	size_t ncolumns, ncells;
	bool header_done, too_wide;
};

const char *import_format(const char *file_name, const char *content_type)
{
	size_t n = file_name == NULL ? 0 : strlen(file_name);
	struct str type = str_of(content_type);

	if (n > 4 && strcasecmp(file_name + n - 4, ".csv") == 0)
		return "csv";
	if (n > 7 && (strcasecmp(file_name + n - 7, ".ndjson") == 0 || strcasecmp(file_name + n - 6, ".jsonl") == 0))
		return "ndjson";
	if (str_starts(type, "text/csv"))
		return "csv";
	if (str_starts(type, "application/x-ndjson") || str_starts(type, "application/jsonl") ||
		str_starts(type, "application/ndjson"))
		return "ndjson";
	return NULL;
}

/* ------------------------------------------------------------------ batches */

static void batch_begin(struct run *r)
{
	struct ctx *b = &r->batch_ctx;

	arena_reset(b->arena);
	ctx_init(b, b->arena, r->c->db);
	b->request_id = r->c->request_id;
	b->traceparent = r->c->traceparent;
	r->rows = json_new_array(b->arena);
	r->errors = NULL;
	r->nerrors = r->errors_cap = 0;
	r->rejected = 0;
	r->batch_from = r->row_no;
}

static void batch_flush(struct run *r)
{
	struct import_batch b = {
		.rows = r->rows,
		.rows_before = r->batch_from,
		.rows_after = r->row_no,
		.errors = r->errors,
		.nerrors = r->nerrors,
		.rejected = r->rejected,
	};

	if (r->failure != OK || (r->row_no == r->batch_from && r->nerrors == 0))
		return;
	ctx_clear_failure(&r->batch_ctx);
	r->failure = import_store_batch(&r->batch_ctx, r->id, &b);
	if (r->failure != OK)
		r->c->detail = arena_strdup(r->c->arena, r->batch_ctx.detail);
	else
		batch_begin(r);
}

static void report(struct run *r, const char *field, const char *message)
{
	struct arena *a = r->batch_ctx.arena;

	if (r->nerrors == r->errors_cap) {
		size_t cap = r->errors_cap == 0 ? 64 : r->errors_cap * 2;
		struct import_error *more = arena_array_of(a, cap, struct import_error);
		if (r->nerrors > 0)
			memcpy(more, r->errors, r->nerrors * sizeof(*more));
		r->errors = more;
		r->errors_cap = cap;
	}
	r->errors[r->nerrors++] = (struct import_error){r->row_no, arena_strdup(a, field), arena_strdup(a, message)};
}

/* What went wrong with the row in hand: all its fields, or the one reason. */
static void reject(struct run *r)
{
	struct ctx *b = &r->batch_ctx;

	for (const struct field_error *e = b->errors; e != NULL; e = e->next)
		report(r, e->field, e->message);
	if (b->errors == NULL)
		report(r, "row", b->detail != NULL ? b->detail : "It could not be read.");
	r->rejected++;
	ctx_clear_failure(b);
}

/* ------------------------------------------------------------------ pictures that come beside the file */

static err_t read_picture(struct ctx *c, const char *path, struct str *bytes_r)
{
	FILE *f = fopen(path, "rb");
	struct buf bytes;
	char part[16384];
	size_t n;

	if (f == NULL)
		return fail(c, &ERR_INVALID, "there is no picture of this name beside the file");
	buf_init(&bytes, c->arena, PICTURE_MAX_BYTES);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&bytes, part, n);
	fclose(f);
	*bytes_r = buf_str(&bytes);
	return buf_ok(&bytes) ? OK : fail(c, &ERR_INVALID, "the picture is too large");
}

err_t picture_from_file(struct ctx *c, const char *dir, const char *name, struct picture_of *p)
{
	struct picture picture;
	struct str bytes;

	if (dir == NULL || strchr(name, '/') != NULL || name[0] == '.')
		return fail(c, &ERR_INVALID, "pictures are given by their web address");
	TRY(read_picture(c, arena_printf(c->arena, "%s/%s", dir, name), &bytes));
	if (!picture_sniff(bytes, &picture))
		return fail(c, &ERR_INVALID, "the file is no picture we can show");
	p->width = picture.width;
	p->height = picture.height;
	return media_store_put(c, bytes, &picture, &p->url);
}

static err_t resolve_pictures(struct run *r, const struct product_row *row, struct picture_of **pictures_r)
{
	struct ctx *b = &r->batch_ctx;
	struct picture_of *pictures = arena_array_of(b->arena, row->nimages, struct picture_of);

	for (size_t i = 0; i < row->nimages; i++) {
		const char *reference = row->images[i];
		const char *field = arena_printf(b->arena, "images/%zu", i), *message;
		pictures[i] = (struct picture_of){
			.reference = reference, .alt = row->name, .url = reference, .width = 800, .height = 800};
		if (strncmp(reference, PICTURE_PREFIX, strlen(PICTURE_PREFIX)) == 0) {
			err_t e = picture_from_file(b, r->pictures_dir, reference + strlen(PICTURE_PREFIX), &pictures[i]);
			if (e != OK && e != &ERR_INVALID)
				return e;
			if (e != OK)
				field_error(b, field, "invalid", "%s", b->detail);
		} else {
			message = bind_check_text(b->arena, BIND_URL, str_of(reference), 1, 2048);
			if (message != NULL)
				field_error(b, field, "invalid", "%s", message);
		}
	}
	*pictures_r = pictures;
	return ctx_check(b);
}

/* ------------------------------------------------------------------ rows */

static err_t check_row(struct run *r, const json_t *json, json_t **apply_r)
{
	struct ctx *b = &r->batch_ctx;
	struct picture_of *pictures;
	void *target;

	TRY(bind_json(b, &ROW_BIND, json, &target));
	TRY(resolve_pictures(r, target, &pictures));
	*apply_r = row_to_apply(b, target, r->row_no, NULL, pictures);
	return OK;
}

static bool in_batch(const struct run *r, const char *sku)
{
	json_t *row;
	size_t i;

	json_array_foreach(r->rows, i, row) if (strcmp(json_text(row, "sku", ""), sku) == 0) return true;
	return false;
}

static void take_row(struct run *r, json_t *json)
{
	json_t *apply;
	err_t e = check_row(r, json, &apply);

	if (e == &ERR_INVALID || (e == OK && r->batch_ctx.errors != NULL)) {
		reject(r);
	} else if (e != OK) {
		r->failure = e;
		r->c->detail = arena_strdup(r->c->arena, r->batch_ctx.detail);
	} else {
		json_add(r->rows, apply);
	}
}

/* Begin the next row; false when it was done by an earlier attempt, or nothing more is to be done. */
static bool next_row(struct run *r)
{
	if (r->failure != OK)
		return false;
	r->row_no++;
	if (r->row_no <= r->done_before)
		r->batch_from = r->row_no;
	return r->failure == OK && r->row_no > r->done_before;
}

/* Only here, behind a row: what the row in hand was read into lives in the batch's arena. */
static void row_done(struct run *r)
{
	if (json_array_size(r->rows) + (size_t)r->rejected >= BATCH_ROWS)
		batch_flush(r);
}

/* A product twice in one batch: the first goes first. row_no is already the second's. */
static void keep_order(struct run *r, const json_t *json)
{
	if (!in_batch(r, json_text(json, "sku", "")))
		return;
	r->row_no--;
	/* json lives in the batch's arena, which the flush gives back. */
	json_t *kept = json_incref((json_t *)(uintptr_t)json);
	batch_flush(r);
	r->row_no++;
	if (r->failure == OK)
		kept = json_own(r->batch_ctx.arena, kept);
	else
		json_decref(kept);
}

static void ndjson_line(struct run *r, struct str line)
{
	json_t *json;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (str_trim(line).n == 0 || !next_row(r))
		return;
	if (json_parse(&r->batch_ctx, line, &json) != OK) {
		reject(r);
		return;
	}
	keep_order(r, json);
	if (r->failure == OK)
		take_row(r, json);
	row_done(r);
}

static void read_ndjson(struct run *r, struct str bytes)
{
	struct str line;

	while (bytes.n > 0 && str_next(&bytes, '\n', &line))
		ndjson_line(r, line);
}

/* ------------------------------------------------------------------ CSV: libcsv calls back per cell and per line */

static void csv_cell(void *p, size_t n, void *arg)
{
	struct run *r = arg;

	if (r->ncells == COLUMNS_MAX) {
		r->too_wide = true;
		return;
	}
	/* The parser's buffer is reused: header cells live as long as the run, others as long as the batch. */
	struct arena *a = r->header_done ? r->batch_ctx.arena : r->c->arena;
	r->cells[r->ncells++] = (struct str){arena_strndup(a, p == NULL ? "" : p, n), n};
}

static void csv_header(struct run *r)
{
	r->header_done = true;
	r->ncolumns = r->ncells;
	for (size_t i = 0; i < r->ncells; i++) {
		r->columns[i].name = r->cells[i].p;
		r->columns[i].known = csv_column_known(r->cells[i].p);
		if (!r->columns[i].known && r->done_before == 0)
			report(r, utf8_valid(r->cells[i]) ? r->cells[i].p : "header",
				"There is no column of this name; it is left out.");
	}
}

static void csv_line(struct run *r)
{
	size_t n = r->ncells;

	if (!next_row(r))
		return;
	if (r->too_wide || n > r->ncolumns) {
		field_error(&r->batch_ctx, "row", "invalid", "The line has more cells than the header.");
		reject(r);
		return;
	}
	json_t *json = csv_row(&r->batch_ctx, r->columns, r->cells, n, r->currency);
	/* A refused cell stays in the list of errors, to which the check adds what else is wrong with the row. */
	if (r->batch_ctx.errors == NULL)
		keep_order(r, json);
	if (r->failure == OK)
		take_row(r, json);
}

static void csv_row_end(int terminator, void *arg)
{
	struct run *r = arg;
	(void)terminator;

	if (!r->header_done)
		csv_header(r);
	else
		csv_line(r);
	r->ncells = 0;
	r->too_wide = false;
	row_done(r);
}

/* Cells are kept byte for byte: no blank is trimmed. */
static int never_space(unsigned char ch)
{
	(void)ch;
	return 0;
}

static err_t read_csv(struct run *r, struct str bytes)
{
	struct csv_parser parser;
	bool broken = false;

	if (str_starts(bytes, "\xEF\xBB\xBF")) {
		bytes.p += 3;
		bytes.n -= 3;
	}
	if (csv_init(&parser, CSV_APPEND_NULL) != 0)
		return fail_bug(r->c, "libcsv did not start");
	csv_set_space_func(&parser, never_space);
	for (size_t at = 0; at < bytes.n && r->failure == OK && !broken; at += FEED_BYTES) {
		size_t n = bytes.n - at < FEED_BYTES ? bytes.n - at : FEED_BYTES;
		broken = csv_parse(&parser, bytes.p + at, n, csv_cell, csv_row_end, r) != n;
	}
	if (!broken)
		csv_fini(&parser, csv_cell, csv_row_end, r);
	csv_free(&parser);
	return broken ? fail(r->c, &ERR_INVALID, "the file is not CSV") : r->failure;
}

/* ------------------------------------------------------------------ the run */

static err_t run_all(struct run *r, const struct import *import, struct str bytes)
{
	batch_begin(r);
	if (strcmp(import->format, "csv") == 0)
		TRY(read_csv(r, bytes));
	else
		read_ndjson(r, bytes);
	batch_flush(r);
	return r->failure;
}

err_t import_run(struct ctx *c, const struct uuid *id, const char *pictures_dir, const char *currency)
{
	struct run *r = arena_new_of(c->arena, struct run);
	struct arena *batch_arena;
	struct import import;
	struct str bytes;
	err_t e;

	TRY(import_store_start(c, id, &import, &bytes));
	batch_arena = arena_new(BATCH_ARENA_MAX);
	*r = (struct run){
		.c = c, .id = id, .pictures_dir = pictures_dir, .currency = currency, .done_before = import.rows};
	r->batch_ctx.arena = batch_arena;
	e = run_all(r, &import, bytes);
	arena_free(batch_arena);
	/* Bad bytes fail the import; a lost link only this attempt. */
	if (e == &ERR_INVALID)
		return import_store_finish(c, id, c->detail);
	TRY(e);
	return import_store_finish(c, id, NULL);
}
