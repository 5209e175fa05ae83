/*
 * commands.c - `catalog-service --import FILE`: the same import as an upload's, done at once,
 * its report printed. "seed:NAME" pictures come from the folder `pictures` beside the file.
 */
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "import.h"
#include "service.h"

static err_t read_file(struct ctx *c, const char *path, struct str *bytes_r)
{
	FILE *f = fopen(path, "rb");
	struct buf bytes;
	char part[65536];
	size_t n;

	if (f == NULL)
		return fail(c, &ERR_INVALID, "%s can't be read", path);
	buf_init(&bytes, c->arena, IMPORT_MAX_BYTES);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&bytes, part, n);
	fclose(f);
	*bytes_r = buf_str(&bytes);
	return buf_ok(&bytes) ? OK : fail(c, &ERR_TOO_LARGE, "%s is larger than %zu bytes", path, IMPORT_MAX_BYTES);
}

struct stored_file {
	struct import import;
	struct str bytes;
};

static err_t store_file(struct ctx *c, void *arg)
{
	const struct stored_file *f = arg;

	return import_store_create(c, &f->import, f->bytes, false);
}

static err_t print_report(struct ctx *c, const struct uuid *id)
{
	struct import i;
	struct import_error *errors;
	size_t n;

	TRY(import_store_get(c, id, &i, &errors, &n));
	printf("%s: %" PRId64 " rows, %" PRId64 " created, %" PRId64 " updated, %" PRId64 " rejected\n", i.state, i.rows, i.created, i.updated,
		i.rejected);
	for (size_t k = 0; k < n; k++)
		printf("row %" PRId64 ": %s: %s\n", errors[k].row_no, errors[k].field, errors[k].message);
	if (i.failure != NULL)
		return fail(c, &ERR_INVALID, "%s", i.failure);
	return i.rejected > 0 ? fail(c, &ERR_INVALID, "%" PRId64 " rows were rejected", i.rejected) : OK;
}

static err_t run_import(struct ctx *c, int argc, char **argv)
{
	struct stored_file f = {.import = {.id = uuid_v7(), .created_by = "command line"}};
	const char *path = argc == 1 ? argv[0] : NULL;

	if (path == NULL)
		return fail(c, &ERR_INVALID, "name one file");
	f.import.format = import_format(path, NULL);
	if (f.import.format == NULL)
		return fail(c, &ERR_MEDIA_TYPE, "%s is neither .csv nor .ndjson", path);
	f.import.file_name = basename(arena_strdup(c->arena, path));
	TRY(read_file(c, path, &f.bytes));
	TRY(import_store_in_tx(c, store_file, &f));
	const char *folder = dirname(arena_strdup(c->arena, path));
	TRY(import_run(c, &f.import.id, arena_printf(c->arena, "%s/pictures", folder), app_get()->currency));
	return print_report(c, &f.import.id);
}

const struct command CATALOG_COMMANDS[] = {
	{"--import", "FILE", "Import products from a .csv or .ndjson file and print what became of its rows", run_import},
	{0},
};
