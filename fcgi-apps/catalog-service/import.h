/*
 * import.h - reading a file of products and handing it on in batches. The same code for an
 * upload's job and for `catalog-service --import FILE`.
 */
#ifndef ES_IMPORT_H
#define ES_IMPORT_H

#include "catalog.h"

/* "csv" or "ndjson" by file name or content type; NULL for neither. */
const char *import_format(const char *file_name, const char *content_type);

/* A row's JSON in the import's shape from a line of CSV; problems become field errors of c. */
struct csv_column {
	const char *name;
	bool known;
};
json_t *csv_row(struct ctx *c, const struct csv_column *columns, const struct str *cells, size_t n, const char *currency);
bool csv_column_known(const char *name);

/* The picture `name` of the folder `dir`, stored: fills url, width and height. ERR_INVALID with the reason. */
err_t picture_from_file(struct ctx *c, const char *dir, const char *name, struct picture_of *p) MUST_CHECK;

/*
 * Do the import whose file is stored, from the row where it stands, to its end. pictures_dir: where
 * "seed:NAME" images are read from; NULL: such images are refused. currency: of decimal prices without one.
 */
err_t import_run(struct ctx *c, const struct uuid *id, const char *pictures_dir, const char *currency) MUST_CHECK;

#endif
