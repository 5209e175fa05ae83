/* fault.c - see fault.h. No part of the library: linked with what is compiled with fault points. */
#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LIST_BYTES 16384

/* One process, one thread, one unit of work at a time. */
static char unit[200] = "process start";
static unsigned commits;

static void note(const char *line)
{
	int fd = open("fault.seen", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

/* The line in the list, which begins and ends with a line's end; NULL: not there. */
static char *find(char *list, const char *line)
{
	size_t n = strlen(line);

	for (char *p = list; (p = strstr(p, line)) != NULL; p += n)
		if (p == list || p[-1] == '\n')
			return p;
	return NULL;
}

/* True for one process only, however many pass. */
static bool take(const char *line)
{
	static char list[LIST_BYTES];
	int fd = open("fault", O_RDWR | O_CLOEXEC);
	bool found = false;

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX) == 0) {
		ssize_t n = read(fd, list, sizeof(list) - 1);
		char *p;

		list[n > 0 ? n : 0] = '\0';
		p = find(list, line);
		if (p != NULL) {
			memmove(p, p + strlen(line), strlen(p + strlen(line)) + 1);
			found = pwrite(fd, list, strlen(list), 0) >= 0 && ftruncate(fd, (off_t)strlen(list)) == 0;
		}
	}
	close(fd);
	return found;
}

static void point(const char *when)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %u %s\n", unit, commits, when);
	note(line);
	if (take(line))
		kill(getpid(), SIGKILL);
}

void fault_unit(const char *kind, const char *name)
{
	snprintf(unit, sizeof(unit), "%s %s", kind, name);
	commits = 0;
}

void fault_before_commit(void)
{
	commits++;
	point("before");
}

void fault_during_commit(void)
{
	point("during");
}

void fault_after_commit(void)
{
	point("after");
}
