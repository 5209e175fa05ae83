/* pages.h - the system pages of the back office: their contexts, and where they are. */
#ifndef ES_PAGES_H
#define ES_PAGES_H

#include "store_staff.h"

#define SYSTEM_PATH "/admin/system"

/* Paths below the system page; act may be NULL. name is of a subscription or a queue, and is encoded. */
const char *subscription_href(struct request *rq, const char *name, const char *act);
const char *queue_href(struct request *rq, const char *name, const char *act);
const char *letter_href(struct request *rq, const struct uuid *id, const char *act);

/* "12 s", "4 min", "3 h", "2 d". */
const char *span_text(struct request *rq, int64_t secs);
/* The text of key.one or key.other with {count}. */
const char *count_text(struct request *rq, const char *key, int64_t n);

/* The context of each page, without what the frame adds. */
json_t *view_system_page(struct request *rq, const struct dead_query *q, const struct system_state *s);
json_t *view_subscription_page(struct request *rq, const struct subscription_detail *d);
/* What the subscription page's replay form has chosen: time, position or start. */
void view_replay_choice(struct request *rq, json_t *context, const char *chosen);
json_t *view_dead_letter_page(struct request *rq, const struct dead_letter *d);

#endif
