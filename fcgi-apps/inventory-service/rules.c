/* rules.c - decisions about stock that need nothing but numbers. */
#include "inventory.h"

const char *stock_state(const struct stock *s)
{
	if (s->shortfall > 0)
		return "short";
	if (s->available <= 0)
		return "out";
	return s->available <= s->low_mark ? "low" : "ok";
}
