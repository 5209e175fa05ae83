/* Signatures of webhooks: the specification's own example, and everything that must not pass. */
#include "unit.h"

#include "data/clock.h"
#include "edges/webhook.h"

#define NOW INT64_C(1614265330)
/* The bytes of whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, as the specification's example uses them. */
static const char SECRET[] =
	"\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0";

static struct webhook example(void)
{
	return (struct webhook){.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
		.timestamp = "1614265330",
		.signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		.body = STR("{\"test\": 2432232314}")};
}

static bool passes(struct ctx *c, const struct webhook *w, int64_t now)
{
	return webhook_verify(c->arena, SECRET, w, now * US_PER_SEC);
}

static void specification_example(void **state)
{
	struct ctx *c = *state;
	struct webhook w = example();
	assert_string_equal(webhook_sign(c->arena, SECRET, &w), w.signature);
	assert_true(passes(c, &w, NOW));
	assert_true(passes(c, &w, NOW + WEBHOOK_TOLERANCE_SECS));
	w.signature = "v1,bm9wZQ== v2,abc v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
	assert_true(passes(c, &w, NOW));
}

static void anything_changed(void **state)
{
	struct ctx *c = *state;
	struct webhook w = example();
	w.body = STR("{\"test\": 2432232315}");
	assert_false(passes(c, &w, NOW));
	w = example();
	w.id = "msg_other";
	assert_false(passes(c, &w, NOW));
	w = example();
	w.timestamp = "1614265331";
	assert_false(passes(c, &w, NOW));
	w = example();
	assert_false(webhook_verify(c->arena, "other", &w, NOW * US_PER_SEC));
}

static void missing_or_stale(void **state)
{
	struct ctx *c = *state;
	struct webhook w = example();
	assert_false(passes(c, &w, NOW + WEBHOOK_TOLERANCE_SECS + 1));
	assert_false(passes(c, &w, NOW - WEBHOOK_TOLERANCE_SECS - 1));
	w.signature = NULL;
	assert_false(passes(c, &w, NOW));
	w.signature = "";
	assert_false(passes(c, &w, NOW));
	w = example();
	w.timestamp = "1614265330x";
	assert_false(passes(c, &w, NOW));
	w.timestamp = NULL;
	assert_false(passes(c, &w, NOW));
	w = example();
	w.id = NULL;
	assert_false(passes(c, &w, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT(specification_example), UNIT(anything_changed), UNIT(missing_or_stale)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
