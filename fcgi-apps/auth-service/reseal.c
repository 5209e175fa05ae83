/* reseal.c - sealing again what an older key sealed, or none: in rounds, and by command. */
#include <stdio.h>

#include "store_seal.h"

static err_t reseal_row(struct ctx *c, const struct sealed_row *row, bool *done_r)
{
	struct sealed again;
	struct str secret;

	*done_r = false;
	if (!unseal(c, row->kind, row->id, &row->sealed, &secret))
		return OK;
	again = seal(c, row->kind, row->id, secret);
	return seal_store_replace(c, row, &again, done_r);
}

/* One batch; what can't be opened, or was changed meanwhile, does not count. */
static err_t round_of(struct ctx *c, int64_t *done_r)
{
	struct sealed_row *rows;
	size_t n;

	*done_r = 0;
	TRY(seal_store_stale(c, &rows, &n));
	for (size_t i = 0; i < n; i++) {
		bool done;
		TRY(reseal_row(c, &rows[i], &done));
		*done_r += done;
	}
	return OK;
}

err_t reseal_some(struct ctx *c)
{
	int64_t done;

	return round_of(c, &done);
}

err_t command_reseal(struct ctx *c, int argc, char **argv)
{
	int64_t done, all = 0, lost;

	(void)argv;
	if (argc != 0)
		return fail(c, &ERR_BAD_REQUEST, "--reseal takes no argument");
	do {
		TRY(round_of(c, &done));
		all += done;
	} while (done > 0);
	TRY(seal_store_lost(c, &lost));
	printf("%lld sealed again by the first key, %lld by keys that are not in the file\n", (long long)all, (long long)lost);
	return OK;
}
