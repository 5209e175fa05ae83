/*
 * master.c - the parent of a service's processes: forks them, forks those that died anew
 * (with back-off when they die young), drains them on SIGTERM, and on SIGHUP executes the
 * binary again with the socket still open, so that no connection is refused.
 *
 * The master itself answers nothing and holds no database connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/listen.h"
#include "app/metrics.h"
#include "app/process.h"
#include "base/log.h"
#include "data/clock.h"

#define CHILDREN_MAX 64
#define HEARTBEAT_US (10 * US_PER_SEC)
#define YOUNG_US (2 * US_PER_SEC) /* a child that dies younger makes us wait */
#define BACKOFF_FIRST_US (US_PER_SEC / 10)
#define BACKOFF_MAX_US (5 * US_PER_SEC)
#define HANDOVER "ES_HANDOVER"
#define HANDOVER_MAX 1024

struct child {
	pid_t pid; /* 0: not running */
	int64_t started_us, start_at_us;
	unsigned young_deaths;
};

struct master {
	struct process *process;
	bool work; /* one consumer instead of workers */
	struct listener listener;
	struct child children[CHILDREN_MAX];
	size_t nchildren;
	int signal_fd;
	int64_t beat_at_us, kill_at_us; /* kill_at_us: set while stopping */
	bool stopping;
	char executable[PATH_MAX];
};

bool master_is_listener(int fd)
{
	return listen_is_listener(fd);
}

/* ------------------------------------------------------------------ children */

static sigset_t signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* Signals stay blocked in a child: it learns of them between two requests only. */
static int child_main(struct master *m, pid_t parent)
{
	sigset_t stop;
	int stop_fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 0;
	close(m->signal_fd);
	if (m->listener.lock_fd >= 0)
		close(m->listener.lock_fd);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	stop_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop_fd < 0)
		return 1;
	return m->work ? serve_work(m->process, stop_fd) : serve_requests(m->process, m->listener.fd, stop_fd);
}

static void start_child(struct master *m, struct child *c)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		exit(child_main(m, parent));
	c->started_us = clock_monotonic_us();
	if (pid < 0) {
		log_bug(NULL, "could not fork", LS("error", strerror(errno)));
		c->start_at_us = c->started_us + US_PER_SEC;
		return;
	}
	c->pid = pid;
	metric_add(METRIC_WORKERS_STARTED, 1);
}

static void start_due(struct master *m)
{
	int64_t now = clock_monotonic_us();

	for (size_t i = 0; i < m->nchildren && !m->stopping; i++) {
		if (m->children[i].pid == 0 && m->children[i].start_at_us <= now)
			start_child(m, &m->children[i]);
	}
}

static int64_t backoff(unsigned deaths)
{
	int64_t wait = BACKOFF_FIRST_US;

	if (deaths <= 1)
		return 0;
	for (unsigned i = 2; i < deaths && wait < BACKOFF_MAX_US; i++)
		wait *= 2;
	return wait < BACKOFF_MAX_US ? wait : BACKOFF_MAX_US;
}

static void child_ended(struct master *m, struct child *c, int status)
{
	int64_t now = clock_monotonic_us();
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (!clean && !m->stopping) {
		metric_add(METRIC_WORKERS_CRASHED, 1);
		log_bug(NULL, "worker died", LI("worker", c->pid),
			LI("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
			LI("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1));
	}
	c->young_deaths = clean || now - c->started_us > YOUNG_US ? 0 : c->young_deaths + 1;
	c->pid = 0;
	c->start_at_us = now + backoff(c->young_deaths);
}

/* Workers of the image before, and the registry's messengers, are nobody's in the list. */
static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < m->nchildren; i++) {
			if (m->children[i].pid == pid)
				child_ended(m, &m->children[i], status);
		}
	}
}

static void signal_children(const struct master *m, int signo)
{
	for (size_t i = 0; i < m->nchildren; i++) {
		if (m->children[i].pid > 0)
			kill(m->children[i].pid, signo);
	}
}

static bool any_child(const struct master *m)
{
	for (size_t i = 0; i < m->nchildren; i++) {
		if (m->children[i].pid > 0)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ SIGHUP: the same again, newer */

static void keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* "listen_fd lock_fd pid pid …" */
static bool write_handover(const struct master *m)
{
	char text[HANDOVER_MAX];
	int at = snprintf(text, sizeof(text), "%d %d", m->listener.fd, m->listener.lock_fd);

	for (size_t i = 0; i < m->nchildren && at > 0 && (size_t)at < sizeof(text); i++) {
		if (m->children[i].pid > 0)
			at += snprintf(text + at, sizeof(text) - (size_t)at, " %d", (int)m->children[i].pid);
	}
	return at > 0 && (size_t)at < sizeof(text) && setenv(HANDOVER, text, 1) == 0;
}

static void execute_again(struct master *m)
{
	log_info(NULL, "executing again", LS("binary", m->executable));
	if (!write_handover(m))
		return;
	keep_open(m->listener.fd);
	keep_open(m->listener.lock_fd);
	close(m->signal_fd);
	execv(m->executable, m->process->argv);
	/* Still here: the old image goes on with the workers it has. */
	log_bug(NULL, "could not execute again", LS("error", strerror(errno)));
	unsetenv(HANDOVER);
	sigset_t set = signals();
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

/* True when there was one; the old workers are in old_r until ours have started. */
static bool take_handover(struct master *m, pid_t *old_r, size_t *nold_r)
{
	const char *text = getenv(HANDOVER);
	struct str rest = str_of(text), word;
	int64_t number;
	int fds[2] = {-1, -1};

	*nold_r = 0;
	if (text == NULL)
		return false;
	for (size_t i = 0; rest.n > 0 && str_next(&rest, ' ', &word) && i < CHILDREN_MAX + 2; i++) {
		if (!str_int64(word, &number) || number < -1 || number > INT_MAX)
			return false;
		if (i < 2)
			fds[i] = (int)number;
		else
			old_r[(*nold_r)++] = (pid_t)number;
	}
	listen_inherit(&m->listener, fds[0], fds[1]);
	unsetenv(HANDOVER);
	return true;
}

/* ------------------------------------------------------------------ the loop */

static void begin_stop(struct master *m)
{
	if (m->stopping)
		return;
	m->stopping = true;
	m->kill_at_us = clock_monotonic_us() + config_int("drain_secs") * US_PER_SEC;
	listen_unlink(&m->listener);
	signal_children(m, SIGTERM);
}

static void handle_signal(struct master *m)
{
	struct signalfd_siginfo info;

	if (read(m->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
		begin_stop(m);
	else if (info.ssi_signo == SIGHUP && !m->stopping)
		execute_again(m);
}

static void beat(struct master *m)
{
	int64_t now = clock_monotonic_us();

	if (m->stopping || now < m->beat_at_us)
		return;
	m->beat_at_us = now + HEARTBEAT_US;
	(void)registry_tell(m->process, REGISTRY_ALIVE, m->work ? "work" : "web", m->listener.path);
}

static int next_wake_ms(const struct master *m)
{
	int64_t at = m->stopping ? m->kill_at_us : m->beat_at_us, now = clock_monotonic_us();

	for (size_t i = 0; i < m->nchildren && !m->stopping; i++) {
		if (m->children[i].pid == 0 && m->children[i].start_at_us < at)
			at = m->children[i].start_at_us;
	}
	return at <= now ? 0 : (int)((at - now) / 1000 + 1);
}

static void say_goodbye(struct master *m)
{
	pid_t messenger = registry_tell(m->process, REGISTRY_STOPPED, m->work ? "work" : "web", m->listener.path);

	/* It has an alarm of its own: this ends. */
	while (messenger > 0 && waitpid(messenger, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static int supervise(struct master *m)
{
	struct pollfd fd = {.events = POLLIN};

	while (!m->stopping || any_child(m)) {
		start_due(m);
		beat(m);
		fd.fd = m->signal_fd;
		if (poll(&fd, 1, next_wake_ms(m)) > 0)
			handle_signal(m);
		reap(m);
		if (m->stopping && clock_monotonic_us() >= m->kill_at_us)
			signal_children(m, SIGKILL);
	}
	say_goodbye(m);
	log_info(NULL, "stopped");
	return 0;
}

static int run(struct master *m)
{
	sigset_t set = signals();
	pid_t old[CHILDREN_MAX];
	size_t nold;
	ssize_t n;

	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	n = readlink("/proc/self/exe", m->executable, sizeof(m->executable) - 1);
	if (m->signal_fd < 0 || n <= 0)
		return 1;
	if (!take_handover(m, old, &nold) && !m->work && !listen_open(&m->listener))
		return 1;
	log_info(NULL, "started", LS("version", ECOSTORE_VERSION), LI("processes", m->nchildren));
	start_due(m);
	for (size_t i = 0; i < nold; i++)
		kill(old[i], SIGTERM);
	return supervise(m);
}

int master_run(struct process *p)
{
	static struct master m = {.listener = {.fd = -1, .lock_fd = -1}};

	m.process = p;
	m.nchildren = (size_t)config_int("workers");
	return run(&m);
}

int master_run_work(struct process *p)
{
	static struct master m = {.work = true, .nchildren = 1, .listener = {.fd = -1, .lock_fd = -1}};

	m.process = p;
	return run(&m);
}
