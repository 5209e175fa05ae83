/*
 * media.c - what a picture is, by its bytes: type and size. No decoding: the browser does
 * that; a file that only looks like a picture is shown as a broken one.
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_UNKNOWN 800
#define SVG_HEAD_BYTES 4096

static int64_t big_endian(const char *p, size_t n)
{
	int64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | (unsigned char)p[i];
	return value;
}

static int64_t little_endian(const char *p, size_t n)
{
	int64_t value = 0;

	for (size_t i = n; i > 0; i--)
		value = value << 8 | (unsigned char)p[i - 1];
	return value;
}

static bool begins(struct str s, const char *magic, size_t n)
{
	return s.n >= n && memcmp(s.p, magic, n) == 0;
}

/* The frame header (SOFn) among a JPEG's segments holds the size. */
static bool jpeg_size(struct str s, struct picture *p)
{
	for (size_t i = 2; i + 9 < s.n && (unsigned char)s.p[i] == 0xFF;) {
		unsigned char kind = (unsigned char)s.p[i + 1];
		bool frame = kind >= 0xC0 && kind <= 0xCF && kind != 0xC4 && kind != 0xC8 && kind != 0xCC;
		if (frame) {
			p->height = big_endian(s.p + i + 5, 2);
			p->width = big_endian(s.p + i + 7, 2);
			return true;
		}
		i += 2 + (size_t)big_endian(s.p + i + 2, 2);
	}
	return false;
}

static bool webp_size(struct str s, struct picture *p)
{
	if (s.n < 30)
		return false;
	if (memcmp(s.p + 12, "VP8X", 4) == 0) {
		p->width = little_endian(s.p + 24, 3) + 1;
		p->height = little_endian(s.p + 27, 3) + 1;
	} else if (memcmp(s.p + 12, "VP8L", 4) == 0) {
		int64_t bits = little_endian(s.p + 21, 4);
		p->width = (bits & 0x3FFF) + 1;
		p->height = (bits >> 14 & 0x3FFF) + 1;
	} else {
		p->width = little_endian(s.p + 26, 2) & 0x3FFF;
		p->height = little_endian(s.p + 28, 2) & 0x3FFF;
	}
	return true;
}

/* viewBox="0 0 W H" of the root element, or the default: a drawing has no size of its own. */
static void svg_size(const char *head, struct picture *p)
{
	const char *box = strstr(head, "viewBox=\"");
	double number[4] = {0};

	p->width = p->height = SIZE_UNKNOWN;
	if (box == NULL)
		return;
	char *at = (char *)(uintptr_t)(box + strlen("viewBox=\""));
	for (size_t i = 0; i < 4; i++) {
		number[i] = strtod(at, &at);
		at += *at == ',';
	}
	if (number[2] >= 1 && number[2] < 100000 && number[3] >= 1 && number[3] < 100000) {
		p->width = (int64_t)number[2];
		p->height = (int64_t)number[3];
	}
}

static bool svg_sniff(struct str bytes, struct picture *p)
{
	char head[SVG_HEAD_BYTES + 1];
	size_t n = bytes.n < SVG_HEAD_BYTES ? bytes.n : SVG_HEAD_BYTES;

	if (!utf8_valid(bytes))
		return false;
	memcpy(head, bytes.p, n);
	head[n] = '\0';
	const char *first = head + strspn(head, " \t\r\n");
	if (strncmp(first, "<?xml", 5) != 0 && strncmp(first, "<svg", 4) != 0 && strncmp(first, "<!--", 4) != 0)
		return false;
	if (strstr(head, "<svg") == NULL)
		return false;
	*p = (struct picture){.extension = "svg", .content_type = "image/svg+xml"};
	svg_size(strstr(head, "<svg"), p);
	return true;
}

bool picture_sniff(struct str bytes, struct picture *picture_r)
{
	struct picture p = {0};
	bool good;

	if (begins(bytes, "\x89PNG\r\n\x1a\n", 8) && bytes.n >= 24) {
		p = (struct picture){"png", "image/png", big_endian(bytes.p + 16, 4), big_endian(bytes.p + 20, 4)};
		good = true;
	} else if (begins(bytes, "\xFF\xD8\xFF", 3)) {
		p = (struct picture){.extension = "jpg", .content_type = "image/jpeg"};
		good = jpeg_size(bytes, &p);
	} else if (begins(bytes, "GIF8", 4) && bytes.n >= 10) {
		p = (struct picture){"gif", "image/gif", little_endian(bytes.p + 6, 2), little_endian(bytes.p + 8, 2)};
		good = true;
	} else if (begins(bytes, "RIFF", 4) && bytes.n >= 12 && memcmp(bytes.p + 8, "WEBP", 4) == 0) {
		p = (struct picture){.extension = "webp", .content_type = "image/webp"};
		good = webp_size(bytes, &p);
	} else {
		good = svg_sniff(bytes, &p);
	}
	if (!good || p.width < 1 || p.height < 1 || p.width > 100000 || p.height > 100000)
		return false;
	*picture_r = p;
	return true;
}
