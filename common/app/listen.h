/*
 * listen.h - the socket a master listens on.
 *
 * Layer: app.
 */
#ifndef ES_LISTEN_H
#define ES_LISTEN_H

#include "base/base.h"

struct listener {
	int fd;           /* −1: none */
	int lock_fd;      /* −1: the socket is not ours to remove */
	const char *path; /* NULL: inherited */
};

bool listen_is_listener(int fd);
/* fd 0 when it listens already, else the configured path. Says in the log why it can't. */
bool listen_open(struct listener *l) MUST_CHECK;
/* What the image before a re-exec left open. */
void listen_inherit(struct listener *l, int fd, int lock_fd);
/* No new connection finds us; those queued are still served. */
void listen_unlink(const struct listener *l);

#endif
