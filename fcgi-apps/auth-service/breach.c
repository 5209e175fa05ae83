/*
 * breach.c - passwords that are known from breaches: a sorted file, searched by halves.
 *
 * Have I Been Pwned's "ordered by hash" download, as it is: one line a password, its SHA-1 as
 * 40 hexadecimal digits, a colon, how often it was seen; in order of the hash. The lines end
 * in LF or CR LF. Forty reads find one among a thousand million.
 */
#include "breach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/log.h"
#include "edges/config.h"

#define HASH_BYTES 20
#define HASH_DIGITS ((size_t)2 * HASH_BYTES)
#define LINE_MAX_BYTES 80 /* with its end: 40 digits, a colon, a count */

static struct {
	int fd;
	off_t size;
} list = {.fd = -1};

struct line {
	off_t start, next;
	char hash[HASH_DIGITS]; /* capital letters */
};

static bool take_hash(const char *text, size_t n, char hash_r[static HASH_DIGITS])
{
	if (n <= HASH_DIGITS || text[HASH_DIGITS] != ':')
		return false;
	for (size_t i = 0; i < HASH_DIGITS; i++) {
		char digit = text[i] >= 'a' && text[i] <= 'f' ? (char)(text[i] - 'a' + 'A') : text[i];
		if (digit == '\0' || strchr("0123456789ABCDEF", digit) == NULL)
			return false;
		hash_r[i] = digit;
	}
	return true;
}

/* The line that holds the byte at `at`. */
static bool line_around(off_t at, struct line *line_r)
{
	char text[2 * LINE_MAX_BYTES];
	off_t from = at > LINE_MAX_BYTES ? at - LINE_MAX_BYTES : 0;
	ssize_t got = pread(list.fd, text, sizeof(text), from);
	size_t here = (size_t)(at - from), start = here, end = here;

	if (got <= 0 || here >= (size_t)got)
		return false;
	while (start > 0 && text[start - 1] != '\n')
		start--;
	while (end < (size_t)got && text[end] != '\n')
		end++;
	line_r->start = from + (off_t)start;
	line_r->next = from + (off_t)end + 1;
	return take_hash(text + start, end - start, line_r->hash);
}

static bool search(const char hash[static HASH_DIGITS], bool *listed_r)
{
	off_t low = 0, high = list.size;
	struct line line;

	while (low < high) {
		if (!line_around(low + (high - low) / 2, &line))
			return false;
		int order = memcmp(hash, line.hash, HASH_DIGITS);
		if (order == 0) {
			*listed_r = true;
			return true;
		}
		if (order < 0)
			high = line.start;
		else
			low = line.next;
	}
	*listed_r = false;
	return true;
}

err_t breach_open(struct ctx *c)
{
	const char *path = config_text("breached_passwords");
	struct line first;
	struct stat st;

	if (list.fd >= 0)
		(void)close(list.fd);
	list.fd = -1;
	if (path[0] == '\0')
		return OK;
	list.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (list.fd < 0 || fstat(list.fd, &st) != 0)
		return fail(c, &ERR_INVALID, "could not open the list of breached passwords %s: %s", path, strerror(errno));
	list.size = st.st_size;
	if (!line_around(0, &first))
		return fail(c, &ERR_INVALID, "%s does not begin with a SHA-1 and a colon", path);
	return OK;
}

bool breach_listed(struct ctx *c, const char *password)
{
	static const char DIGITS[] = "0123456789ABCDEF";
	unsigned char sum[EVP_MAX_MD_SIZE];
	char hash[HASH_DIGITS];
	bool listed = false;

	if (list.fd < 0 || EVP_Digest(password, strlen(password), sum, NULL, EVP_sha1(), NULL) != 1)
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		hash[2 * i] = DIGITS[sum[i] >> 4];
		hash[2 * i + 1] = DIGITS[sum[i] & 15];
	}
	if (!search(hash, &listed))
		log_bug(c, "the list of breached passwords can't be read: nothing was compared", LS("why", strerror(errno)));
	return listed;
}
