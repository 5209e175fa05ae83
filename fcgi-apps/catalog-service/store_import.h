/* store_import.h - imports: the file, its state, its report. */
#ifndef ES_STORE_IMPORT_H
#define ES_STORE_IMPORT_H

#include "store_product.h"

#define IMPORT_QUEUE "catalog.import"

struct import {
	struct uuid id;
	const char *file_name, *format, *state, *failure, *created_by;
	int64_t rows, created, updated, rejected, created_us;
};

struct import_error {
	int64_t row_no;
	const char *field, *message;
};

/* What a batch adds to the report, and up to which row it goes. */
struct import_batch {
	const json_t *rows;                /* for catalog.apply_products */
	int64_t rows_before, rows_after;   /* the import's `rows` before (else someone else is at it: ERR_CONFLICT) and after */
	struct import_error *errors;       /* of rows that never got that far */
	size_t nerrors;
	int64_t rejected;                  /* how many rows those are */
};

extern const struct db_stmt *const IMPORT_STATEMENTS[];

/* With its file; and its job when `queued`: in the open transaction, or in one of its own. */
err_t import_store_create(struct ctx *c, const struct import *import, struct str bytes, bool queued) MUST_CHECK;
/* queued or running becomes running. ERR_NOT_FOUND when there is nothing left to do. */
err_t import_store_start(struct ctx *c, const struct uuid *id, struct import *import_r, struct str *bytes_r) MUST_CHECK;
/* Apply a batch and count it, in one transaction; a row that breaks it is found and reported, the others go through. */
err_t import_store_batch(struct ctx *c, const struct uuid *id, const struct import_batch *b) MUST_CHECK;
/* failure NULL: done. The file is given up. */
err_t import_store_finish(struct ctx *c, const struct uuid *id, const char *failure) MUST_CHECK;
err_t import_store_get(struct ctx *c, const struct uuid *id, struct import *import_r, struct import_error **errors_r, size_t *n_r) MUST_CHECK;
/* Newest first, behind cursor (an id). */
err_t import_store_list(struct ctx *c, const char *cursor, int64_t limit, struct import **rows_r, size_t *n_r) MUST_CHECK;

#endif
