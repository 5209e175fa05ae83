/* authenticator.c - see authenticator.h. */
#include "testing.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "authenticator.h"

EVP_PKEY *device_key(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_EC_gen("P-256");
	assert_non_null(key);
	return key;
}

void device_put(struct device_data *b, const void *p, size_t n)
{
	assert_true(b->n + n <= DEVICE_DATA_MAX);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void device_hex(struct device_data *b, const char *hex)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		const char pair[] = {hex[0], hex[1], '\0'};
		const unsigned char byte = (unsigned char)strtoul(pair, NULL, 16);
		device_put(b, &byte, 1);
	}
}

struct str device_bytes(const struct device_data *b)
{
	return (struct str){(const char *)b->p, b->n};
}

/* A COSE key of the device: {1: 2, 3: -7, -1: 1, -2: x, -3: y}. */
void device_cose(struct device_data *b)
{
	unsigned char point[65];
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(device_key(), OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n), 1);
	device_hex(b, "a5010203262001215820");
	device_put(b, point + 1, 32);
	device_hex(b, "225820");
	device_put(b, point + 33, 32);
}

void device_head(struct device_data *b, const char *rp_id, unsigned char flags, unsigned char count)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)rp_id, strlen(rp_id), hash);
	device_put(b, hash, sizeof(hash));
	device_put(b, &flags, 1);
	device_put(b, (unsigned char[4]){0, 0, 0, count}, 4);
}

void device_credential(struct device_data *b)
{
	device_put(b, (unsigned char[16]){0}, 16);
	device_put(b, (unsigned char[2]){0, DEVICE_ID_BYTES}, 2);
	for (unsigned char i = 0; i < DEVICE_ID_BYTES; i++)
		device_put(b, &i, 1);
}

/* {"fmt": "none", "attStmt": {}, "authData": data} */
struct str device_attestation(const struct device_data *data)
{
	static struct device_data b;

	b.n = 0;
	device_hex(&b, "a363666d74646e6f6e656761747453746d74a068617574684461746159");
	device_put(&b, (unsigned char[2]){(unsigned char)(data->n >> 8), (unsigned char)data->n}, 2);
	device_put(&b, data->p, data->n);
	return device_bytes(&b);
}

struct str device_sign(struct ctx *c, EVP_PKEY *with, const struct device_data *data, const char *client)
{
	unsigned char message[DEVICE_DATA_MAX + SHA256_DIGEST_LENGTH], *signature = arena_alloc(c->arena, DEVICE_DATA_MAX);
	size_t n = DEVICE_DATA_MAX;
	EVP_MD_CTX *signing = EVP_MD_CTX_new();

	memcpy(message, data->p, data->n);
	SHA256((const unsigned char *)client, strlen(client), message + data->n);
	assert_int_equal(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, with), 1);
	assert_int_equal(EVP_DigestSign(signing, signature, &n, message, data->n + SHA256_DIGEST_LENGTH), 1);
	EVP_MD_CTX_free(signing);
	return (struct str){(const char *)signature, n};
}

