/*
 * rules.c - decisions about lists and words that need nothing but their inputs: where a
 * list goes on, which word was meant, what a reduction is called.
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64 /* longer words are compared by their beginning */

const char *const SORT_NAMES[] = {"relevance", "price", "-price", "newest", "name", "bestselling", NULL};

/* ------------------------------------------------------------------ cursors */

/* "<sort>.<depth>.<number>.<id>.<text>" in base64url: opaque outside, checked part by part inside. */
char *cursor_write(struct arena *a, enum sort order, const struct cursor *at)
{
	const char *plain = arena_printf(a, "%d.%lld.%lld.%s.%s", (int)order, (long long)at->depth,
		(long long)at->number, at->id.s, at->text == NULL ? "" : at->text);

	return base64url(a, plain, strlen(plain));
}

bool cursor_read(struct arena *a, const char *text, enum sort order, struct cursor *at_r)
{
	struct str rest, sort, depth, number, id;
	struct cursor at = {.set = true};
	int64_t sort_no;

	if (!base64url_decode(a, str_of(text), &rest) || !utf8_valid(rest))
		return false;
	if (!str_next(&rest, '.', &sort) || !str_next(&rest, '.', &depth) || !str_next(&rest, '.', &number) ||
		!str_next(&rest, '.', &id) || rest.p == NULL)
		return false;
	if (!str_int64(sort, &sort_no) || sort_no != (int64_t)order || !str_int64(depth, &at.depth) || at.depth < 1)
		return false;
	if (!str_int64(number, &at.number) || !uuid_parse(id, &at.id))
		return false;
	at.text = str_dup(a, rest);
	*at_r = at;
	return true;
}

static enum sort sort_of(const struct listing_query *q)
{
	for (int i = 0; q->sort != NULL && SORT_NAMES[i] != NULL; i++)
		if (strcmp(q->sort, SORT_NAMES[i]) == 0)
			return (enum sort)(i + 1);
	return SORT_RELEVANCE;
}

err_t list_prepare(struct ctx *c, struct listing_query *q)
{
	q->order = sort_of(q);
	/* Without words nothing is more relevant than what others buy. */
	if (q->order == SORT_RELEVANCE && q->q == NULL)
		q->order = SORT_BESTSELLING;
	if (q->limit == 0)
		q->limit = LIST_DEFAULT;
	if (q->page > 0)
		q->offset = (q->page - 1) * q->limit;
	if (q->cursor_text != NULL && !cursor_read(c->arena, q->cursor_text, q->order, &q->after))
		return fail(c, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	return OK;
}

/* ------------------------------------------------------------------ words */

/* Code points, or bytes of what is no UTF-8. */
static size_t letters(const char *text, uint32_t *out)
{
	size_t n = 0;

	while (*text != '\0' && n < WORD_MAX) {
		uint32_t letter = (unsigned char)*text++;
		while (((unsigned char)*text & 0xC0) == 0x80)
			letter = letter << 8 | (unsigned char)*text++;
		out[n++] = letter;
	}
	return n;
}

int edit_distance(const char *a, const char *b)
{
	uint32_t x[WORD_MAX], y[WORD_MAX];
	int row[3][WORD_MAX + 1];
	size_t nx = letters(a, x), ny = letters(b, y);
	int *before = row[0], *above = row[1], *here = row[2];

	for (size_t j = 0; j <= ny; j++)
		above[j] = (int)j;
	for (size_t i = 1; i <= nx; i++) {
		here[0] = (int)i;
		for (size_t j = 1; j <= ny; j++) {
			int cost = x[i - 1] == y[j - 1] ? 0 : 1;
			int best = above[j - 1] + cost;
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (here[j - 1] + 1 < best)
				best = here[j - 1] + 1;
			/* Two neighbours swapped are one slip of the fingers. */
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
				before[j - 2] + cost < best)
				best = before[j - 2] + cost;
			here[j] = best;
		}
		int *spare = before;
		before = above;
		above = here;
		here = spare;
	}
	return above[ny];
}

/* One slip in a short word, two in a longer one, three in a long one. */
static int slips_allowed(const char *word)
{
	size_t n = utf8_length(str_of(word));

	return n <= 4 ? 1 : n <= 8 ? 2 : 3;
}

static const char *likeliest(const struct similar_word *words, size_t n)
{
	const struct similar_word *best = NULL;
	int best_distance = 0;

	for (size_t i = 0; i < n; i++) {
		if (words[i].candidate == NULL || words[i].hits == 0)
			continue;
		int distance = edit_distance(words[i].typed, words[i].candidate);
		if (distance > slips_allowed(words[i].typed))
			continue;
		if (best == NULL || distance < best_distance ||
			(distance == best_distance && words[i].hits > best->hits)) {
			best = &words[i];
			best_distance = distance;
		}
	}
	return best == NULL ? words[0].typed : best->candidate;
}

const char *corrected_query(struct arena *a, const struct similar_word *words, size_t n)
{
	struct buf out;
	bool changed = false;

	buf_init(&out, a, 2000);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && words[end].n == words[i].n;)
			end++;
		const char *word = likeliest(words + i, end - i);
		changed = changed || strcmp(word, words[i].typed) != 0;
		buf_printf(&out, "%s%s", out.len > 0 ? " " : "", word);
	}
	return changed && buf_ok(&out) ? out.p : NULL;
}

int64_t percent_off(int64_t price_minor, int64_t list_minor)
{
	return list_minor <= price_minor ? 0 : money_round_div(list_minor - price_minor, 100, list_minor);
}
