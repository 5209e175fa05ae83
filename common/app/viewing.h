/*
 * viewing.h - staff look at the shop as a customer sees it. Which session does so, and at
 * whom, is auth-service's (auth.session_viewing); what it may then is decided here, by the gate:
 *
 * - nothing is changed: every method but GET is refused, except by rows with ROUTE_ENDS_VIEWING;
 * - rows with ROUTE_VIEWABLE are answered as to the customer, who is then rq->subject;
 * - the back office and the API for everybody are answered as ever, to the member of staff;
 * - all else that looks at credentials is refused: secrets, exports, carts, tokens.
 *
 * Both the permission and the customer are looked up with every request, so that a view ends
 * with either. Layer: app.
 */
#ifndef ES_VIEWING_H
#define ES_VIEWING_H

#include "app/auth.h"

#define VIEW_AS_PERMISSION "customers:view_as"

struct viewing {
	struct subject customer; /* of no session: none of the customer's is this one */
	const struct subject *staff;
	int64_t until_us;
};

/* After auth_identify: fills rq->viewing, and makes the customer rq->subject where the route shows itself so. */
err_t viewing_apply(struct request *rq) MUST_CHECK;

/* For the banner of each page: {who_text, until {iso, text}, end_href, csrf}, or NULL. */
json_t *viewing_banner(struct request *rq);

#endif
