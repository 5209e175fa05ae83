-- Every order pays for every index. These two are never used: the list's filters are optional, so
-- a part of a name is looked for along the list's order; and no one asks for an order by its payment.
drop index orders.orders_by_name;
alter table orders.orders drop constraint orders_payment_id_key;
