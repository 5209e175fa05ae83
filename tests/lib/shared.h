/*
 * shared.h - real data and third-party suites that are not part of the repository:
 * found at $ES_SHARED_DATA, or ../shared/data. A test that needs them skips plainly.
 */
#ifndef TEST_SHARED_H
#define TEST_SHARED_H

#include "base/str.h"

/* The whole file, in the arena; false when it isn't there. A name ending in .zst or .gz is unpacked. */
bool shared_read(struct arena *a, const char *name, struct str *text_r) MUST_CHECK;
/* Paths (below the shared data) of all files in a folder, NULL-terminated; NULL when it isn't there. */
char **shared_list(struct arena *a, const char *folder) MUST_CHECK;

#endif
