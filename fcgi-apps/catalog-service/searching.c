/* searching.c - search with a second try: words nobody wrote are replaced by those they look like. */
#include "service.h"

err_t find(struct ctx *c, struct listing_query *q, int64_t limit, struct listing_result *r, const char **corrected_r)
{
	struct similar_word *words;
	struct listing_result better;
	struct listing_query again;
	size_t n;

	*corrected_r = NULL;
	TRY(listing_store_list(c, q, limit, r));
	if (r->total.count > 0 || q->exact || q->q == NULL)
		return OK;
	TRY(listing_store_similar(c, q->q, &words, &n));
	again = *q;
	again.q = corrected_query(c->arena, words, n);
	if (again.q == NULL)
		return OK;
	TRY(listing_store_list(c, &again, limit, &better));
	if (better.total.count == 0)
		return OK;
	*r = better;
	*corrected_r = again.q;
	q->q = again.q;
	return OK;
}
