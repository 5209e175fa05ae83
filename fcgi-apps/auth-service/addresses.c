/* addresses.c - saving addresses: shared by the API and the pages. */
#include "account.h"
#include "store_account.h"

/* What is given replaces; what is absent stays; null empties what may be empty. */
static void apply(struct address *a, const struct address_input *in)
{
	a->name = in->name != NULL ? in->name : a->name;
	a->line1 = in->line1 != NULL ? in->line1 : a->line1;
	a->line2 = in->has_line2 ? in->line2 : a->line2;
	a->city = in->city != NULL ? in->city : a->city;
	a->region = in->has_region ? in->region : a->region;
	a->postal_code = in->postal_code != NULL ? in->postal_code : a->postal_code;
	a->country = in->country != NULL ? in->country : a->country;
	a->phone = in->has_phone ? in->phone : a->phone;
	/* The default goes to another address, never to none. */
	a->is_default = a->is_default || (in->has_default && in->is_default);
}

err_t address_add(struct request *rq, struct address *address_r)
{
	const struct uuid *me = &rq->subject->user_id;
	struct address a = {.id = uuid_v7(), .version = 1}, *others;
	size_t n;

	account_store_lock(&rq->ctx, me);
	TRY(address_store_list(&rq->ctx, me, &others, &n));
	if (n >= ADDRESSES_MAX)
		return fail(&rq->ctx, &ERR_TOO_MANY_ADDRESSES, "at most %d addresses are kept", ADDRESSES_MAX);
	apply(&a, rq->input);
	a.is_default = a.is_default || n == 0;
	address_store_insert(&rq->ctx, me, &a);
	*address_r = a;
	return OK;
}

err_t address_change(struct request *rq, struct address *address_r)
{
	const struct uuid *me = &rq->subject->user_id;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	account_store_lock(&rq->ctx, me);
	TRY(address_store_get(&rq->ctx, me, &id, address_r));
	TRY(request_if_match(rq, address_r->version));
	apply(address_r, rq->input);
	address_store_save(&rq->ctx, me, address_r);
	address_r->version++;
	return OK;
}
