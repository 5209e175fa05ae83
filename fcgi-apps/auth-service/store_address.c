/* store_address.c - saved addresses: one statement, one function. */
#include "store_account.h"

#define ADDRESS_LIST "id, name, line1, line2, city, region, postal_code, country, phone, is_default, version"

static const struct db_column ADDRESS_COLUMNS[] = {
	DB_COLUMN(struct address, id, DB_UUID),
	DB_COLUMN(struct address, name, DB_TEXT),
	DB_COLUMN(struct address, line1, DB_TEXT),
	DB_COLUMN(struct address, line2, DB_TEXT),
	DB_COLUMN(struct address, city, DB_TEXT),
	DB_COLUMN(struct address, region, DB_TEXT),
	DB_COLUMN(struct address, postal_code, DB_TEXT),
	DB_COLUMN(struct address, country, DB_TEXT),
	DB_COLUMN(struct address, phone, DB_TEXT),
	DB_COLUMN(struct address, is_default, DB_BOOL),
	DB_COLUMN(struct address, version, DB_INT64),
};

static const struct db_stmt ADDRESSES = DB_ROWS("address_list", struct address, ADDRESS_COLUMNS,
	SQL("select " ADDRESS_LIST " from auth.address where account_id = $1::uuid order by is_default desc, created_at, id"));
static const struct db_stmt ADDRESS_BY_ID = DB_ROWS("address_by_id", struct address, ADDRESS_COLUMNS,
	SQL("select " ADDRESS_LIST " from auth.address where account_id = $1::uuid and id = $2::uuid"));
static const struct db_stmt ADDRESS_INSERT = DB_EXEC("address_insert",
	SQL("insert into auth.address (account_id, id, name, line1, line2, city, region, postal_code, country, phone, is_default)"
	    " values ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11::boolean)"));
static const struct db_stmt ADDRESS_SAVE = DB_EXEC("address_save",
	SQL("update auth.address set name = $3, line1 = $4, line2 = $5, city = $6, region = $7, postal_code = $8, country = $9,"
	    " phone = $10, is_default = $11::boolean, version = version + 1 where account_id = $1::uuid and id = $2::uuid"));
static const struct db_stmt ADDRESS_NO_DEFAULT = DB_EXEC("address_no_default",
	SQL("update auth.address set is_default = false, version = version + 1"
	    " where account_id = $1::uuid and is_default and id <> $2::uuid"));
static const struct db_stmt ADDRESS_DELETE =
	DB_EXEC("address_delete", SQL("delete from auth.address where account_id = $1::uuid and id = $2::uuid"));
static const struct db_stmt ADDRESS_SOME_DEFAULT = DB_EXEC("address_some_default",
	SQL("update auth.address set is_default = true, version = version + 1 where id = ("
	    "select id from auth.address where account_id = $1::uuid order by created_at, id limit 1)"
	    " and not exists (select from auth.address where account_id = $1::uuid and is_default)"));

const struct db_stmt *const ADDRESS_STATEMENTS[] = {&ADDRESSES, &ADDRESS_BY_ID, &ADDRESS_INSERT, &ADDRESS_SAVE,
	&ADDRESS_NO_DEFAULT, &ADDRESS_DELETE, &ADDRESS_SOME_DEFAULT, NULL};

err_t address_store_list(struct ctx *c, const struct uuid *account, struct address **rows_r, size_t *n_r)
{
	return db_rows(c, &ADDRESSES, PARAMS(P_UUID(account)), rows_r, n_r);
}

err_t address_store_get(struct ctx *c, const struct uuid *account, const struct uuid *id, struct address *address_r)
{
	return db_one(c, &ADDRESS_BY_ID, PARAMS(P_UUID(account), P_UUID(id)), address_r);
}

static void write_address(struct ctx *c, const struct db_stmt *s, const struct uuid *account, const struct address *a)
{
	if (a->is_default)
		db_defer(c, &ADDRESS_NO_DEFAULT, PARAMS(P_UUID(account), P_UUID(&a->id)));
	db_defer(c, s,
		PARAMS(P_UUID(account), P_UUID(&a->id), P_TEXT(a->name), P_TEXT(a->line1), P_TEXT(a->line2), P_TEXT(a->city),
			P_TEXT(a->region), P_TEXT(a->postal_code), P_TEXT(a->country), P_TEXT(a->phone),
			P_BOOL(a->is_default)));
}

void address_store_insert(struct ctx *c, const struct uuid *account, const struct address *a)
{
	write_address(c, &ADDRESS_INSERT, account, a);
}

void address_store_save(struct ctx *c, const struct uuid *account, const struct address *a)
{
	write_address(c, &ADDRESS_SAVE, account, a);
}

err_t address_store_delete(struct ctx *c, const struct uuid *account, const struct uuid *id)
{
	int64_t gone = 0;

	TRY(db_exec(c, &ADDRESS_DELETE, PARAMS(P_UUID(account), P_UUID(id)), &gone));
	if (gone == 0)
		return fail(c, &ERR_NOT_FOUND, "there is no such address");
	db_defer(c, &ADDRESS_SOME_DEFAULT, PARAMS(P_UUID(account)));
	return OK;
}
