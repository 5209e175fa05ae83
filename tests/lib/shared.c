/*
 * shared.c - reads the shared data of tests.
 */
#include "shared.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((size_t)256 * 1024 * 1024)

static const char *shared_path(struct arena *a, const char *name)
{
	const char *root = getenv("ES_SHARED_DATA");
	return arena_printf(a, "%s/%s", root == NULL ? "../shared/data" : root, name);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

bool shared_read(struct arena *a, const char *name, struct str *text_r)
{
	const char *path = shared_path(a, name);
	if (access(path, R_OK) != 0)
		return false;
	const char *unpack = ends_with(name, ".zst") ? "zstd -dc" : ends_with(name, ".gz") ? "gzip -dc" : NULL;
	FILE *f = unpack == NULL ? fopen(path, "r") : popen(arena_printf(a, "%s '%s'", unpack, path), "r");
	if (f == NULL)
		return false;
	struct buf text;
	char part[65536];
	size_t n;
	buf_init(&text, a, FILE_MAX_BYTES);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&text, part, n);
	if (unpack == NULL)
		fclose(f);
	else
		pclose(f);
	*text_r = buf_str(&text);
	return buf_ok(&text);
}

char **shared_list(struct arena *a, const char *folder)
{
	struct dirent **entries;
	int n = scandir(shared_path(a, folder), &entries, NULL, alphasort);
	if (n < 0)
		return NULL;
	char **names = arena_array_of(a, (size_t)n + 1, char *);
	size_t kept = 0;
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			names[kept++] = arena_printf(a, "%s/%s", folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return names;
}
