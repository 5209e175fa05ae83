/*
 * mail.c - composes one message and hands it to one SMTP server.
 *
 * GMime writes the message, libesmtp speaks. What libesmtp 1.1.0 gets wrong is guarded
 * here: addresses are checked before it sees them, TLS uses our own context of version
 * 1.2, connecting is bounded, and nothing counts as sent without its 250.
 */
#include "edges/mail.h"
#include "base/log.h"
#include "data/clock.h"
#include "edges/db.h"

#include <auth-client.h>
#include <errno.h>
#include <gmime/gmime.h>
#include <idn2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <libesmtp.h>

#define MESSAGE_MAX (8u * 1024 * 1024)
#define ADDRESS_MAX 254

/* ------------------------------------------------------------------ addresses and headers */

static bool local_part_ok(struct str local)
{
	if (local.n == 0 || local.n > 64)
		return false;
	for (size_t i = 0; i < local.n; i++) {
		unsigned char ch = (unsigned char)local.p[i];
		if (ch <= ' ' || ch >= 0x7f || strchr("<>()[]\\,;:@\"", ch))
			return false;
	}
	return true;
}

/*
 * The address as SMTP may see it: its domain in ASCII. libesmtp would pass on a line
 * break in it as a command of its own. Not deliverable is for ever: ERR_PEER.
 */
static err_t wire_address(struct ctx *c, const char *address, const char **wire_r)
{
	struct str all = str_of(address);
	const char *at = all.n ? memrchr(all.p, '@', all.n) : NULL;
	struct str local = {all.p, at ? (size_t)(at - all.p) : 0};
	char *domain = NULL;

	if (!at || all.n > ADDRESS_MAX || !local_part_ok(local) || !utf8_valid(all) || utf8_has_control(all, false))
		return fail(c, &ERR_PEER, "the address can't be used for mail");
	if (idn2_lookup_u8((const uint8_t *)at + 1, (uint8_t **)&domain, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
		IDN2_OK)
		return fail(c, &ERR_PEER, "the address's domain can't be used for mail");
	const char *wire = arena_printf(c->arena, "%.*s@%s", (int)local.n, local.p, domain);
	bool plain = domain[0] &&
		     domain[strspn(domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0';
	idn2_free(domain);
	if (!plain)
		return fail(c, &ERR_PEER, "the address's domain can't be used for mail");
	*wire_r = wire;
	return OK;
}

static err_t check_header_text(struct ctx *c, const char *what, const char *text)
{
	struct str s = str_of(text);
	if (s.n && (!utf8_valid(s) || utf8_has_control(s, false)))
		return fail(c, &ERR_PEER, "control characters in the mail's %s", what);
	return OK;
}

static err_t check_message_id(struct ctx *c, const char *id)
{
	size_t n = id ? strlen(id) : 0;
	if (n == 0 || n > 200 ||
		strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+=@") != n)
		return fail(c, &ERR_PEER, "bad Message-ID");
	return OK;
}

/* ------------------------------------------------------------------ MIME */

static void release_object(void *object)
{
	g_object_unref(object);
}

/* GMime's objects end with the arena. */
static void *owned(struct ctx *c, void *object)
{
	arena_defer(c->arena, release_object, object);
	return object;
}

static GMimeObject *text_part(struct ctx *c, const char *subtype, const char *text)
{
	GMimeTextPart *part = owned(c, g_mime_text_part_new_with_subtype(subtype));
	g_mime_text_part_set_charset(part, "utf-8");
	g_mime_text_part_set_text(part, text);
	g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	return GMIME_OBJECT(part);
}

static void set_body(struct ctx *c, GMimeMessage *message, const struct mail *m)
{
	GMimeObject *plain = text_part(c, "plain", m->text);
	if (!m->html) {
		g_mime_message_set_mime_part(message, plain);
		return;
	}
	GMimeMultipart *both = owned(c, g_mime_multipart_new_with_subtype("alternative"));
	g_mime_multipart_add(both, plain);
	g_mime_multipart_add(both, text_part(c, "html", m->html));
	g_mime_message_set_mime_part(message, GMIME_OBJECT(both));
}

static void set_date(GMimeMessage *message, int64_t date_us)
{
	GDateTime *date = g_date_time_new_from_unix_utc(date_us / US_PER_SEC);
	g_mime_message_set_date(message, date);
	g_date_time_unref(date);
}

/* What caused the mail: whoever asks about it can be answered from the logs. */
static void set_trace(const struct ctx *c, GMimeMessage *message)
{
	if (c->request_id)
		g_mime_object_set_header(GMIME_OBJECT(message), "X-Request-Id", c->request_id, "utf-8");
	if (c->traceparent)
		g_mime_object_set_header(GMIME_OBJECT(message), "traceparent", c->traceparent, "utf-8");
}

static struct str written(struct ctx *c, GMimeMessage *message)
{
	GMimeFormatOptions *options = g_mime_format_options_new();
	g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
	GMimeStream *stream = owned(c, g_mime_stream_mem_new());
	g_mime_object_write_to_stream(GMIME_OBJECT(message), options, stream);
	g_mime_format_options_free(options);

	const GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	return (struct str){arena_strndup(c->arena, (const char *)bytes->data, bytes->len), bytes->len};
}

err_t mail_compose(struct ctx *c, const struct mail *m, struct str *message_r)
{
	static bool ready;
	const char *from, *to;

	TRY(wire_address(c, m->from, &from));
	TRY(wire_address(c, m->to, &to));
	TRY(check_header_text(c, "sender", m->from_name));
	TRY(check_header_text(c, "recipient", m->to_name));
	TRY(check_header_text(c, "subject", m->subject));
	TRY(check_message_id(c, m->message_id));
	if (!ready)
		g_mime_init();
	ready = true;

	GMimeMessage *message = owned(c, g_mime_message_new(TRUE));
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, m->from_name, from);
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, m->to_name, to);
	g_mime_message_set_subject(message, m->subject, "utf-8");
	g_mime_message_set_message_id(message, m->message_id);
	set_date(message, m->date_us ? m->date_us : clock_now_us());
	g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", "utf-8"); /* RFC 3834 */
	set_trace(c, message);
	set_body(c, message, m);
	struct str text = written(c, message);
	if (text.n > MESSAGE_MAX)
		return fail(c, &ERR_PEER, "the mail is larger than %u bytes", MESSAGE_MAX);
	*message_r = text;
	return OK;
}

/* ------------------------------------------------------------------ SMTP */

/* One for the process: with its own context libesmtp crashes at the second session. */
static SSL_CTX *tls_context(void)
{
	static SSL_CTX *context;
	if (context)
		return context;
	context = SSL_CTX_new(TLS_client_method());
	/* With TLS 1.3 libesmtp silently loses messages. */
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_default_verify_paths(context) != 1)
		abort();
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return context;
}

static void release_session(void *session)
{
	smtp_destroy_session(session);
}

static void release_auth(void *auth)
{
	auth_destroy_context(auth);
}

static int answer_auth(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct mail_server *server = arg;
	for (int i = 0; i < fields; i++) {
		const char *value = request[i].flags & AUTH_PASS   ? server->password
				    : request[i].flags & AUTH_USER ? server->user
								   : NULL;
		result[i] = (char *)(uintptr_t)value; /* libesmtp only reads it */
		if (!value)
			return 0;
	}
	return 1;
}

static bool is_loopback(const char *host_port)
{
	return str_starts(str_of(host_port), "127.") || str_starts(str_of(host_port), "localhost") ||
	       str_starts(str_of(host_port), "[::1]");
}

static err_t set_auth(struct ctx *c, smtp_session_t session, const struct mail_server *server)
{
	if (!server->user)
		return OK;
	if (!server->starttls && !is_loopback(server->host_port))
		return fail_bug(c, "refusing to send a password to %s without TLS", server->host_port);
	auth_client_init();
	auth_context_t auth = auth_create_context();
	if (!auth)
		return fail_bug(c, "could not prepare SMTP authentication");
	arena_defer(c->arena, release_auth, auth);
	auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(auth, answer_auth, (void *)(uintptr_t)server);
	if (!smtp_auth_set_context(session, auth))
		return fail_bug(c, "could not prepare SMTP authentication");
	return OK;
}

static err_t set_session(struct ctx *c, smtp_session_t session, const struct mail_server *server)
{
	static const int PHASES[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER, Timeout_DATA2};
	for (size_t i = 0; i < ARRAY_LEN(PHASES); i++)
		smtp_set_timeout(session, PHASES[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, server->timeout_secs);
	if (!smtp_set_server(session, server->host_port))
		return fail_bug(c, "bad SMTP server %s", server->host_port);
	if (server->starttls &&
		(!smtp_starttls_enable(session, Starttls_REQUIRED) || !smtp_starttls_set_ctx(session, tls_context())))
		return fail_bug(c, "could not prepare TLS for SMTP");
	return set_auth(c, session, server);
}

/*
 * connect() inside libesmtp waits as long as the kernel likes: an alarm interrupts it.
 * SMTP_EV_CONNECT ends the alarm; from there on libesmtp's own timeouts hold.
 */
static void ring(int number)
{
	(void)number;
}

static void set_alarm(long secs)
{
	const struct itimerval timer = {.it_value = {.tv_sec = secs}, .it_interval = {.tv_sec = secs ? 1 : 0}};
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* The number the next file descriptor will have. */
static int next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* libesmtp writes a message in pieces: without this the kernel keeps the last one back for 40 ms, until the first is acknowledged. */
static void send_at_once(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void on_event(smtp_session_t session, int event, void *arg, ...)
{
	const int *fd = arg;

	(void)session;
	if (event != SMTP_EV_CONNECT)
		return;
	set_alarm(0);
	send_at_once(*fd);
}

static bool run_session(smtp_session_t session, long connect_secs)
{
	struct sigaction alarm_action = {.sa_handler = ring}, pipe_action = {.sa_handler = SIG_IGN}, old_alarm,
			 old_pipe;
	sigaction(SIGALRM, &alarm_action, &old_alarm);
	sigaction(SIGPIPE, &pipe_action, &old_pipe);
	/* libesmtp tells nobody its socket. */
	int fd = next_fd();
	smtp_set_eventcb(session, on_event, &fd);
	set_alarm(connect_secs);
	bool done = smtp_start_session(session);
	set_alarm(0);
	sigaction(SIGALRM, &old_alarm, NULL);
	sigaction(SIGPIPE, &old_pipe, NULL);
	return done;
}

/* A reply's text is the server's: shortened, without line breaks, for a log or the back office. */
static const char *reply_text(struct ctx *c, const smtp_status_t *status)
{
	char *text = arena_printf(c->arena, "%d %.200s", status->code, status->text ? status->text : "");
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = ' ';
	return text;
}

/* 0 is no reply: try again. libesmtp's "session went well" says nothing about a message. */
static err_t judge(struct ctx *c, const smtp_status_t *status, const char *what, bool *final_r)
{
	*final_r = status && status->code != 0;
	if (!*final_r || status->code / 100 == 2 || status->code / 100 == 3)
		return OK;
	err_t e = status->code / 100 == 5 ? &ERR_PEER : &ERR_UNAVAILABLE;
	return fail(c, e, "%s refused: %s", what, reply_text(c, status));
}

static err_t outcome(struct ctx *c, bool done, smtp_message_t message, smtp_recipient_t recipient)
{
	bool answered;
	TRY(judge(c, smtp_reverse_path_status(message), "sender", &answered));
	TRY(judge(c, smtp_recipient_status(recipient), "recipient", &answered));
	const smtp_status_t *transfer = smtp_message_transfer_status(message);
	TRY(judge(c, transfer, "message", &answered));
	if (done && answered && transfer->code == 250 && smtp_recipient_status(recipient)->code / 10 == 25)
		return OK;

	char why[128];
	return fail(c, &ERR_UNAVAILABLE, "SMTP session failed: %s",
		smtp_strerror(smtp_errno(), why, sizeof(why)) ? why : "no reply");
}

err_t mail_send(struct ctx *c, const struct mail_server *server, const struct mail *m)
{
	struct str text;
	const char *from, *to;

	if (c->db && db_in_tx(c)) {
		log_bug(c, "mail sent inside a transaction");
		abort();
	}
	TRY(mail_compose(c, m, &text));
	TRY(wire_address(c, m->from, &from));
	TRY(wire_address(c, m->to, &to));

	smtp_session_t session = smtp_create_session();
	if (!session)
		return fail_bug(c, "could not prepare an SMTP session");
	arena_defer(c->arena, release_session, session);
	TRY(set_session(c, session, server));
	smtp_message_t message = smtp_add_message(session);
	smtp_recipient_t recipient = message ? smtp_add_recipient(message, to) : NULL;
	if (!recipient || !smtp_set_reverse_path(message, from) ||
		!smtp_set_message_str(message, (void *)(uintptr_t)text.p))
		return fail_bug(c, "could not prepare an SMTP message");
	return outcome(c, run_session(session, server->timeout_secs), message, recipient);
}
