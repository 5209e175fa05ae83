/*
 * fcgi.h - where requests come from: FastCGI (libfcgi), or plain CGI for one request.
 *
 * The only file that includes fcgiapp.h is fcgi.c. Layer: edges.
 */
#ifndef ES_FCGI_H
#define ES_FCGI_H

#include "edges/http.h"

struct fcgi;

/* listen_fd −1: plain CGI: environ, stdin, stdout; one request. stop_fd becomes readable when no further request is wanted. */
struct fcgi *fcgi_open(int listen_fd, int stop_fd);
/*
 * Waits for a request and fills method, path, query_string, body, env of rq (whose ctx is ready).
 * *got_r false: asked to stop (or the CGI request was served). A request that is broken at this level
 * (bad length, body over body_limit, bad path encoding) is got, with the failure returned.
 */
err_t fcgi_accept(struct fcgi *f, struct request *rq, size_t body_limit, bool *got_r) MUST_CHECK;
/* Sends rq->res and ends the request. False when the client was gone. */
bool fcgi_finish(struct fcgi *f, struct request *rq);
void fcgi_close(struct fcgi *f);
/* A parameter of the request by its CGI name ("REMOTE_ADDR"), or NULL. */
const char *fcgi_param(const struct request *rq, const char *name);
/* Tests: a request that comes from memory instead. name/value pairs, NULL-terminated. */
void fcgi_fake(struct request *rq, const char *const *params, struct str body);

#endif
