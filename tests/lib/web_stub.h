/*
 * web_stub.h - an HTTP server in a thread of the test that answers what it is told to,
 * and remembers what it was asked: the other side of httpc.
 */
#ifndef ES_TEST_WEB_STUB_H
#define ES_TEST_WEB_STUB_H

#include <stdbool.h>

/* Starts it on a free loopback port; the base URL, "http://127.0.0.1:12345". */
const char *stub_start(void);
void stub_stop(void);
/* From now on: this status and body, after delay_ms. status 0: the connection is closed without an answer. */
void stub_answers(int status, const char *body, int delay_ms);
/* How many requests since the last stub_answers(). */
int stub_requests(void);
/* The last request: its line and headers, as sent; its body. */
const char *stub_head(void);
const char *stub_body(void);

#endif
