/* routes.c - every URL of payment-service. */
#include "payment.h"

#define OWN_TRANSACTIONS ROUTE_READ /* the provider is called between them */

const struct route PAYMENT_ROUTES[] = {
	{METHOD_GET, "/api/v1/payments/{id}", get_payment, ACCESS_PUBLIC, .flags = ROUTE_NO_STORE,
		.help = "Get a payment"},
	{METHOD_POST, "/api/v1/payments/{id}/confirm", post_confirm, ACCESS_PUBLIC,
		.flags = ROUTE_KEY_REQUIRED | OWN_TRANSACTIONS | ROUTE_NO_STORE, .body = &CONFIRM_BIND,
		.help = "Pay with a card"},
	{METHOD_POST, "/webhooks/payment/mock", post_webhook, ACCESS_ANONYMOUS,
		.flags = ROUTE_RAW_BODY | ROUTE_KEY_IGNORED, .help = "Take news of the payment provider"},

	{METHOD_GET, "/pay/{id}", page_pay, ACCESS_PUBLIC, .flags = ROUTE_PAGE | ROUTE_NO_STORE,
		.help = "Payment of an order"},
	{METHOD_POST, "/pay/{id}", page_pay_start, ACCESS_PUBLIC,
		.flags = ROUTE_PAGE | OWN_TRANSACTIONS | ROUTE_KEY_IGNORED | ROUTE_NO_STORE,
		.help = "Go to the provider's card page"},
	{METHOD_GET, "/admin/payments", page_payments, ACCESS_STAFF, "payments:read", ROUTE_PAGE,
		.query = &PAYMENT_LIST_BIND, .reads = "payment", .help = "Payments"},
	{0},
};
