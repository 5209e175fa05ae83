/*
 * authenticator.h - a device of WebAuthn in the test's own process: it makes one ES256
 * passkey and signs with it, rightly or wrongly. Include it after testing.h.
 */
#ifndef TEST_AUTHENTICATOR_H
#define TEST_AUTHENTICATOR_H

#include <openssl/evp.h>

#include "base/ctx.h"
#include "base/str.h"

#define DEVICE_ID_BYTES 32
#define DEVICE_DATA_MAX 1024

struct device_data {
	unsigned char p[DEVICE_DATA_MAX];
	size_t n;
};

/* The key of this process' device. */
EVP_PKEY *device_key(void);
void device_put(struct device_data *b, const void *p, size_t n);
void device_hex(struct device_data *b, const char *hex);
/* Parts of the authenticator's data: site, flags and count; the passkey's id (bytes 0, 1, 2 …); its COSE key. */
void device_head(struct device_data *b, const char *rp_id, unsigned char flags, unsigned char count);
void device_credential(struct device_data *b);
void device_cose(struct device_data *b);
struct str device_bytes(const struct device_data *b);
/* Around the data, as a browser hands it over; lasts until the next call. */
struct str device_attestation(const struct device_data *data);
struct str device_sign(struct ctx *c, EVP_PKEY *with, const struct device_data *data, const char *client);

#endif
