/*
 * log.c - writes one JSON object per line with a single write(), so that lines of
 * several processes on one file never mix. Needs no memory of its own.
 *
 * Layer: base.
 */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define LINE_MAX_BYTES 4096  /* PIPE_BUF: such a write to a pipe is atomic */
#define VALUE_MAX_BYTES 1024 /* of one field, before escaping */
#define TRACE_ID_AT 3        /* in a traceparent */
#define TRACE_ID_LEN 32

/* A field so named is a mistake of the caller: its value is not written, in any build. */
static const char *const FORBIDDEN_KEYS[] = {
	"password",
	"token",
	"secret",
	"authorization",
	"cookie",
	"card",
	"cvc",
	"pan",
	"totp",
	"session",
	"api_key",
};

static struct {
	const char *service;
	enum log_level least;
	int fd;
} target = {.service = "-", .least = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

struct line {
	char p[LINE_MAX_BYTES];
	size_t n;
};

void log_setup(const char *service, enum log_level least, int fd)
{
	target.service = service;
	target.least = least;
	target.fd = fd;
}

/* All or nothing, with room left for the end of the line. */
static bool line_put(struct line *l, const char *p, size_t n)
{
	if (n > sizeof(l->p) - 3 - l->n)
		return false;
	memcpy(l->p + l->n, p, n);
	l->n += n;
	return true;
}

static void line_quoted(struct line *l, const char *text)
{
	char escaped[8];
	size_t left = strnlen(text, VALUE_MAX_BYTES);
	line_put(l, "\"", 1);
	while (left > 0) {
		/* The next whole character; a byte that is none is shown as U+FFFD. */
		size_t n = 1;
		while (n < 4 && n < left && ((unsigned char)text[n] & 0xC0) == 0x80)
			n++;
		unsigned char first = (unsigned char)text[0];
		bool fits;
		if (first < 0x80) {
			n = 1;
			bool plain = first >= 0x20 && first != 0x7F && first != '"' && first != '\\';
			int len = plain ? snprintf(escaped, sizeof(escaped), "%c", first)
					: snprintf(escaped, sizeof(escaped), "\\u%04x", first);
			fits = line_put(l, escaped, (size_t)len);
		} else if (utf8_valid((struct str){.p = text, .n = n})) {
			fits = line_put(l, text, n);
		} else {
			n = 1;
			fits = line_put(l, "\\ufffd", 6);
		}
		if (!fits)
			break;
		text += n;
		left -= n;
	}
	/* line_put keeps three bytes back: a cut value still gets its closing quote. */
	l->p[l->n++] = '"';
}

static bool room_for_field(const struct line *l, const char *key)
{
	return sizeof(l->p) - l->n > strlen(key) + 40;
}

static void line_text(struct line *l, const char *key, const char *value)
{
	if (!room_for_field(l, key))
		return;
	line_put(l, ",", l->n > 1 ? 1 : 0);
	line_quoted(l, key);
	line_put(l, ":", 1);
	if (value == NULL)
		line_put(l, "null", 4);
	else
		line_quoted(l, value);
}

static void line_number(struct line *l, const char *key, int64_t value)
{
	char digits[24];
	if (!room_for_field(l, key))
		return;
	line_put(l, ",", l->n > 1 ? 1 : 0);
	line_quoted(l, key);
	line_put(l, ":", 1);
	line_put(l, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value));
}

static void line_time(struct line *l)
{
	struct timespec now;
	struct tm tm;
	char text[64], seconds[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06ldZ", seconds, now.tv_nsec / 1000);
	line_text(l, "time", text);
}

/* The trace's id by itself too: it is what one looks for. */
static void line_trace(struct line *l, const char *traceparent)
{
	char id[TRACE_ID_LEN + 1] = "";

	if (strnlen(traceparent, TRACE_ID_AT + TRACE_ID_LEN) == TRACE_ID_AT + TRACE_ID_LEN)
		memcpy(id, traceparent + TRACE_ID_AT, TRACE_ID_LEN);
	line_text(l, "trace_id", id);
	line_text(l, "traceparent", traceparent);
}

static bool forbidden(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(FORBIDDEN_KEYS); i++)
		if (strcmp(key, FORBIDDEN_KEYS[i]) == 0)
			return true;
	return false;
}

void log_write(const struct ctx *c, enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
	if (level < target.least)
		return;

	struct line l = {.p = "{", .n = 1};
	line_time(&l);
	line_text(&l, "level", LEVELS[level]);
	line_text(&l, "service", target.service);
	line_number(&l, "pid", getpid());
	line_text(&l, "message", message);
	if (c != NULL && c->request_id != NULL)
		line_text(&l, "request_id", c->request_id);
	if (c != NULL && c->traceparent != NULL)
		line_trace(&l, c->traceparent);
	for (size_t i = 0; i < n; i++) {
		if (forbidden(fields[i].key))
			line_text(&l, fields[i].key, "[not logged]");
		else if (fields[i].is_text || fields[i].text != NULL)
			line_text(&l, fields[i].key, fields[i].text);
		else
			line_number(&l, fields[i].key, fields[i].number);
	}
	l.p[l.n++] = '}';
	l.p[l.n++] = '\n';
	/* Nobody could be told of a failed log write. */
	ssize_t written UNUSED = write(target.fd, l.p, l.n);
}
