/*
 * mail.h - one e-mail to one recipient: MIME by GMime, SMTP by libesmtp behind guards.
 *
 * Blocking, with timeouts; never called inside a transaction. Layer: edges.
 * Standards: RFC 5321, 5322, 2045-2049.
 */
#ifndef ES_MAIL_H
#define ES_MAIL_H

#include "base/ctx.h"
#include "base/str.h"

struct mail {
	const char *from;        /* addr-spec */
	const char *from_name;   /* may be NULL */
	const char *to;          /* addr-spec; CR, LF, <, >, spaces and controls are refused */
	const char *to_name;     /* may be NULL */
	const char *subject;
	const char *text;        /* plain part; required */
	const char *html;        /* may be NULL */
	const char *message_id;  /* without angle brackets; the deduplication key of the job */
	int64_t date_us;
};

struct mail_server {
	const char *host_port;   /* "127.0.0.1:2525" */
	const char *user, *password; /* NULL: no AUTH */
	bool starttls;           /* required when set */
	long timeout_secs;
};

/* The complete message with CRLF lines; request id and trace of c are headers of it. */
err_t mail_compose(struct ctx *c, const struct mail *m, struct str *message_r) MUST_CHECK;
/*
 * OK only when the server took it for this recipient (250 to DATA and to RCPT).
 * ERR_PEER: permanent (5xx), with the reply as detail. ERR_UNAVAILABLE: try again later.
 */
err_t mail_send(struct ctx *c, const struct mail_server *server, const struct mail *m) MUST_CHECK;

#endif
