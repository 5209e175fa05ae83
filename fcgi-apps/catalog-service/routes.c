/* routes.c - every URL of catalog-service. */
#include "service.h"

#define READ "products:read"
#define WRITE "products:write"
#define PRODUCT_MAX ((size_t)512 * 1024)
/* The file and what a browser sends around it. */
#define UPLOAD_MAX(bytes) ((bytes) + 64 * 1024)

const struct route CATALOG_ROUTES[] = {
	{METHOD_GET, "/api/v1/products", get_products, ACCESS_PUBLIC, .query = &PRODUCTS_BIND, .help = "List products"},
	{METHOD_POST, "/api/v1/products", post_product, ACCESS_STAFF, WRITE, .body = &ROW_BIND, .body_max = PRODUCT_MAX, .help = "Create a product"},
	{METHOD_GET, "/api/v1/products/{id}", get_product, ACCESS_PUBLIC, .help = "Get a product by id or slug"},
	{METHOD_PATCH, "/api/v1/products/{id}", patch_product, ACCESS_STAFF, WRITE, .body = &PATCH_BIND, .body_max = PRODUCT_MAX,
		.help = "Change a product"},
	{METHOD_DELETE, "/api/v1/products/{id}", delete_product, ACCESS_STAFF, WRITE, .help = "Archive a product"},
	{METHOD_GET, "/api/v1/search", get_search, ACCESS_PUBLIC, .query = &SEARCH_BIND, .help = "Search products"},
	{METHOD_GET, "/api/v1/suggest", get_suggest, ACCESS_PUBLIC, .query = &SUGGEST_BIND, .help = "Suggest queries and products"},
	{METHOD_GET, "/api/v1/categories", get_categories, ACCESS_PUBLIC, .help = "Get the tree of categories"},
	{METHOD_GET, "/api/v1/categories/{slug*}", get_category, ACCESS_PUBLIC, .help = "Get a category"},
	{METHOD_GET, "/api/v1/imports", get_imports, ACCESS_STAFF, READ, .query = &IMPORT_LIST_BIND, .help = "List imports"},
	{METHOD_POST, "/api/v1/imports", post_import, ACCESS_STAFF, WRITE, ROUTE_RAW_BODY, .query = &IMPORT_BIND, .body_max = IMPORT_MAX_BYTES,
		.help = "Import products from CSV or NDJSON"},
	{METHOD_GET, "/api/v1/imports/{id}", get_import, ACCESS_STAFF, READ, .help = "Get an import and its report"},
	{METHOD_GET, "/api/v1/exports/products.csv", export_csv, ACCESS_STAFF, READ, .help = "Export products as CSV"},
	{METHOD_GET, "/api/v1/exports/products.ndjson", export_ndjson, ACCESS_STAFF, READ, .help = "Export products as NDJSON"},

	{METHOD_GET, "/", page_home, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "Home page"},
	{METHOD_GET, "/c/{path*}", page_category, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .query = &LIST_PAGE_BIND, .help = "Category"},
	{METHOD_GET, "/p/{slug}", page_product, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "Product"},
	{METHOD_GET, "/search", page_search, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .query = &LIST_PAGE_BIND, .help = "Search"},
	{METHOD_GET, "/media/{file}", get_media, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE, .help = "Picture"},
	{METHOD_GET, "/sitemap.xml", get_sitemap, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "Sitemap"},
	{METHOD_GET, "/sitemap/{part}", get_sitemap_part, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "Part of the sitemap"},
	{METHOD_GET, "/robots.txt", get_robots, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "Rules for crawlers"},

	{METHOD_GET, "/admin/products", page_admin_products, ACCESS_STAFF, READ, ROUTE_PAGE, .query = &ADMIN_BIND, .help = "Product list"},
	{METHOD_GET, "/admin/products/new", page_admin_product_new, ACCESS_STAFF, WRITE, ROUTE_PAGE, .help = "New product"},
	{METHOD_POST, "/admin/products", page_admin_product_create, ACCESS_STAFF, WRITE, ROUTE_PAGE, .body = &PRODUCT_FORM_BIND,
		.body_max = PRODUCT_MAX, .on_invalid = page_admin_product_new, .help = "Create a product"},
	{METHOD_GET, "/admin/products/{id}", page_admin_product, ACCESS_STAFF, READ, ROUTE_PAGE, .help = "One product"},
	{METHOD_POST, "/admin/products/{id}", page_admin_product_save, ACCESS_STAFF, WRITE, ROUTE_PAGE, .body = &PRODUCT_FORM_BIND,
		.body_max = PRODUCT_MAX, .on_invalid = page_admin_product, .help = "Change a product"},
	{METHOD_POST, "/admin/products/{id}/archive", page_admin_product_archive, ACCESS_STAFF, WRITE, ROUTE_PAGE, .help = "Archive a product"},
	{METHOD_POST, "/admin/products/{id}/images", page_admin_image_add, ACCESS_STAFF, WRITE, ROUTE_PAGE | ROUTE_UPLOAD,
		.body = &IMAGE_FORM_BIND, .body_max = UPLOAD_MAX(PICTURE_MAX_BYTES), .on_invalid = page_admin_product, .help = "Add a picture"},
	{METHOD_POST, "/admin/products/images/{id}/delete", page_admin_image_delete, ACCESS_STAFF, WRITE, ROUTE_PAGE, .help = "Delete a picture"},
	{METHOD_POST, "/admin/products/images/{id}/first", page_admin_image_first, ACCESS_STAFF, WRITE, ROUTE_PAGE, .help = "Show a picture first"},
	{METHOD_GET, "/admin/categories", page_admin_categories, ACCESS_STAFF, READ, ROUTE_PAGE, .query = &ADMIN_BIND, .help = "Tree of categories"},
	{METHOD_POST, "/admin/categories", page_admin_category_create, ACCESS_STAFF, WRITE, ROUTE_PAGE, .body = &CATEGORY_FORM_BIND,
		.on_invalid = page_admin_categories, .help = "Create a category"},
	{METHOD_POST, "/admin/categories/{id}", page_admin_category_save, ACCESS_STAFF, WRITE, ROUTE_PAGE, .body = &CATEGORY_FORM_BIND,
		.on_invalid = page_admin_category_again, .help = "Change a category"},
	{METHOD_POST, "/admin/categories/{id}/delete", page_admin_category_delete, ACCESS_STAFF, WRITE, ROUTE_PAGE,
		.on_invalid = page_admin_categories, .help = "Delete an empty category"},
	{METHOD_GET, "/admin/imports", page_admin_imports, ACCESS_STAFF, READ, ROUTE_PAGE, .query = &ADMIN_BIND, .help = "Imports"},
	{METHOD_POST, "/admin/imports", page_admin_import_create, ACCESS_STAFF, WRITE, ROUTE_PAGE | ROUTE_UPLOAD, .body = &IMPORT_FORM_BIND,
		.body_max = UPLOAD_MAX(IMPORT_MAX_BYTES), .on_invalid = page_admin_imports, .help = "Upload and import"},
	{METHOD_GET, "/admin/imports/{id}", page_admin_import, ACCESS_STAFF, READ, ROUTE_PAGE, .help = "Report of an import"},
	{0},
};
