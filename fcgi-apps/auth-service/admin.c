/* admin.c - the first administrator: made on the command line, by whoever runs the shop. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "data/bind.h"
#include "store_account.h"
#include "store_session.h"

#define ADMIN_NAME "Administrator"

/* The first line. */
static err_t read_password(struct ctx *c, int fd, const char **password_r)
{
	char line[PASSWORD_MAX * 4 + 2];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(line) - 1 && (got = read(fd, line + n, sizeof(line) - 1 - n)) > 0)
		n += (size_t)got;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (!utf8_valid(str_of(line)) || utf8_length(str_of(line)) < PASSWORD_MIN)
		return fail(c, &ERR_INVALID, "the password needs at least %d characters", PASSWORD_MIN);
	*password_r = arena_strdup(c->arena, line);
	return OK;
}

/* Nobody else may read it, and a file that is there is never overwritten. */
static err_t make_password_file(struct ctx *c, const char *path, const char **password_r)
{
	const char *password = secret_new_password(c->arena);
	char *line = arena_printf(c->arena, "%s\n", password);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t written;

	if (fd < 0)
		return fail(c, &ERR_INVALID, "could not create %s: %s", path, strerror(errno));
	written = write(fd, line, strlen(line));
	if (close(fd) != 0 || written != (ssize_t)strlen(line))
		return fail(c, &ERR_INVALID, "could not write %s", path);
	*password_r = password;
	return OK;
}

static err_t find_password(struct ctx *c, const char *path, const char **password_r)
{
	int fd;
	err_t e;

	if (path == NULL)
		return read_password(c, STDIN_FILENO, password_r);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return make_password_file(c, path, password_r);
	if (fd < 0)
		return fail(c, &ERR_INVALID, "could not open %s: %s", path, strerror(errno));
	e = read_password(c, fd, password_r);
	close(fd);
	return e;
}

struct creation {
	struct account account;
	const char *hash;
	bool found;
};

static err_t create_body(struct ctx *c, void *arg)
{
	const struct life life = staff_life();
	struct creation *n = arg;

	if (!n->found)
		account_new(c, &n->account);
	else if (n->hash != NULL)
		account_store_set_password(c, &n->account.id, n->hash);
	account_store_add_role(c, &n->account.id, "admin");
	session_store_shorten(c, &n->account.id, &life);
	return OK;
}

err_t command_create_admin(struct ctx *c, int argc, char **argv)
{
	struct creation n = {.hash = NULL};
	char hash[PASSWORD_HASH_MAX];
	const char *password, *fault;
	bool stale = false;

	if (argc < 1 || argc > 2)
		return fail(c, &ERR_INVALID, "say --create-admin EMAIL [PASSWORD_FILE]");
	fault = bind_check_text(c->arena, BIND_EMAIL, str_of(argv[0]), 0, 0);
	if (fault != NULL)
		return fail(c, &ERR_INVALID, "%s: %s", argv[0], fault);
	TRY(find_password(c, argc == 2 ? argv[1] : NULL, &password));
	TRY(account_store_by_email(c, argv[0], &n.account, &n.found));
	if (!n.found || !secret_verify(password, n.account.password_hash, &stale) || stale) {
		TRY(secret_hash(c, password, hash));
		n.hash = hash;
	}
	if (!n.found)
		n.account = (struct account){.id = uuid_v7(), .email = argv[0], .name = ADMIN_NAME, .password_hash = n.hash};
	TRY(db_tx(c, DB_TX_DEFAULT, create_body, &n));
	printf("administrator %s\n", argv[0]);
	return OK;
}
