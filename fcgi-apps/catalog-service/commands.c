/*
 * commands.c - `catalog-service --import WHAT`: the same import as an upload's, done at once,
 * its report printed. "seed:NAME" pictures, and the categories of a shop that begins with the
 * seed, come from the folder of the configuration key seed_dir.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "import.h"
#include "service.h"

const struct config_key CATALOG_CONFIG[] = {
	{.name = "seed_dir",
		.type = CONFIG_PATH,
		.fallback = "",
		.help = "where pictures/ and categories.json of the seed are"},
	{0},
};

static err_t read_all(struct ctx *c, FILE *f, const char *name, struct str *bytes_r)
{
	struct buf bytes;
	char part[65536];
	size_t n;

	buf_init(&bytes, c->arena, IMPORT_MAX_BYTES);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&bytes, part, n);
	*bytes_r = buf_str(&bytes);
	return buf_ok(&bytes) ? OK : fail(c, &ERR_TOO_LARGE, "%s is larger than %zu bytes", name, IMPORT_MAX_BYTES);
}

static err_t read_file(struct ctx *c, const char *path, struct str *bytes_r)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return fail(c, &ERR_INVALID, "%s can't be read", path);
	err_t e = read_all(c, f, path, bytes_r);
	fclose(f);
	return e;
}

/* What categories.json says of a category: its place, its words. */
struct seed_category {
	const char **path;
	size_t npath;
	const char *name, *description, *image;
	int64_t position;
};
#define S(member) offsetof(struct seed_category, member)
static const struct bind_field SEED_FIELDS[] = {
	{"path", BIND_TEXTS, S(path), .required = true, .min = 1, .max = 8, .item_max = 120, .count = S(npath)},
	{"name", BIND_LINE, S(name), .max = 120},
	{"description", BIND_TEXT, S(description), .max = 2000},
	{"image", BIND_LINE, S(image)},
	{"position", BIND_INT, S(position), .max = 1000000},
};
static const struct bind SEED_BIND = BIND(struct seed_category, SEED_FIELDS);

static err_t place_category(struct ctx *c, const json_t *entry, const char *pictures_dir)
{
	struct seed_category *k;
	struct category_place place;
	struct picture_of picture = {0};
	void *target;

	TRY(bind_json(c, &SEED_BIND, entry, &target));
	k = target;
	if (k->image != NULL)
		TRY(picture_from_file(c, pictures_dir, k->image, &picture));
	place = (struct category_place){k->path, k->npath, k->description, k->position, picture};
	return category_store_place(c, &place);
}

/* The seed's categories have an order and words that rows of products can't say. */
static err_t place_categories(struct ctx *c, const char *seed_dir)
{
	struct str text;
	json_t *list, *entry;
	size_t i;

	TRY(read_file(c, arena_printf(c->arena, "%s/categories.json", seed_dir), &text));
	TRY(json_parse(c, text, &list));
	json_array_foreach(list, i, entry) TRY(place_category(c, entry, arena_printf(c->arena, "%s/pictures", seed_dir)));
	return OK;
}

static err_t print_report(struct ctx *c, const struct uuid *id)
{
	struct import i;
	struct import_error *errors;
	size_t n;

	TRY(import_store_get(c, id, &i, &errors, &n));
	printf("%s: %" PRId64 " rows, %" PRId64 " created, %" PRId64 " updated, %" PRId64 " rejected\n", i.state,
		i.rows, i.created, i.updated, i.rejected);
	for (size_t k = 0; k < n; k++)
		printf("row %" PRId64 ": %s: %s\n", errors[k].row_no, errors[k].field, errors[k].message);
	if (i.failure != NULL)
		return fail(c, &ERR_INVALID, "%s", i.failure);
	return i.rejected > 0 ? fail(c, &ERR_INVALID, "%" PRId64 " rows were rejected", i.rejected) : OK;
}

static err_t run_import(struct ctx *c, int argc, char **argv)
{
	struct import import = {.id = uuid_v7(), .created_by = "command line"};
	const char *what = argc == 1 ? argv[0] : "", *seed_dir = config_text("seed_dir");
	bool piped = strcmp(what, "csv") == 0 || strcmp(what, "ndjson") == 0;
	struct str bytes;

	import.format = piped ? what : import_format(what, NULL);
	if (import.format == NULL)
		return fail(c, &ERR_MEDIA_TYPE, "say csv or ndjson, or name a file that ends so");
	const char *slash = strrchr(what, '/');
	import.file_name = slash != NULL ? slash + 1 : what;
	TRY(piped ? read_all(c, stdin, "the input", &bytes) : read_file(c, what, &bytes));
	if (seed_dir[0] != '\0' && memmem(bytes.p, bytes.n, "\"seed:", strlen("\"seed:")) != NULL)
		TRY(place_categories(c, seed_dir));
	TRY(import_store_create(c, &import, bytes, false));
	TRY(import_run(c, &import.id, seed_dir[0] == '\0' ? NULL : arena_printf(c->arena, "%s/pictures", seed_dir),
		app_get()->currency));
	return print_report(c, &import.id);
}

const struct command CATALOG_COMMANDS[] = {
	{"--import", "csv|ndjson|FILE",
		"Import products from standard input or a file, and print what became of its rows", run_import},
	{0},
};
