/*
 * fcgi_peer.h - a test that is the web server: one FastCGI request per connection over a
 * Unix socket (FastCGI 1.0 §3 and §6), as from the internal listener.
 */
#ifndef ES_FCGI_PEER_H
#define ES_FCGI_PEER_H

#include "base/str.h"

struct peer {
	int fd; /* −1: could not connect */
};

struct peer_answer {
	int status;        /* 0: no answer */
	const char *head;  /* the headers, lines ended by CRLF; until the next answer */
	const char *body;
	size_t body_length;
};

struct peer peer_send(const char *socket_path, const char *method, const char *path, struct str body);
struct peer_answer peer_receive(struct peer *p);
struct peer_answer peer_request(const char *socket_path, const char *method, const char *path, struct str body);
/* Says a longer Content-Length than it sends. */
struct peer_answer peer_cut_short(const char *socket_path, const char *path, struct str body);

#endif
