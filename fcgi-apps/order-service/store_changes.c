/* store_changes.c - the statements that change an order after it was placed. */
#include "store_order.h"

struct flag {
	bool yes;
};
static const struct db_column FLAG_COLUMNS[] = {DB_COLUMN(struct flag, yes, DB_BOOL)};
static const struct db_stmt CANCEL_PAYMENT = DB_ROWS("change_cancel_payment", struct flag, FLAG_COLUMNS,
	SQL("select payment.cancel_intent($1::uuid) as yes"), DB_TRACED);

struct claimed {
	struct uuid id;
};
static const struct db_column CLAIMED_COLUMNS[] = {DB_COLUMN(struct claimed, id, DB_UUID)};
/* The order is locked, not the step: whoever changes an order locks that first. */
static const struct db_stmt CLAIM_EXPIRED = DB_ROWS("change_claim_expired", struct claimed, CLAIMED_COLUMNS,
	SQL("select o.id from orders.saga_step s join orders.orders o on o.id = s.order_id"
	    " where s.step = 'await_payment' and s.state = 'pending' and s.next_at <= now()"
	    " order by s.next_at limit 1 for update of o skip locked"));
static const struct db_stmt POSTPONE_EXPIRY = DB_EXEC("change_postpone_expiry",
	SQL("update orders.saga_step set attempts = attempts + 1, updated_at = now(),"
	    " next_at = now() + least(interval '15 minutes', interval '30 seconds' * power(2, least(attempts, 10)))"
	    " where order_id = $1::uuid and step = 'await_payment' and state = 'pending'"));

static const struct db_stmt CANCEL =
	DB_EXEC("change_cancel", SQL("update orders.orders set cancelled_at = $2::timestamptz, cancel_reason = "
				     "$3::text"
				     " where id = $1::uuid"));
static const struct db_stmt RELEASE_STOCK =
	DB_EXEC("change_release_stock", SQL("select inventory.release($1::uuid)"), DB_TRACED);
static const struct db_stmt SET_PAYMENT = DB_EXEC("change_payment",
	SQL("update orders.orders set payment_status = $2::text, paid_at = $3::timestamptz where id = $1::uuid"));

static const struct db_stmt INSERT_SHIPMENT = DB_EXEC(
	"change_shipment", SQL("insert into orders.shipment (id, order_id, carrier, tracking_number, created_at)"
			       " values ($1::uuid, $2::uuid, $3::text, $4::text, $5::timestamptz)"));
static const struct db_stmt INSERT_SHIPMENT_LINES = DB_EXEC("change_shipment_lines",
	SQL("with parcel as (insert into orders.shipment_line (shipment_id, line_id, quantity)"
	    " select $1::uuid, n.line_id, n.quantity from unnest($2::uuid[], $3::bigint[]) as n(line_id, quantity)"
	    " returning line_id, quantity)"
	    " update orders.line l set shipped_quantity = l.shipped_quantity + p.quantity from parcel p where l.id = "
	    "p.line_id"));
/* Written even when the status stays: the order's version moves with its parcels. */
static const struct db_stmt SET_FULFILMENT = DB_EXEC("change_fulfilment",
	SQL("update orders.orders set fulfilment_status = coalesce($2::text, fulfilment_status) where id = $1::uuid"));
static const struct db_stmt DELIVER =
	DB_EXEC("change_deliver", SQL("update orders.shipment set delivered_at = $2::timestamptz where id = $1::uuid"));

static const struct db_stmt SET_STEP = DB_EXEC("change_step",
	SQL("insert into orders.saga_step as s (order_id, step, state) values ($1::uuid, $2::text, $3::text)"
	    " on conflict (order_id, step) do update set state = excluded.state, next_at = null, attempts = s.attempts "
	    "+ 1,"
	    " last_error = null, updated_at = now()"));
static const struct db_stmt SET_STEP_FAILED = DB_EXEC("change_step_failed",
	SQL("update orders.saga_step set attempts = $3::integer, last_error = $4, updated_at = now()"
	    " where order_id = $1::uuid and step = $2 and state = 'pending'"));
static const struct db_stmt NOTE = DB_EXEC("change_note",
	SQL("insert into orders.timeline (order_id, event, actor, actor_name, detail, position, attempts, request_id, state)"
	    " select o.id, $2, $3, $4, $5, $6::bigint, $7::integer, $8, o.status from orders.orders o where o.id = $1::uuid"));

const struct db_stmt *const CHANGE_STATEMENTS[] = {&CANCEL_PAYMENT, &CLAIM_EXPIRED, &POSTPONE_EXPIRY, &CANCEL,
	&RELEASE_STOCK, &SET_PAYMENT, &INSERT_SHIPMENT, &INSERT_SHIPMENT_LINES, &SET_FULFILMENT, &DELIVER, &SET_STEP,
	&SET_STEP_FAILED, &NOTE, NULL};

err_t change_store_cancel_payment(struct ctx *c, const struct uuid *id, bool *cancelled_r)
{
	struct flag flag;

	TRY(db_one(c, &CANCEL_PAYMENT, PARAMS(P_UUID(id)), &flag));
	*cancelled_r = flag.yes;
	return OK;
}

err_t change_store_claim_expired(struct ctx *c, struct uuid *id_r, bool *found_r)
{
	struct claimed row;

	TRY(db_maybe(c, &CLAIM_EXPIRED, NO_PARAMS, &row, found_r));
	if (*found_r)
		*id_r = row.id;
	return OK;
}

void change_store_postpone_expiry(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &POSTPONE_EXPIRY, PARAMS(P_UUID(id)));
}

void change_store_cancel(struct ctx *c, const struct uuid *id, int64_t at_us, const char *reason)
{
	db_defer(c, &CANCEL, PARAMS(P_UUID(id), P_TIME(at_us), P_TEXT(reason)));
}

void change_store_release_stock(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &RELEASE_STOCK, PARAMS(P_UUID(id)));
}

void change_store_payment(struct ctx *c, const struct uuid *id, const char *status, int64_t paid_us)
{
	db_defer(c, &SET_PAYMENT, PARAMS(P_UUID(id), P_TEXT(status), P_TIME(paid_us)));
}

void change_store_ship(struct ctx *c, const struct order_details *d, const struct shipment *s,
	const struct shipment_input *in, const char *becomes)
{
	const char **ids = arena_array_of(c->arena, in->nlines, const char *);
	int64_t *quantities = arena_array_of(c->arena, in->nlines, int64_t);

	for (size_t i = 0; i < in->nlines; i++) {
		ids[i] = in->lines[i].line_id.s;
		quantities[i] = in->lines[i].quantity;
	}
	db_defer(c, &INSERT_SHIPMENT,
		PARAMS(P_UUID(&s->id), P_UUID(&d->order.id), P_TEXT(s->carrier), P_TEXT(s->tracking_number),
			P_TIME(s->created_us)));
	db_defer(c, &INSERT_SHIPMENT_LINES,
		PARAMS(P_UUID(&s->id), P_TEXTS(ids, in->nlines), P_INTS(quantities, in->nlines)));
	db_defer(c, &SET_FULFILMENT, PARAMS(P_UUID(&d->order.id), P_TEXT(becomes)));
}

void change_store_deliver(struct ctx *c, const struct shipment *s, bool completes)
{
	db_defer(c, &DELIVER, PARAMS(P_UUID(&s->id), P_TIME(s->delivered_us)));
	db_defer(c, &SET_FULFILMENT, PARAMS(P_UUID(&s->order_id), P_TEXT(completes ? "delivered" : NULL)));
}

void change_store_step(struct ctx *c, const struct uuid *id, const char *step, const char *state)
{
	db_defer(c, &SET_STEP, PARAMS(P_UUID(id), P_TEXT(step), P_TEXT(state)));
}

void change_store_step_failed(
	struct ctx *c, const struct uuid *id, const char *step, int32_t attempts, const char *error)
{
	db_defer(c, &SET_STEP_FAILED, PARAMS(P_UUID(id), P_TEXT(step), P_INT(attempts), P_TEXT(error)));
}

void change_store_note(
	struct ctx *c, const struct uuid *id, const struct actor *by, const char *event, const char *detail)
{
	db_defer(c, &NOTE,
		PARAMS(P_UUID(id), P_TEXT(event), P_TEXT(by->kind), P_TEXT(by->name), P_TEXT(detail),
			P_INT_OR_NULL(by->position, by->position != 0), P_INT_OR_NULL(by->attempts, by->attempts != 0),
			P_TEXT(c->request_id)));
}
