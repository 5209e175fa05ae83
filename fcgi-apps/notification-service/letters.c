/*
 * letters.c - what a message says: the owners' facts as the members of the mails' templates.
 * All links are absolute; amounts and times are ready text.
 */
#include "notification.h"

#include <string.h>

#include "app/page.h"
#include "app/tmpl.h"
#include "data/money.h"

#define LANGUAGE "en"
#define LETTER_MAX_BYTES (512u << 10)

static const char *words(struct ctx *c, const char *key, const struct text_arg *args, size_t n)
{
	return tmpl_text(c, app_get()->templates, LANGUAGE, key, args, n);
}

#define WORDS(c, key, ...) words((c), (key), TEXT_ARGS(__VA_ARGS__))

static const char *amount_text(struct ctx *c, const json_t *order, const char *key)
{
	const json_t *totals = json_object_get(order, "totals");

	return money_text(c->arena, money(json_int(totals, key, 0), json_text(order, "currency", "EUR")));
}

static void set_money(struct ctx *c, json_t *o, const char *key, int64_t minor, const char *currency)
{
	struct money m = money(minor, currency);
	json_t *v = json_new_object(c->arena);

	json_set_int(v, "amount", m.minor);
	json_set_text(v, "currency", m.currency);
	json_set_text(v, "text", money_text(c->arena, m));
	json_set(o, key, v);
}

/* {"size": "M", "colour": "green"} → "M, green". */
static const char *options_text(struct ctx *c, json_t *options)
{
	struct buf b;
	const char *name;
	json_t *value;

	buf_init(&b, c->arena, 2048);
	json_object_foreach(options, name, value) if (json_is_string(value))
		buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", json_string_value(value));
	return b.len > 0 && buf_ok(&b) ? b.p : NULL;
}

static json_t *view_lines(struct ctx *c, const json_t *lines, const char *currency)
{
	json_t *list = json_new_array(c->arena);
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		json_t *o = json_new_object(c->arena);

		json_set_text(o, "name", json_text(line, "name", ""));
		json_set_text(o, "sku", json_text(line, "sku", ""));
		json_set_text(o, "options_text", options_text(c, json_object_get(line, "options")));
		json_set_int(o, "quantity", json_int(line, "quantity", 0));
		if (currency != NULL)
			set_money(c, o, "total", json_int(line, "total_minor", 0), currency);
		json_add(list, o);
	}
	return list;
}

static json_t *view_totals(struct ctx *c, const json_t *order, const char *currency)
{
	const json_t *t = json_object_get(order, "totals");
	json_t *o = json_new_object(c->arena);

	set_money(c, o, "subtotal", json_int(t, "subtotal_minor", 0), currency);
	set_money(c, o, "discount", json_int(t, "discount_minor", 0), currency);
	set_money(c, o, "shipping", json_int(t, "shipping_minor", 0), currency);
	set_money(c, o, "tax", json_int(t, "tax_minor", 0), currency);
	set_money(c, o, "total", json_int(t, "total_minor", 0), currency);
	json_set_bool(o, "has_discount", json_int(t, "discount_minor", 0) > 0);
	json_set_bool(o, "has_tax", json_int(t, "tax_minor", 0) > 0);
	json_set_bool(o, "tax_included", json_bool(t, "tax_included", true));
	return o;
}

static json_t *view_address(struct ctx *c, const json_t *address)
{
	static const char *const members[] = {
		"name", "line1", "line2", "city", "region", "postal_code", "country", "phone"};
	json_t *o = json_new_object(c->arena);
	const char *country = json_text(address, "country", "");

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_set_text(o, members[i], json_text(address, members[i], NULL));
	json_set_text(o, "country_name", words(c, arena_printf(c->arena, "country.%s", country), NULL, 0));
	return o;
}

static json_t *view_order(struct ctx *c, const json_t *order)
{
	const char *currency = json_text(order, "currency", "EUR");
	json_t *o = json_new_object(c->arena);

	json_set_text(o, "number", json_text(order, "number", ""));
	json_set(o, "lines", view_lines(c, json_object_get(order, "lines"), currency));
	json_set(o, "totals", view_totals(c, order, currency));
	json_set(o, "shipping_address", view_address(c, json_object_get(order, "shipping_address")));
	return o;
}

static const char *link_to(struct ctx *c, const char *path, const char *id)
{
	return arena_printf(c->arena, "%s%s%s", app_get()->public_url, path, id);
}

static void write_confirmation(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	(void)m;
	json_set_text(o, "lead_text",
		WORDS(c, "mail.confirmation.lead", {"number", json_text(f->order, "number", "")},
			{"date", f->placed_text}));
	json_set(o, "order", view_order(c, f->order));
}

static void write_cancelled(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	const char *reason = json_text(f->order, "cancel_reason", "");
	bool paid = json_text(f->order, "paid_at", NULL) != NULL;

	(void)m;
	json_set_text(o, "lead_text", WORDS(c, "mail.cancelled.lead", {"number", json_text(f->order, "number", "")}));
	json_set_text(o, "reason_text",
		strcmp(reason, "expired") == 0 ? words(c, "mail.cancelled.reason_timeout", NULL, 0) : NULL);
	json_set_text(o, "refund_text",
		!paid ? NULL
		      : WORDS(c, "mail.cancelled.refund", {"amount", amount_text(c, f->order, "total_minor")},
				{"card", words(c, "mail.cancelled.your_card", NULL, 0)}));
	json_set(o, "order", view_order(c, f->order));
}

static bool more_follows(const json_t *order)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(order, "lines"), i,
		line) if (json_int(line, "shipped_quantity", 0) < json_int(line, "quantity", 0)) return true;
	return false;
}

static void write_shipped(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	const char *id = json_text(m->detail, "shipment_id", "");
	json_t *parcel = json_new_object(c->arena);
	const json_t *shipment, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(f->order, "shipments"), i,
		shipment) if (strcmp(json_text(shipment, "id", ""), id) == 0) found = shipment;
	json_set_text(parcel, "carrier_name", json_text(found, "carrier", ""));
	json_set_text(parcel, "tracking_number", json_text(found, "tracking_number", NULL));
	json_set_null(parcel, "tracking_href");
	json_set(parcel, "lines", view_lines(c, json_object_get(found, "lines"), NULL));
	json_set_text(o, "lead_text", WORDS(c, "mail.shipped.lead", {"number", json_text(f->order, "number", "")}));
	json_set(o, "parcel", parcel);
	json_set_bool(o, "is_partial", more_follows(f->order));
}

static void write_failed(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	const char *code = json_text(m->detail, "failure_code", "declined");
	const char *key =
		arena_printf(c->arena, "pay.failure.%s", strcmp(code, "card_declined") == 0 ? "declined" : code);
	const char *failure = words(c, key, NULL, 0);

	json_set_text(o, "lead_text",
		WORDS(c, "mail.failed.lead", {"number", json_text(f->order, "number", "")},
			{"amount", amount_text(c, f->order, "total_minor")}));
	json_set_text(o, "failure_text",
		strcmp(failure, key) == 0 ? NULL : failure); /* the provider has codes we do not know */
	json_set_text(o, "pay_href", link_to(c, "/pay/", json_text(f->order, "payment_id", "")));
	json_set_text(o, "until_text",
		f->expires_text == NULL ? NULL : WORDS(c, "mail.failed.until", {"time", f->expires_text}));
}

static void write_welcome(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	(void)c;
	(void)m;
	json_set_text(o, "verify_href", f->link);
}

/* A title, a text, a button if there is a link; and what to do when it was somebody else: all words of the purpose. */
static void write_account(struct ctx *c, const struct message *m, const struct facts *f, json_t *o)
{
	static const char *const PARTS[] = {"title", "text", "ignore", "button"};
	const char *of = mail_kind_by_purpose(m->purpose)->words;

	for (size_t i = 0; i < ARRAY_LEN(PARTS) - (f->link == NULL); i++) {
		const char *key = arena_printf(c->arena, "mail.%s.%s", of, PARTS[i]);
		json_set_text(o, arena_printf(c->arena, "%s_text", PARTS[i]),
			WORDS(c, key, {"email", f->user_email}, {"other", f->other_email != NULL ? f->other_email : ""},
				{"about", f->about != NULL ? f->about : ""}));
	}
	json_set_text(o, "href", f->link);
}

static const struct {
	const char *purpose;
	void (*write)(struct ctx *c, const struct message *m, const struct facts *f, json_t *o);
} WRITERS[] = {
	{"order_confirmation", write_confirmation},
	{"order_cancelled", write_cancelled},
	{"order_shipped", write_shipped},
	{"payment_failed", write_failed},
	{"welcome", write_welcome},
	{"verify_email", write_account},
	{"reset_password", write_account},
	{"password_changed", write_account},
	{"email_change", write_account},
	{"email_change_notice", write_account},
	{"email_changed", write_account},
	{"factor_changed", write_account},
	{"new_device", write_account},
	{"code_reused", write_account},
	{"key_expiring", write_account},
	{"invitation", write_account},
	{"account_erased", write_account},
};

static const char *first_name(struct ctx *c, const char *name)
{
	size_t n = name != NULL ? strcspn(name, " ") : 0;

	return n > 0 ? arena_strndup(c->arena, name, n) : name;
}

/* What every mail has. */
static json_t *new_context(struct ctx *c, const struct mail_kind *kind, const struct facts *f, const struct letter *l)
{
	json_t *o = json_new_object(c->arena), *shop = json_new_object(c->arena);
	const struct app *app = app_get();

	json_set_text(shop, "name", app->shop_name);
	json_set_text(shop, "url", app->public_url);
	json_set_text(shop, "currency", app->currency);
	json_set_text(shop, "support_email", app->support_email);
	json_set(o, "t", (json_t *)(uintptr_t)tmpl_strings(app->templates, LANGUAGE)); /* only counted, never changed */
	json_set_text(o, "lang", LANGUAGE);
	json_set(o, "shop", shop);
	json_set_text(o, "subject", l->subject);
	json_set_text(o, "preheader", words(c, arena_printf(c->arena, "mail.%s.preheader", kind->words), NULL, 0));
	json_set_text(o, "greeting_text",
		l->to_name[0] == '\0' ? words(c, "mail.greeting_plain", NULL, 0)
				      : WORDS(c, "mail.greeting", {"name", first_name(c, l->to_name)}));
	if (f->order != NULL)
		json_set_text(o, "track_href", link_to(c, "/track/", json_text(f->order, "tracking_token", "")));
	return o;
}

static err_t render(
	struct ctx *c, const struct message *m, const char *part, const json_t *context, const char **text_r)
{
	struct buf b;

	buf_init(&b, c->arena, LETTER_MAX_BYTES);
	TRY(tmpl_render(c, app_get()->templates, arena_printf(c->arena, "mail/%s.%s", m->template, part), context, &b));
	*text_r = b.p;
	return OK;
}

err_t letter_write(struct ctx *c, const struct message *m, const struct facts *f, struct letter *letter_r)
{
	const struct mail_kind *kind = mail_kind_by_purpose(m->purpose);
	struct letter l = {.to = f->user_email, .to_name = f->user_name};
	json_t *context;

	if (kind == NULL)
		return fail_bug(c, "no letter for the purpose %s", m->purpose);
	if (uuid_is_set(&m->order_id)) {
		l.to = json_text(f->order, "email", NULL);
		l.to_name = json_text(f->order, "name", "");
	}
	if (l.to == NULL || l.to[0] == '\0')
		return fail(c, &ERR_NOT_FOUND, "there is nobody to write to any more");
	if (l.to_name == NULL || !may_be_said(l.to_name))
		l.to_name = "";
	l.subject = WORDS(c, arena_printf(c->arena, "mail.%s.subject", kind->words),
		{"number", json_text(f->order, "number", "")}, {"shop", app_get()->shop_name});
	context = new_context(c, kind, f, &l);
	for (size_t i = 0; i < ARRAY_LEN(WRITERS); i++)
		if (strcmp(WRITERS[i].purpose, m->purpose) == 0)
			WRITERS[i].write(c, m, f, context);
	TRY(render(c, m, "html", context, &l.html));
	TRY(render(c, m, "txt", context, &l.text));
	*letter_r = l;
	return OK;
}
