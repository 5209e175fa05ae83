/* pages_privacy.c - what the shop stores of whom: words of the language file, days of the settings that decide them. */
#include "service.h"

#include "app/page.h"
#include "store_setting.h"

static const char *const SECTIONS[] = {"looking", "cart", "order", "payment", "messages", "account", "staff", "cookies", "rights"};

err_t page_privacy(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena), *sections = json_new_array(rq->ctx.arena);
	struct keeping k;

	TRY(setting_store_keeping(&rq->ctx, &k));
	const struct text_arg args[] = {{"shop", rq->app->shop_name}, {"email", rq->app->support_email},
		{"cart_days", k.cart_days}, {"message_days", k.message_days}};
	for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		const char *key = arena_printf(rq->ctx.arena, "privacy_notice.%s", SECTIONS[i]);

		json_set_text(o, "id", SECTIONS[i]);
		json_set_text(o, "title", text(rq, arena_printf(rq->ctx.arena, "%s.title", key), NULL, 0));
		json_set_text(o, "text", text(rq, arena_printf(rq->ctx.arena, "%s.text", key), args, ARRAY_LEN(args)));
		json_add(sections, o);
	}
	json_set(context, "sections", sections);
	json_set_text(context, "lead", text(rq, "privacy_notice.lead", args, ARRAY_LEN(args)));
	json_set_text(context, "q", "");
	return page_respond(rq, 200, "catalog/privacy", context,
		&(struct page_info){.title = text(rq, "privacy_notice.title", NULL, 0), .canonical = "/privacy"});
}
