/* handlers_factor.c - the API of second factors. */
#include "app/tmpl.h"
#include "factors.h"
#include "store_factor.h"

#define SVG_MAX_BYTES (300u << 10)

err_t get_totp(struct request *rq)
{
	struct factor_state state;

	TRY(factor_store_get(&rq->ctx, &rq->subject->user_id, &state));
	return respond_json(rq, 200, view_factor(rq, &state));
}

/* The drawing as a whole document, for programs that show it. */
static err_t set_svg(struct request *rq, json_t *setup)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, SVG_MAX_BYTES);
	if (json_is_object(json_object_get(setup, "qr")))
		TRY(tmpl_render(&rq->ctx, rq->app->templates, "partials/qr", setup, &b));
	json_set_text(setup, "qr_svg", b.p);
	(void)json_object_del(setup, "qr");
	return OK;
}

err_t post_totp(struct request *rq)
{
	struct factor_state state;
	json_t *setup;

	TRY(factor_begin(rq, &state));
	setup = view_factor_setup(rq, &state);
	TRY(set_svg(rq, setup));
	return respond_json(rq, 201, setup);
}

static err_t respond_codes(struct request *rq, json_t *codes)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set(o, "recovery_codes", codes);
	return respond_json(rq, 200, o);
}

err_t post_totp_confirm(struct request *rq)
{
	const struct code_input *in = rq->input;
	json_t *codes;

	TRY(factor_confirm(rq, in->code, &codes));
	return respond_codes(rq, codes);
}

err_t post_recovery_codes(struct request *rq)
{
	const struct code_input *in = rq->input;
	json_t *codes;

	TRY(factor_renew_codes(rq, in->code, &codes));
	return respond_codes(rq, codes);
}

err_t delete_totp(struct request *rq)
{
	const struct code_input *in = rq->input;

	TRY(factor_disable(rq, in->code));
	return respond_empty(rq, 204);
}

err_t delete_user_factors(struct request *rq)
{
	TRY(factor_remove(rq));
	return respond_empty(rq, 204);
}
