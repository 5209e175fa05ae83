/* pages_categories.c - the tree of categories in the back office. */
#include <string.h>

#include "service.h"

static json_t *rows_view(struct request *rq, const struct category *all, size_t n)
{
	struct arena *a = rq->ctx.arena;
	json_t *list = json_new_array(a);

	for (size_t i = 0; i < n; i++) {
		const struct category *k = &all[i];
		json_t *o = json_new_object(a);
		json_set_text(o, "id", k->id.s);
		json_set_text(o, "name", k->name);
		json_set_int(o, "depth", k->depth);
		json_set_text(o, "path", arena_printf(a, "/c/%s", k->path));
		json_set_int(o, "count", k->own_products);
		json_set_text(o, "edit_href", arena_printf(a, "?edit=%s", k->id.s));
		json_set_text(o, "view_href", arena_printf(a, "/c/%s", k->path));
		json_set_text(o, "delete_href", arena_printf(a, "/admin/categories/%s/delete", k->id.s));
		json_set_bool(o, "can_delete", k->own_products == 0 && k->children == 0);
		json_add(list, o);
	}
	return list;
}

static void set_form(struct request *rq, json_t *context, const struct category *edited)
{
	json_t *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);

	json_set_text(values, "name", edited == NULL ? "" : edited->name);
	json_set_text(values, "slug", edited == NULL ? "" : edited->slug);
	json_set_text(values, "description", edited == NULL || edited->description == NULL ? "" : edited->description);
	json_set_int(values, "position", edited == NULL ? 100 : edited->position);
	json_set(form, "values", values);
	json_set(context, "form", form);
	json_set_text(context, "form_title",
		edited == NULL ? text(rq, "admin.categories.new", NULL, 0)
			       : text(rq, "admin.categories.edit", TEXT_ARGS({"name", edited->name})));
	json_set_text(context, "action",
		edited == NULL ? "/admin/categories"
			       : arena_printf(rq->ctx.arena, "/admin/categories/%s", edited->id.s));
}

/* Everything but the edited one and what is below it. */
static json_t *parents_view(struct request *rq, const struct category *all, size_t n, const struct category *edited)
{
	json_t *list = json_new_array(rq->ctx.arena);
	const char *sent = form_value(rq, "parent_id");
	const char *chosen = sent != NULL ? sent : edited != NULL ? edited->parent_id.s : "";
	const char *own = edited == NULL ? NULL : arena_printf(rq->ctx.arena, "%s/", edited->path);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		if (edited != NULL && (strcmp(all[i].id.s, edited->id.s) == 0 || str_starts(str_of(all[i].path), own)))
			continue;
		json_set_text(o, "id", all[i].id.s);
		json_set_text(o, "path_text", all[i].names_text);
		json_set_bool(o, "selected", strcmp(all[i].id.s, chosen) == 0);
		json_add(list, o);
	}
	return list;
}

static err_t show(struct request *rq, const char *edit)
{
	struct category *all, *edited = NULL;
	size_t n;
	json_t *context = json_new_object(rq->ctx.arena);
	struct page_info info = {.title = text(rq, "admin.categories.title", NULL, 0), .noindex = true};

	TRY(category_store_all(&rq->ctx, &all, &n));
	for (size_t i = 0; edit != NULL && i < n; i++)
		if (strcmp(all[i].id.s, edit) == 0)
			edited = &all[i];
	set_form(rq, context, edited);
	json_set(context, "parents", parents_view(rq, all, n, edited));
	json_set_bool(context, "can_write", subject_can(rq->subject, "products:write"));
	json_set_bool(context, "has_categories", n > 0);
	json_set(context, "categories", rows_view(rq, all, n));
	return page_respond(
		rq, rq->failure != OK ? rq->failure->status : 200, "catalog/admin-categories", context, &info);
}

err_t page_admin_categories(struct request *rq)
{
	const struct admin_query *q = rq->args;

	return show(rq, rq->route->method == METHOD_GET && q != NULL ? q->edit : NULL);
}

/* A save that was refused: the same form, with the same category in it. */
err_t page_admin_category_again(struct request *rq)
{
	return show(rq, path_arg(rq, "id"));
}

static err_t saved(struct request *rq)
{
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, "/admin/categories");
}

static void audit_category(struct request *rq, const char *action, const struct uuid *id)
{
	const struct category_input *in = rq->input;
	json_t *after = in != NULL ? json_new_object(rq->ctx.arena) : NULL;

	if (in != NULL) {
		json_set_text(after, "name", in->name);
		json_set_text(after, "slug", in->slug);
		json_set_text(after, "parent_id", uuid_is_set(&in->parent_id) ? in->parent_id.s : NULL);
		json_set_int(after, "position", in->position);
	}
	audit_record(rq,
		&(struct audit_entry){.action = action,
			.object_type = id != NULL ? "category" : NULL,
			.object_id = id != NULL ? id->s : NULL,
			.after = after});
}

err_t page_admin_category_create(struct request *rq)
{
	const struct uuid none = {{0}};

	TRY(category_store_save(&rq->ctx, &none, rq->input));
	audit_category(rq, "category.create", NULL);
	return saved(rq);
}

err_t page_admin_category_save(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(category_store_save(&rq->ctx, &id, rq->input));
	audit_category(rq, "category.update", &id);
	return saved(rq);
}

err_t page_admin_category_delete(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(category_store_delete(&rq->ctx, &id));
	audit_category(rq, "category.delete", &id);
	return saved(rq);
}
