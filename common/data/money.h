/*
 * money.h - amounts in minor units of an ISO 4217 currency; integers only.
 *
 * Range: ±10^15 minor units (MONEY_MAX); more is ERR_INVALID, never an overflow.
 * Layer: data.
 */
#ifndef ES_MONEY_H
#define ES_MONEY_H

#include "base/ctx.h"
#include "base/str.h"

#define MONEY_MAX INT64_C(1000000000000000)
#define BASIS_POINTS 10000 /* 100 % */

struct money {
	int64_t minor;
	char currency[4]; /* "EUR" */
};

struct money money(int64_t minor, const char *currency);
/* Minor-unit digits by ISO 4217 (JPY 0, EUR 2, BHD 3); -1 when it is no currency in use. */
int currency_exponent(const char *code);

/* The one rounding function: numerator × factor / divisor, half away from zero, 128 bits inside; divisor > 0. */
int64_t money_round_div(int64_t amount, int64_t factor, int64_t divisor);
/* The tax inside a gross amount at rate_bp basis points: amount − amount × 10000 / (10000 + rate). */
int64_t money_tax_included(int64_t gross_minor, int32_t rate_bp);
int64_t money_tax_added(int64_t net_minor, int32_t rate_bp);
err_t money_times(struct ctx *c, int64_t unit_minor, int64_t quantity, int64_t *total_r) MUST_CHECK;
err_t money_add(struct ctx *c, int64_t a, int64_t b, int64_t *sum_r) MUST_CHECK;
/* Split total over weights (all ≥ 0, sum > 0) by largest remainder, ties to the lower index; Σ parts = total. */
void money_split(int64_t total, const int64_t *weights, size_t n, int64_t *parts_r);

/* "12.99" by the currency's exponent, '.' as separator; digits beyond it refused. False when it is no amount. */
bool money_parse(struct str decimal, const char *currency, int64_t *minor_r) MUST_CHECK;
/* "12.99", "-0.05", "300": for CSV and machine use. */
char *money_decimal(struct arena *a, struct money m) MUST_CHECK;
/* For people, in English: "€12.99", "£1,299.00", "¥300", "BHD 1.250". */
char *money_text(struct arena *a, struct money m) MUST_CHECK;

#endif
