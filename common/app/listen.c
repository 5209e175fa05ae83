/*
 * listen.c - the FastCGI socket: created with 0660 under a lock that says which master
 * owns the path, inherited as fd 0, or handed over by the image before a re-exec.
 */
#include "app/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "edges/config.h"

#define BACKLOG 1024
#define SOCKET_UMASK 0117 /* leaves 0660 */

bool listen_is_listener(int fd)
{
	int listening = 0;
	socklen_t n = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening != 0;
}

/*
 * A record lock belongs to the process, not to its children: a master that was killed
 * frees it even while its workers drain, and a re-executed one keeps it.
 */
static bool take_lock(struct listener *l)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];

	snprintf(path, sizeof(path), "%s.lock", l->path);
	l->lock_fd = open(path, O_RDWR | O_CREAT, 0600);
	return l->lock_fd >= 0 && fcntl(l->lock_fd, F_SETLK, &lock) == 0;
}

static bool give_to_group(const char *path, const char *name)
{
	const struct group *g;

	if (name[0] == '\0')
		return true;
	g = getgrnam(name);
	return g != NULL && chown(path, (uid_t)-1, g->gr_gid) == 0;
}

static bool bind_path(struct listener *l)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t before;
	bool bound;

	memcpy(address.sun_path, l->path, strlen(l->path) + 1);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || (unlink(l->path) != 0 && errno != ENOENT))
		return false;
	before = umask(SOCKET_UMASK);
	bound = bind(l->fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	umask(before);
	return bound && give_to_group(l->path, config_text("socket_group")) && listen(l->fd, BACKLOG) == 0;
}

bool listen_open(struct listener *l)
{
	struct sockaddr_un limit;

	if (listen_is_listener(STDIN_FILENO)) {
		l->fd = STDIN_FILENO;
		return true;
	}
	l->path = config_text("socket");
	if (l->path[0] != '/' || strlen(l->path) >= sizeof(limit.sun_path)) {
		log_bug(NULL, "socket must be an absolute path that a Unix socket can have", LS("socket", l->path));
		return false;
	}
	if (!take_lock(l)) {
		log_bug(NULL, "could not lock the socket's path: another master has it", LS("socket", l->path));
		return false;
	}
	if (!bind_path(l)) {
		log_bug(NULL, "could not create the socket", LS("socket", l->path), LS("error", strerror(errno)));
		return false;
	}
	return true;
}

void listen_inherit(struct listener *l, int fd, int lock_fd)
{
	l->fd = fd;
	l->lock_fd = lock_fd;
	if (lock_fd >= 0)
		l->path = config_text("socket");
	if (fd > STDIN_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void listen_unlink(const struct listener *l)
{
	if (l->path != NULL)
		unlink(l->path);
}
