/*
 * bind_text.c - the rules of single text values: lines, texts, e-mail addresses,
 * countries, currencies, URLs.
 *
 * Layer: data. Standards: RFC 5321 (addr-spec), RFC 5890 (IDN), ISO 3166-1, ISO 4217, RFC 3986.
 */
#include "data/bind_text.h"

#include <idn2.h>
#include <string.h>

#define TEXT_MAX_DEFAULT 255
#define EMAIL_MAX_BYTES 254
#define EMAIL_LOCAL_MAX_BYTES 64
#define LABEL_MAX_BYTES 63
#define DOMAIN_MAX_BYTES 253
#define URL_MAX_BYTES 2048

/* ISO 3166-1 alpha-2, officially assigned. */
static const char COUNTRIES[] = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN "
				"BO BQ BR BS BT BV BW BY BZ CA CC CD "
				"CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES "
				"ET FI FJ FK FM FO FR GA GB GD GE GF "
				"GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
				"IS IT JE JM JO JP KE KG KH KI KM KN "
				"KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
				"MP MQ MR MS MT MU MV MW MX MY MZ NA "
				"NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE "
				"RO RS RU RW SA SB SC SD SE SG SH SI "
				"SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
				"TZ UA UG UM US UY UZ VA VC VE VG VI "
				"VN VU WF WS YE YT ZA ZM ZW";

static bool ascii_alnum(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

static bool is_country(struct str s)
{
	if (s.n != 2)
		return false;
	for (size_t i = 0; i + 2 <= sizeof(COUNTRIES) - 1; i += 3)
		if (memcmp(COUNTRIES + i, s.p, 2) == 0)
			return true;
	return false;
}

/* RFC 5321 Dot-string: atoms of RFC 5322's atext, single dots between them. No quoting, no comments. */
static bool is_dot_string(struct str local)
{
	char before = '.';
	for (size_t i = 0; i < local.n; i++) {
		char ch = local.p[i];
		bool atext = ascii_alnum(ch) || (ch != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", ch) != NULL);
		if (!atext && (ch != '.' || before == '.'))
			return false;
		before = ch;
	}
	return before != '.' && local.n <= EMAIL_LOCAL_MAX_BYTES;
}

/* Letters, digits and inner hyphens; the last label is no number, else it would be an IP address. */
static bool is_ascii_domain(struct str domain)
{
	struct str rest = domain, label = {0};
	bool numeric = false;
	if (domain.n == 0 || domain.n > DOMAIN_MAX_BYTES)
		return false;
	while (str_next(&rest, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX_BYTES || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		numeric = true;
		for (size_t i = 0; i < label.n; i++) {
			if (!ascii_alnum(label.p[i]) && label.p[i] != '-')
				return false;
			if (label.p[i] < '0' || label.p[i] > '9')
				numeric = false;
		}
	}
	return !numeric;
}

static bool is_domain(struct arena *a, struct str domain)
{
	for (size_t i = 0; i < domain.n; i++) {
		if ((unsigned char)domain.p[i] < 0x80)
			continue;
		/* An internationalised name is judged by the form that DNS will see. */
		uint8_t *ascii = NULL;
		const char *name = str_dup(a, domain);
		if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return false;
		bool good = is_ascii_domain(str_of((const char *)ascii));
		idn2_free(ascii);
		return good;
	}
	return is_ascii_domain(domain);
}

static bool is_email(struct arena *a, struct str s)
{
	const char *at = s.n == 0 || s.n > EMAIL_MAX_BYTES ? NULL : memchr(s.p, '@', s.n);
	if (at == NULL)
		return false;
	size_t n = (size_t)(at - s.p);
	return is_dot_string((struct str){.p = s.p, .n = n}) &&
	       is_domain(a, (struct str){.p = at + 1, .n = s.n - n - 1});
}

static bool is_port(struct str s)
{
	int64_t port;
	return s.n >= 1 && s.n <= 5 && s.p[0] != '+' && s.p[0] != '-' && str_int64(s, &port) && port >= 1 &&
	       port <= 65535;
}

/* Absolute http(s): a host name or IPv4 address, an optional port, no user; the rest without spaces, controls, quotes
 * and brackets. */
static bool is_url(struct arena *a, struct str s)
{
	size_t scheme = str_starts(s, "https://") ? 8 : str_starts(s, "http://") ? 7 : 0;
	if (scheme == 0 || s.n > URL_MAX_BYTES)
		return false;
	size_t end = scheme;
	while (end < s.n && strchr("/?#", s.p[end]) == NULL)
		end++;
	struct str host = {.p = s.p + scheme, .n = end - scheme};
	const char *colon = host.n == 0 ? NULL : memchr(host.p, ':', host.n);
	if (colon != NULL) {
		size_t n = (size_t)(colon - host.p);
		if (!is_port((struct str){.p = colon + 1, .n = host.n - n - 1}))
			return false;
		host.n = n;
	}
	for (size_t i = end; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7F || strchr("\"<>\\^`{|}", s.p[i]) != NULL)
			return false;
	bool dotted_digits = host.n > 0;
	for (size_t i = 0; i < host.n; i++)
		dotted_digits = dotted_digits && (host.p[i] == '.' || (host.p[i] >= '0' && host.p[i] <= '9'));
	return dotted_digits || is_domain(a, host);
}

static struct text_fault fault(struct arena *a, const char *code, const char *label, const char *what)
{
	return (struct text_fault){.code = code, .message = arena_printf(a, "%s %s.", label, what)};
}

static struct text_fault check_length(struct arena *a, struct str value, int64_t min, int64_t max, const char *label)
{
	int64_t length = (int64_t)utf8_length(value);
	if (length < min)
		return (struct text_fault){"too_short", arena_printf(a, "%s needs at least %lld character%s.", label,
								(long long)min, min == 1 ? "" : "s")};
	if (length > max)
		return (struct text_fault){"too_long", arena_printf(a, "%s may have at most %lld character%s.", label,
							       (long long)max, max == 1 ? "" : "s")};
	return (struct text_fault){0};
}

struct text_fault text_check(
	struct arena *a, enum bind_type type, struct str value, int64_t min, int64_t max, const char *label)
{
	if (!utf8_valid(value))
		return fault(a, "invalid", label, "is not valid UTF-8 text");
	switch (type) {
	case BIND_LINE:
		if (utf8_has_control(value, false))
			return fault(a, "invalid", label, "may not hold line breaks or control characters");
		return check_length(a, value, min, max == 0 ? TEXT_MAX_DEFAULT : max, label);
	case BIND_TEXT:
		if (utf8_has_control(value, true))
			return fault(a, "invalid", label, "may not hold control characters");
		return check_length(a, value, min, max == 0 ? TEXT_MAX_DEFAULT : max, label);
	case BIND_ANY_TEXT:
		return check_length(a, value, min, max == 0 ? TEXT_MAX_DEFAULT : max, label);
	case BIND_EMAIL:
		if (!is_email(a, value))
			return fault(a, "invalid", label, "is not an e-mail address, like name@example.com");
		return (struct text_fault){0};
	case BIND_COUNTRY:
		if (!is_country(value))
			return fault(a, "unknown", label, "is not a country's code of two capital letters");
		return (struct text_fault){0};
	case BIND_CURRENCY:
		if (value.n != 3 || currency_exponent(str_dup(a, value)) < 0)
			return fault(a, "unknown", label, "is not a currency's code of three capital letters");
		return (struct text_fault){0};
	case BIND_URL:
		if (!is_url(a, value))
			return fault(a, "invalid", label,
				"is not a complete web address that begins with https:// or http://");
		return (struct text_fault){0};
	default:
		return fault(a, "invalid", label, "is not text");
	}
}

const char *bind_check_text(struct arena *a, enum bind_type type, struct str value, int64_t min, int64_t max)
{
	return text_check(a, type, value, min, max, "The value").message;
}
