/* routes.c - every URL of the mock provider: its API on the loopback listener, its pages for card holders. */
#include "provider.h"

#define API "/mock-provider/api/v1"
/* The provider keeps its merchants' keys itself, and commits before it lets a merchant wait. */
#define OWN (ROUTE_READ | ROUTE_KEY_IGNORED)

const struct route PROVIDER_ROUTES[] = {
	{METHOD_POST, API "/charges", post_charge, ACCESS_INTERNAL, .flags = OWN, .body = &CHARGE_BIND,
		.help = "Charge a card"},
	{METHOD_GET, API "/charges/{key}", get_charge, ACCESS_INTERNAL, .help = "Get a charge by the merchant's key"},
	{METHOD_POST, API "/charges/{key}/refunds", post_refund, ACCESS_INTERNAL, .flags = OWN, .body = &REFUND_BIND,
		.help = "Refund a charge"},
	{METHOD_GET, API "/charges/{key}/refunds/{refund_key}", get_refund, ACCESS_INTERNAL,
		.help = "Get a refund by the merchant's key"},
	{METHOD_POST, API "/sessions", post_session, ACCESS_INTERNAL, .flags = OWN, .body = &SESSION_BIND,
		.help = "Open a hosted card page"},

	{METHOD_GET, "/mock-provider/sessions/{id}", page_session, ACCESS_PUBLIC, .flags = ROUTE_PAGE | ROUTE_NO_STORE,
		.help = "Hosted card page"},
	{METHOD_POST, "/mock-provider/sessions/{id}", page_session_pay, ACCESS_PUBLIC,
		.flags = ROUTE_PAGE | ROUTE_READ | ROUTE_NO_STORE, .body = &CARD_FORM_BIND, .on_invalid = page_session,
		.help = "Pay with the card"},
	{METHOD_GET, "/mock-provider/challenges/{id}", page_challenge, ACCESS_PUBLIC,
		.flags = ROUTE_PAGE | ROUTE_NO_STORE, .help = "The bank's question"},
	{METHOD_POST, "/mock-provider/challenges/{id}", page_challenge_answer, ACCESS_PUBLIC,
		.flags = ROUTE_PAGE | ROUTE_READ | ROUTE_NO_STORE, .body = &ANSWER_FORM_BIND,
		.on_invalid = page_challenge, .help = "Answer the bank"},
	{0},
};
