/*
 * money.c - arithmetic on minor units, and the currencies of ISO 4217 in use.
 *
 * Layer: data.
 */
#include "data/money.h"

#include <stdlib.h>
#include <string.h>

/* Codes by minor-unit digits. Funds, metals and test codes (XAU, XTS …) are no money for a shop. */
static const struct {
	int exponent;
	const char *codes;
} CURRENCIES[] = {
	{2, "EUR USD GBP AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
	    "CDF CHE "
	    "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HKD HNL HTG "
	    "HUF IDR "
	    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
	    "MXN MXV "
	    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
	    "SOS SRD "
	    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW "
	    "ZWG"},
	{0, "JPY BIF CLP DJF GNF ISK KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
	{3, "BHD IQD JOD KWD LYD OMR TND"},
	{4, "CLF UYW"},
};

struct money money(int64_t minor, const char *currency)
{
	struct money m = {.minor = minor};
	for (size_t i = 0; i < sizeof(m.currency) - 1 && currency[i] != '\0'; i++)
		m.currency[i] = currency[i];
	return m;
}

int currency_exponent(const char *code)
{
	if (strnlen(code, 4) != 3)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(CURRENCIES); i++) {
		const char *at = CURRENCIES[i].codes;
		for (size_t n = strlen(at); n >= 3; at += 4, n = n > 4 ? n - 4 : 0)
			if (memcmp(at, code, 3) == 0)
				return CURRENCIES[i].exponent;
	}
	return -1;
}

int64_t money_round_div(int64_t amount, int64_t factor, int64_t divisor)
{
	__int128 product = (__int128)amount * factor;
	__int128 quotient = product / divisor, remainder = product % divisor;
	if (remainder < 0)
		remainder = -remainder;
	if (remainder * 2 >= divisor)
		quotient += product < 0 ? -1 : 1;
	/* Amounts within MONEY_MAX and rates below 900,000 % never get here. */
	if (quotient > INT64_MAX)
		return INT64_MAX;
	return quotient < -INT64_MAX ? -INT64_MAX : (int64_t)quotient;
}

int64_t money_tax_included(int64_t gross_minor, int32_t rate_bp)
{
	return gross_minor - money_round_div(gross_minor, BASIS_POINTS, BASIS_POINTS + rate_bp);
}

int64_t money_tax_added(int64_t net_minor, int32_t rate_bp)
{
	return money_round_div(net_minor, rate_bp, BASIS_POINTS);
}

static err_t in_range(struct ctx *c, __int128 value, int64_t *value_r)
{
	if (value > MONEY_MAX || value < -MONEY_MAX)
		return fail(c, &ERR_INVALID, "the amount is larger than the shop can count");
	*value_r = (int64_t)value;
	return OK;
}

err_t money_times(struct ctx *c, int64_t unit_minor, int64_t quantity, int64_t *total_r)
{
	return in_range(c, (__int128)unit_minor * quantity, total_r);
}

err_t money_add(struct ctx *c, int64_t a, int64_t b, int64_t *sum_r)
{
	return in_range(c, (__int128)a + b, sum_r);
}

void money_split(int64_t total, const int64_t *weights, size_t n, int64_t *parts_r)
{
	__int128 sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	int64_t sign = total < 0 ? -1 : 1, rest = total * sign;

	/* parts_r first holds the remainders, then marks (−1) who gets one unit more. */
	for (size_t i = 0; i < n; i++) {
		__int128 share = (__int128)(total * sign) * weights[i];
		parts_r[i] = (int64_t)(share % sum);
		rest -= (int64_t)(share / sum);
	}
	for (; rest > 0; rest--) {
		size_t largest = 0;
		for (size_t i = 1; i < n; i++)
			if (parts_r[i] > parts_r[largest])
				largest = i;
		parts_r[largest] = -1;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t more = parts_r[i] < 0 ? 1 : 0;
		parts_r[i] = sign * ((int64_t)((__int128)(total * sign) * weights[i] / sum) + more);
	}
}

static int64_t power_of_ten(int exponent)
{
	int64_t power = 1;
	for (int i = 0; i < exponent; i++)
		power *= 10;
	return power;
}

bool money_parse(struct str decimal, const char *currency, int64_t *minor_r)
{
	int exponent = currency_exponent(currency);
	bool negative = str_starts(decimal, "-");
	int64_t minor = 0;
	int fraction = -1; /* digits behind the separator; −1: before it */
	if (exponent < 0)
		return false;
	if (negative) {
		decimal.p++;
		decimal.n--;
	}
	for (size_t i = 0; i < decimal.n; i++) {
		char ch = decimal.p[i];
		if (ch == '.' && fraction < 0 && i > 0) {
			fraction = 0;
			continue;
		}
		if (ch < '0' || ch > '9' || minor > MONEY_MAX)
			return false;
		minor = minor * 10 + (ch - '0');
		if (fraction >= 0 && ++fraction > exponent)
			return false;
	}
	if (decimal.n == 0 || fraction == 0 || minor > MONEY_MAX)
		return false;
	minor *= power_of_ten(exponent - (fraction < 0 ? 0 : fraction));
	if (minor > MONEY_MAX)
		return false;
	*minor_r = negative ? -minor : minor;
	return true;
}

char *money_decimal(struct arena *a, struct money m)
{
	int exponent = currency_exponent(m.currency);
	const char *sign = m.minor < 0 ? "-" : "";
	long long minor = llabs(m.minor);
	if (exponent <= 0)
		return arena_printf(a, "%s%lld", sign, minor);
	long long unit = power_of_ten(exponent);
	return arena_printf(a, "%s%lld.%0*lld", sign, minor / unit, exponent, minor % unit);
}

char *money_text(struct arena *a, struct money m)
{
	static const struct {
		const char *code, *sign;
	} SIGNS[] = {{"EUR", "€"}, {"GBP", "£"}, {"USD", "$"}, {"JPY", "¥"}};
	const char *sign = NULL;
	for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
		if (strcmp(SIGNS[i].code, m.currency) == 0)
			sign = SIGNS[i].sign;

	struct money size = {.minor = llabs(m.minor)};
	memcpy(size.currency, m.currency, sizeof(size.currency));
	const char *digits = money_decimal(a, size);
	struct buf out;
	buf_init(&out, a, 64);
	buf_puts(&out, m.minor < 0 ? "-" : "");
	buf_puts(&out, sign != NULL ? sign : m.currency);
	if (sign == NULL && m.currency[0] != '\0')
		buf_putc(&out, ' ');
	size_t whole = strcspn(digits, ".");
	for (size_t i = 0; digits[i] != '\0'; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0)
			buf_putc(&out, ',');
		buf_putc(&out, digits[i]);
	}
	return out.p;
}
