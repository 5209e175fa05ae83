/*
 * catalogues.h - other people's products in the shape of our imports, from the shared data.
 */
#ifndef TEST_CATALOGUES_H
#define TEST_CATALOGUES_H

#include "base/ctx.h"
#include "base/str.h"

/* products/ecommerce.json.zst: 3,291 products of a phone shop, as NDJSON. False when it isn't there. */
bool phones_ndjson(struct ctx *c, struct str *ndjson_r, size_t *rows_r) MUST_CHECK;
/* retail/…csv.zst: every stock code once, with its first description and price above zero, as CSV in GBP. */
bool gifts_csv(struct ctx *c, struct str *csv_r, size_t *rows_r) MUST_CHECK;

#endif
