/* rules.c - decisions about accounts: no SQL, no HTTP, no clock. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "account.h"
#include "attempts.h"
#include "viewings.h"

#define IPV6_NETWORK_BYTES 8 /* what one subscriber has: any address of it is theirs */
#define EASY_PART_MIN 4 /* a name this short may well be part of a good password */

const char *rule_email_key(struct arena *a, const char *email)
{
	utf8proc_uint8_t *folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)email);
	const char *key;

	if (folded == NULL)
		return arena_strdup(a, email);
	key = arena_strdup(a, (const char *)folded);
	free(folded);
	return key;
}

static bool one_character(const char *s)
{
	return s[strspn(s, (char[]){s[0], '\0'})] == '\0';
}

static bool is_row(const char *s)
{
	static const char *const ROWS[] = {"12345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
		"passwordpassword", "password1234567890"};

	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		if (strncasecmp(s, ROWS[i], strlen(s)) == 0)
			return true;
	}
	return false;
}

const char *rule_password_fault(const char *password, const char *email, const char *name)
{
	if (one_character(password) || is_row(password))
		return "this password is one of the first that anybody would try";
	if (email != NULL && strcasecmp(password, email) == 0)
		return "the password must not be the e-mail address";
	if (name != NULL && strlen(name) >= EASY_PART_MIN && strcasecmp(password, name) == 0)
		return "the password must not be the name";
	return NULL;
}

const char *rule_short_ip(struct arena *a, const char *ip)
{
	size_t colons = 0, n = 0;
	const char *dot;

	if (ip == NULL)
		return NULL;
	dot = strrchr(ip, '.');
	if (dot != NULL)
		return arena_printf(a, "%.*s.x", (int)(dot - ip), ip);
	while (ip[n] != '\0' && colons < 3)
		colons += ip[n++] == ':';
	return colons == 3 ? arena_printf(a, "%.*sx", (int)n, ip) : NULL;
}

const char *rule_network(struct arena *a, const char *ip)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, ip, &address) != 1)
		return ip;
	memset(&address.s6_addr[IPV6_NETWORK_BYTES], 0, sizeof(address) - IPV6_NETWORK_BYTES);
	return inet_ntop(AF_INET6, &address, text, sizeof(text)) != NULL ? arena_strdup(a, text) : ip;
}

const char *rule_cookie_name(struct arena *a, const char *name)
{
	struct str s = utf8_prefix(str_of(name), COOKIE_NAME_CHARS);
	char *clean = arena_strndup(a, s.p, s.n), *to = clean;

	for (const char *p = clean; *p != '\0'; p++) {
		if ((unsigned char)*p >= ' ' && *p != 0x7f && strchr("\",;\\", *p) == NULL)
			*to++ = *p;
	}
	*to = '\0';
	return clean;
}

struct mark {
	const char *part, *name;
};

static const char *first_known(const char *text, const struct mark *marks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strstr(text, marks[i].part) != NULL)
			return marks[i].name;
	}
	return NULL;
}

/* Order matters: every browser claims to be the ones before it. */
void rule_device(const char *user_agent, const char **browser_r, const char **system_r)
{
	static const struct mark BROWSERS[] = {{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}};
	static const struct mark SYSTEMS[] = {{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"},
		{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}};

	*browser_r = *system_r = NULL;
	if (user_agent == NULL)
		return;
	*browser_r = first_known(user_agent, BROWSERS, ARRAY_LEN(BROWSERS));
	*system_r = first_known(user_agent, SYSTEMS, ARRAY_LEN(SYSTEMS));
}

bool rule_has_role(const json_t *roles, const char *role)
{
	const json_t *value;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)roles, i, value) {
		if (strcmp(json_string_value(value), role) == 0)
			return true;
	}
	return false;
}

bool rule_is_staff(const json_t *roles)
{
	return json_array_size(roles) != 1 || !rule_has_role(roles, "customer");
}

bool rule_viewable(const struct account *a)
{
	return a->password_hash != NULL && strcmp(a->state, "active") == 0 && !rule_is_staff(a->roles);
}
