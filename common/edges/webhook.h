/*
 * webhook.h - signatures of the Standard Webhooks specification: symmetric, "v1".
 *
 * What is signed is "<webhook-id>.<webhook-timestamp>.<body>", so neither body, id nor
 * time can be exchanged. The secret's bytes are used as they are. Layer: edges.
 */
#ifndef ES_WEBHOOK_H
#define ES_WEBHOOK_H

#include "base/ctx.h"
#include "base/str.h"

#define WEBHOOK_TOLERANCE_SECS 300

struct webhook {
	const char *id;        /* webhook-id: the same for every delivery of one event */
	const char *timestamp; /* webhook-timestamp: seconds since 1970, of this delivery */
	const char *signature; /* webhook-signature: "v1,<base64>", several separated by spaces */
	struct str body;
};

/* The value of webhook-signature for id, timestamp and body. */
const char *webhook_sign(struct arena *a, const char *secret, const struct webhook *w);
/* False unless one signature fits and the timestamp is within the tolerance; constant time in the signature. */
bool webhook_verify(struct arena *a, const char *secret, const struct webhook *w, int64_t now_us) MUST_CHECK;

#endif
