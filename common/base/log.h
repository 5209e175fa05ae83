/*
 * log.h - one JSON object per line on stderr (or the file the process was given).
 *
 *   log_info(c, "order placed", LS("number", o->number), LI("lines", n));
 *
 * The request id, trace id, traceparent, service and pid are added from the ctx and the
 * process. Every value is escaped; secrets are never passed in (the value of a key in
 * log.c's table of forbidden names is not written).
 *
 * Layer: base.
 */
#ifndef ES_LOG_H
#define ES_LOG_H

#include "base/ctx.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char *key;
	const char *text;  /* a string field, when not NULL or is_text */
	int64_t number;
	bool is_text;
};

#define LS(k, v) ((struct log_field){.key = (k), .text = (v), .is_text = true})
#define LI(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v)})

void log_setup(const char *service, enum log_level least, int fd);
/* c may be NULL. */
void log_write(const struct ctx *c, enum log_level level, const char *message, const struct log_field *fields, size_t n);

#define LOG_ARGS_(...) (struct log_field[]){{0}, ##__VA_ARGS__} + 1, ARRAY_LEN(((struct log_field[]){{0}, ##__VA_ARGS__})) - 1
#define log_debug(c, msg, ...) log_write((c), LOG_LEVEL_DEBUG, (msg), LOG_ARGS_(__VA_ARGS__))
#define log_info(c, msg, ...) log_write((c), LOG_LEVEL_INFO, (msg), LOG_ARGS_(__VA_ARGS__))
/* Theirs: a client, provider or peer misbehaved. */
#define log_peer(c, msg, ...) log_write((c), LOG_LEVEL_WARN, (msg), LOG_ARGS_(__VA_ARGS__))
/* Ours. */
#define log_bug(c, msg, ...) log_write((c), LOG_LEVEL_ERROR, (msg), LOG_ARGS_(__VA_ARGS__))

#endif
