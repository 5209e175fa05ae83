/* views_factor.c - output fields of second factors. */
#include "app/page.h"
#include "factors.h"

json_t *view_factor(struct request *rq, const struct factor_state *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_bool(o, "enabled", s->enabled);
	json_set_time(o, "enabled_at", s->enabled ? s->enabled_us : 0);
	json_set_int(o, "recovery_codes_left", s->codes_left);
	return o;
}

json_t *view_factor_setup(struct request *rq, const struct factor_state *s)
{
	struct arena *a = rq->ctx.arena;
	json_t *o = json_new_object(a), *qr = json_new_object(a);
	const char *uri, *path;
	int side;

	if (s->enabled || s->secret.n == 0)
		return NULL;
	uri = totp_uri(a, s->secret, rq->app->shop_name, rq->subject->email);
	json_set_text(o, "secret", totp_base32(a, s->secret));
	json_set_text(o, "uri", uri);
	if (qr_path(a, uri, &side, &path)) {
		json_set_int(qr, "side", side);
		json_set_text(qr, "path", path);
		json_set(o, "qr", qr);
	} else {
		json_set_null(o, "qr");
	}
	return o;
}
