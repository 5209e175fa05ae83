/*
 * A real master and its workers, spoken to as nginx does: this program is also the service
 * (when ES_FRAME_SERVICE is set), so that a re-exec finds the same code.
 */
#include "testing.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "data/clock.h"
#include "fcgi_peer.h"

#define DEADLINE_US (10 * US_PER_SEC)
#define SLOW_MS 400

/* ------------------------------------------------------------------ the service */

static err_t get_pid(struct request *rq)
{
	return respond_bytes(rq, 200, "text/plain", str_of(arena_printf(rq->ctx.arena, "%d", (int)getpid())));
}

static err_t get_slow(struct request *rq)
{
	struct timespec t = {.tv_nsec = SLOW_MS * 1000000L};

	nanosleep(&t, NULL);
	return get_pid(rq);
}

static err_t post_size(struct request *rq)
{
	return respond_bytes(rq, 200, "text/plain", str_of(arena_printf(rq->ctx.arena, "%zu", rq->body.n)));
}

static const struct route ROUTES[] = {
	{METHOD_GET, "/internal/frame/pid", get_pid, ACCESS_INTERNAL, .help = "x"},
	{METHOD_GET, "/internal/frame/slow", get_slow, ACCESS_INTERNAL, .help = "x"},
	{METHOD_POST, "/internal/frame/size", post_size, ACCESS_INTERNAL, .flags = ROUTE_RAW_BODY | ROUTE_READ,
		.body_max = 8u << 20, .help = "x"},
	{0},
};
static const struct service SERVICE = {.name = "frame-service", .routes = ROUTES};

/* ------------------------------------------------------------------ starting it */

static char folder[64], socket_path[96], own_path[4096];
static pid_t master;

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void make_folder(void)
{
	char path[128];

	snprintf(folder, sizeof(folder), "/tmp/ecostore-frame-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/lang", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/lang/en.json", folder);
	write_file(path, "{}");
	snprintf(socket_path, sizeof(socket_path), "%s/s", folder);
	set("ES_TEMPLATES_DIR", folder);
	set("ES_SOCKET", socket_path);
	set("ES_DB", test_conninfo("es_cart"));
	set("ES_FRAME_SERVICE", "1");
	set("ES_WORKERS", "2");
	set("ES_DRAIN_SECS", "5");
}

static struct peer_answer ask(const char *path)
{
	return peer_request(socket_path, "GET", path, (struct str){NULL, 0});
}

static void wait_until_up(void)
{
	int64_t deadline = clock_monotonic_us() + DEADLINE_US;

	while (ask("/internal/frame-service/healthz").status != 200) {
		assert_true(clock_monotonic_us() < deadline);
		assert_int_equal(waitpid(master, NULL, WNOHANG), 0);
		poll(NULL, 0, 10);
	}
}

static int start(void **state)
{
	(void)state;
	make_folder();
	master = fork();
	if (master == 0) {
		int log = open("/dev/null", O_WRONLY);
		dup2(log, STDERR_FILENO);
		execl(own_path, own_path, (char *)NULL);
		_exit(127);
	}
	wait_until_up();
	return 0;
}

static int stop(void **state)
{
	char command_path[128];

	(void)state;
	if (master > 0) {
		kill(master, SIGTERM);
		waitpid(master, NULL, 0);
	}
	snprintf(command_path, sizeof(command_path), "%s/lang/en.json", folder);
	unlink(command_path);
	snprintf(command_path, sizeof(command_path), "%s/lang", folder);
	rmdir(command_path);
	snprintf(command_path, sizeof(command_path), "%s.lock", socket_path);
	unlink(command_path);
	unlink(socket_path);
	rmdir(folder);
	test_db_close();
	return 0;
}

static pid_t worker_pid(void)
{
	struct peer_answer a = ask("/internal/frame/pid");

	assert_int_equal(a.status, 200);
	return (pid_t)strtol(a.body, NULL, 10);
}

/* ------------------------------------------------------------------ tests */

static void test_answers(void **state)
{
	struct peer_answer a = ask("/internal/frame-service/metrics");
	struct stat st;

	(void)state;
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "ecostore_requests_total{service=\"frame-service\",class=\"2xx\"}"));
	assert_int_equal(ask("/internal/frame-service/readyz").status, 200);
	assert_int_equal(ask("/nowhere").status, 404);
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void test_large_bodies(void **state)
{
	size_t n = 5u << 20;
	char *big = malloc(n);
	struct peer_answer a;

	(void)state;
	memset(big, 'x', n);
	a = peer_request(socket_path, "POST", "/internal/frame/size", (struct str){big, n});
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "5242880");
	a = peer_cut_short(socket_path, "/internal/frame/size", (struct str){big, 1000});
	assert_int_equal(a.status, 400);
	free(big);
}

static void test_killed_worker_is_replaced(void **state)
{
	pid_t victim = worker_pid();
	int64_t deadline = clock_monotonic_us() + DEADLINE_US;

	(void)state;
	kill(victim, SIGKILL);
	for (int i = 0; i < 20; i++)
		assert_int_not_equal(worker_pid(), victim);
	while (strstr(ask("/internal/frame-service/metrics").body, "workers_crashed_total{service=\"frame-service\"} 1") == NULL)
		assert_true(clock_monotonic_us() < deadline);
}

static void test_hangup_executes_again(void **state)
{
	pid_t before[2] = {worker_pid(), 0}, now;
	int64_t deadline = clock_monotonic_us() + DEADLINE_US;
	bool renewed = false;
	struct peer slow = peer_send(socket_path, "GET", "/internal/frame/slow", (struct str){NULL, 0});

	(void)state;
	kill(master, SIGHUP);
	/* Nothing is refused meanwhile, and what was in hand is answered. */
	while (!renewed && clock_monotonic_us() < deadline) {
		struct peer_answer a = ask("/internal/frame-service/metrics");
		assert_int_equal(a.status, 200);
		renewed = strstr(a.body, "workers_started_total{service=\"frame-service\"} 2") != NULL &&
			  strstr(a.body, "workers_crashed_total{service=\"frame-service\"} 0") != NULL;
	}
	assert_true(renewed);
	assert_int_equal(peer_receive(&slow).status, 200);
	do
		now = worker_pid();
	while (now == before[0] && clock_monotonic_us() < deadline);
	assert_int_not_equal(now, before[0]);
	assert_int_equal(waitpid(master, NULL, WNOHANG), 0);
}

static void test_registers(void **state)
{
	int64_t deadline = clock_monotonic_us() + DEADLINE_US;
	char sql[200];

	(void)state;
	snprintf(sql, sizeof(sql), "select count(*) from platform.services where name = 'frame-service' and pid = %d and state = 'up'",
		(int)master);
	while (test_sql_int(sql) != 1) {
		assert_true(clock_monotonic_us() < deadline);
		poll(NULL, 0, 20);
	}
}

static void test_second_master_is_refused(void **state)
{
	int status;
	pid_t second = fork();

	(void)state;
	if (second == 0) {
		int log = open("/dev/null", O_WRONLY);
		dup2(log, STDERR_FILENO);
		execl(own_path, own_path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(ask("/internal/frame-service/healthz").status, 200);
}

/* One plain CGI request: environment and body in, everything after that out. */
static void run_cgi(const char *path, const char *body, char *out, size_t size)
{
	int in[2], from[2];
	char length[24];
	size_t got = 0;
	ssize_t n;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(from), 0);
	snprintf(length, sizeof(length), "%zu", strlen(body));
	pid_t child = fork();
	if (child == 0) {
		int log = open("/dev/null", O_WRONLY);
		dup2(in[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		close(in[1]);
		close(from[0]);
		set("GATEWAY_INTERFACE", "CGI/1.1");
		set("REQUEST_METHOD", body[0] != '\0' ? "POST" : "GET");
		set("PATH_INFO", path);
		set("REQUEST_URI", "/cgi-bin/frame.cgi");
		set("CONTENT_LENGTH", length);
		set("ES_LISTENER", "internal");
		execl(own_path, own_path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(from[1]);
	assert_int_equal(write(in[1], body, strlen(body)), (ssize_t)strlen(body));
	close(in[1]);
	while (got < size - 1 && (n = read(from[0], out + got, size - 1 - got)) > 0)
		got += (size_t)n;
	out[got] = '\0';
	close(from[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_plain_cgi(void **state)
{
	char out[4000];

	(void)state;
	run_cgi("/internal/frame/size", "twelve bytes", out, sizeof(out));
	assert_int_equal(strncmp(out, "Status: 200 OK\r\n", 16), 0);
	assert_non_null(strstr(out, "\r\n\r\n12"));
	run_cgi("/internal/frame-service/readyz", "", out, sizeof(out));
	assert_non_null(strstr(out, "\"status\":\"up\""));
	run_cgi("/internal/a b", "", out, sizeof(out));
	assert_int_equal(strncmp(out, "Status: 404 Not Found\r\n", 23), 0);
}

static void test_terminate_drains(void **state)
{
	struct peer slow[3];
	int status;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		slow[i] = peer_send(socket_path, "GET", "/internal/frame/slow", (struct str){NULL, 0});
	poll(NULL, 0, 50);
	kill(master, SIGTERM);
	/* Two are in hand, the third waits in the queue of the socket: all are answered. */
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		assert_int_equal(peer_receive(&slow[i]).status, 200);
	assert_int_equal(waitpid(master, &status, 0), master);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_not_equal(access(socket_path, F_OK), 0);
	master = 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_large_bodies),
		cmocka_unit_test(test_killed_worker_is_replaced),
		cmocka_unit_test(test_hangup_executes_again),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_second_master_is_refused),
		cmocka_unit_test(test_plain_cgi),
		cmocka_unit_test(test_terminate_drains),
	};

	if (getenv("ES_FRAME_SERVICE") != NULL)
		return app_main(&SERVICE, argc, argv);
	if (readlink("/proc/self/exe", own_path, sizeof(own_path) - 1) <= 0)
		return 1;
	return cmocka_run_group_tests(tests, start, stop);
}
