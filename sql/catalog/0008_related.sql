-- What goes well with a product: the best of its category, without reading all others.
create index listing_related on catalog.listing (category, in_stock desc, popularity desc, product_id desc);
