/*
 * docs.c - an OpenAPI document as the members of a page: services, their operations, and
 * of each what goes in and what comes out. What the document does not say is left out.
 */
#include "bus.h"

#include <string.h>

static const char *const METHODS[] = {"get", "post", "put", "patch", "delete"};

#define REF_DEPTH_MAX 8

/* Follow {"$ref": "#/components/…"}; NULL when it leads nowhere. */
static const json_t *resolve(const json_t *root, const json_t *node)
{
	for (int depth = 0; depth < REF_DEPTH_MAX; depth++) {
		const char *reference = json_text(node, "$ref", NULL);
		struct str rest = str_of(reference), part;

		if (reference == NULL)
			return node;
		node = root;
		if (!str_next(&rest, '/', &part)) /* the "#" */
			return NULL;
		while (str_next(&rest, '/', &part)) {
			char name[128];

			if (part.n >= sizeof(name))
				return NULL;
			memcpy(name, part.p, part.n);
			name[part.n] = '\0';
			node = json_object_get(node, name);
		}
	}
	return NULL;
}

/* "string", "array of object", "string or null", "one of a, b". */
static void type_text(const json_t *root, const json_t *schema, struct buf *out)
{
	const json_t *type, *values, *one;
	size_t i;

	schema = resolve(root, schema);
	type = json_object_get(schema, "type");
	values = json_object_get(schema, "enum");
	if (json_is_array(values)) {
		buf_puts(out, "one of ");
		json_array_foreach(values, i, one)
			buf_printf(out, "%s%s", i > 0 ? ", " : "", json_is_string(one) ? json_string_value(one) : "…");
	} else if (json_is_array(type)) {
		json_array_foreach(type, i, one) buf_printf(out, "%s%s", i > 0 ? " or " : "", json_string_value(one));
	} else if (json_is_string(type) && strcmp(json_string_value(type), "array") == 0) {
		buf_puts(out, "array of ");
		type_text(root, json_object_get(schema, "items"), out);
	} else {
		buf_puts(out, json_is_string(type) ? json_string_value(type) : "any");
	}
}

static void set_type(struct request *rq, const json_t *root, json_t *o, const json_t *schema)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 1024);
	type_text(root, schema, &b);
	json_set_text(o, "type_text", buf_ok(&b) ? b.p : "any");
}

static json_t *parameters_of(struct request *rq, const json_t *root, const json_t *list)
{
	json_t *out = json_new_array(rq->ctx.arena);
	const json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
	{
		json_t *o = json_new_object(rq->ctx.arena);
		const json_t *full = resolve(root, p);

		json_set_text(o, "name", json_text(full, "name", ""));
		json_set_text(o, "in", json_text(full, "in", ""));
		json_set_bool(o, "required", json_bool(full, "required", false));
		json_set_text(o, "description", json_text(full, "description", NULL));
		set_type(rq, root, o, json_object_get(full, "schema"));
		json_add(out, o);
	}
	return out;
}

static bool listed(const json_t *names, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(
		names, i, one) if (json_is_string(one) && strcmp(json_string_value(one), name) == 0) return true;
	return false;
}

static json_t *body_of(struct request *rq, const json_t *root, const json_t *operation)
{
	json_t *out = json_new_array(rq->ctx.arena), *content, *field;
	const json_t *schema = NULL, *required;
	const char *name;

	content = json_object_get(resolve(root, json_object_get(operation, "requestBody")), "content");
	json_object_foreach(content, name, field) if (schema == NULL) schema =
		resolve(root, json_object_get(field, "schema"));
	required = json_object_get(schema, "required");
	json_object_foreach(json_object_get(schema, "properties"), name, field)
	{
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "name", name);
		json_set_bool(o, "required", listed(required, name));
		json_set_text(o, "description", json_text(field, "description", NULL));
		set_type(rq, root, o, field);
		json_add(out, o);
	}
	return out;
}

static json_t *responses_of(struct request *rq, const json_t *root, const json_t *operation)
{
	json_t *out = json_new_array(rq->ctx.arena), *response;
	const char *status;

	json_object_foreach(json_object_get(operation, "responses"), status, response)
	{
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "status", status);
		json_set_text(o, "description", json_text(resolve(root, response), "description", ""));
		json_add(out, o);
	}
	return out;
}

/* security absent or with an empty choice: anybody. */
static const char *access_text(struct request *rq, const json_t *operation)
{
	const char *permission = json_text(operation, "x-permission", NULL);
	const json_t *security = json_object_get(operation, "security"), *choice;
	bool open = json_array_size(security) == 0;
	size_t i;

	if (permission != NULL)
		return text(rq, "docs.access_staff", TEXT_ARGS({"permission", permission}));
	json_array_foreach(security, i, choice) open = open || json_object_size(choice) == 0;
	return text(rq, open ? "docs.access_public" : "docs.access_customer", NULL, 0);
}

static json_t *operation_of(
	struct request *rq, const json_t *root, const char *method, const char *path, const json_t *op)
{
	json_t *o = json_new_object(rq->ctx.arena);
	json_t *parameters = parameters_of(rq, root, json_object_get(op, "parameters")), *body = body_of(rq, root, op);
	char *upper = arena_strdup(rq->ctx.arena, method);

	for (char *p = upper; *p != '\0'; p++)
		*p = (char)(*p - ('a' - 'A'));
	json_set_text(o, "id", json_text(op, "operationId", ""));
	json_set_text(o, "method", upper);
	json_set_text(o, "path", path);
	json_set_text(o, "summary", json_text(op, "summary", ""));
	json_set_text(o, "description", json_text(op, "description", NULL));
	json_set_text(o, "access_text", access_text(rq, op));
	json_set_bool(o, "has_parameters", json_array_size(parameters) > 0);
	json_set(o, "parameters", parameters);
	json_set_bool(o, "has_body", json_array_size(body) > 0);
	json_set(o, "body_fields", body);
	json_set(o, "responses", responses_of(rq, root, op));
	return o;
}

static json_t *operations_of(struct request *rq, const json_t *root, const char *service)
{
	json_t *out = json_new_array(rq->ctx.arena), *item;
	const char *path;

	json_object_foreach(json_object_get(root, "paths"), path, item)
	{
		for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
			const json_t *op = json_object_get(item, METHODS[i]);

			if (op != NULL && strcmp(json_text(op, "x-service", ""), service) == 0)
				json_add(out, operation_of(rq, root, METHODS[i], path, op));
		}
	}
	return out;
}

json_t *docs_context(struct request *rq, const json_t *root)
{
	json_t *context = json_new_object(rq->ctx.arena), *api = json_new_object(rq->ctx.arena);
	json_t *services = json_new_array(rq->ctx.arena);
	const json_t *info = json_object_get(root, "info"), *service;
	size_t i;

	json_set_text(api, "title", json_text(info, "title", ""));
	json_set_text(api, "version", json_text(info, "version", ""));
	json_set_text(api, "description", json_text(info, "description", ""));
	json_set_text(api, "spec_href", "/api/openapi.json");
	json_array_foreach(json_object_get(root, "x-services"), i, service)
	{
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "id", json_text(service, "id", ""));
		json_set_text(o, "name", json_text(service, "name", ""));
		json_set_text(o, "description", json_text(service, "description", ""));
		json_set(o, "operations", operations_of(rq, root, json_text(service, "id", "")));
		json_add(services, o);
	}
	json_set(context, "api", api);
	json_set(context, "services", services);
	return context;
}
