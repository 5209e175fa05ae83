/* Which news become a message, and which no longer should. */
#include "unit.h"

#include "data/clock.h"
#include "notification.h"

#define HOUR_US (3600 * US_PER_SEC)

static void every_topic_consumed_has_a_kind(void **state)
{
	json_t *payload = json_new_object(((struct ctx *)*state)->arena);

	json_set_text(payload, "kind", "reset_password");
	for (const char *const *t = NOTIFICATION_CONSUMERS[0].topics; *t != NULL; t++) {
		const struct mail_kind *k = mail_kind_of(*t, payload);

		assert_non_null(k);
		assert_ptr_equal(mail_kind_by_purpose(k->purpose), k);
	}
	assert_string_equal(mail_kind_of("user.letter_requested", payload)->words, "reset");
	json_set_text(payload, "kind", "a_kind_of_tomorrow");
	assert_null(mail_kind_of("user.letter_requested", payload));
	assert_null(mail_kind_of("order.placed", payload));
	assert_null(mail_kind_by_purpose("spam"));
}

static void news_grow_stale_after_two_days(void **state)
{
	int64_t now = 1000 * HOUR_US;

	(void)state;
	assert_false(news_is_stale(now, now));
	assert_false(news_is_stale(now - 48 * HOUR_US, now));
	assert_true(news_is_stale(now - 48 * HOUR_US - 1, now));
}

static void a_failed_payment_is_no_news_once_the_order_moved_on(void **state)
{
	struct ctx *c = *state;
	struct message m = {.purpose = "payment_failed"};
	struct facts f = {.order = json_new_object(c->arena)};

	json_set_text(f.order, "status", "pending_payment");
	assert_null(why_obsolete(&m, &f));
	json_set_text(f.order, "status", "paid");
	assert_non_null(why_obsolete(&m, &f));
	m.purpose = "order_confirmation";
	assert_null(why_obsolete(&m, &f));
}

static void names_are_no_links(void **state)
{
	static const char *const GOOD[] = {"", "Mara", "Mara Lind", "J. R. Smith", "Zoë Müller-Lüdenscheidt", "Dr. Who", "etc..."};
	static const char *const BAD[] = {"https://evil.example", "evil.example", "www.evil.example now", "a@b", "see evil.example/x", "x:y", "<b>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(GOOD); i++)
		assert_true(may_be_said(GOOD[i]));
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_false(may_be_said(BAD[i]));
}

static void only_what_rests_is_sent_again(void **state)
{
	(void)state;
	assert_true(may_resend(&(struct message){.state = "sent"}));
	assert_true(may_resend(&(struct message){.state = "dead"}));
	assert_false(may_resend(&(struct message){.state = "queued"}));
	assert_false(may_resend(&(struct message){.state = "failed"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_topic_consumed_has_a_kind),
		cmocka_unit_test(news_grow_stale_after_two_days),
		UNIT(a_failed_payment_is_no_news_once_the_order_moved_on),
		cmocka_unit_test(names_are_no_links),
		cmocka_unit_test(only_what_rests_is_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
