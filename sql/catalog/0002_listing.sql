-- The search row: one per product that a shopper can see, rebuilt by catalog.reindex() in
-- the transaction of whatever changed.

create table catalog.listing (
	product_id  uuid primary key references catalog.product,
	slug        text not null,
	name        text not null,
	name_key    text not null collate "C",       -- the beginning of plain(name): for sorting and ranking
	brand       text,
	brand_slug  text,
	category    text,                            -- path of its own category
	categories  text[] not null,                 -- that and all above
	pairs       text[] not null,                 -- name US value of attributes and options, US = U+001F
	currency    text not null,
	price_minor bigint not null,                 -- of the cheapest variant, in the shop's currency when it has one there
	list_minor  bigint,
	price_from  boolean not null,                -- variants differ in price
	in_stock    boolean not null,
	popularity  bigint not null,
	created_at  timestamptz not null,
	image_url   text,
	image_alt   text,
	image_width integer,
	image_height integer,
	tsv         tsvector not null,
	sample      integer not null                 -- 0 … 15: every sixteenth row estimates large counts
);
create index listing_tsv on catalog.listing using gin (tsv);
create index listing_categories on catalog.listing using gin (categories);
create index listing_pairs on catalog.listing using gin (pairs);
create index listing_price on catalog.listing (price_minor, product_id);
create index listing_popularity on catalog.listing (popularity desc, product_id desc);
create index listing_name on catalog.listing (name_key, product_id);
create index listing_name_words on catalog.listing (name_key text_pattern_ops);
create index listing_sample on catalog.listing (sample);

-- Words of names, brands and categories: what a mistyped word is compared with. Only grows;
-- a correction is offered only when it finds something.
create table catalog.vocabulary (
	word text primary key
);
create index vocabulary_trigrams on catalog.vocabulary using gin (word public.gin_trgm_ops);
create index vocabulary_beginnings on catalog.vocabulary (word text_pattern_ops);

-- Words in lower case without accents and punctuation, one space between them.
create function catalog.plain(p_text text) returns text language sql stable parallel safe as $$
	select btrim(regexp_replace(lower(public.unaccent(coalesce(p_text, ''))), '[^[:alnum:]]+', ' ', 'g'))
$$;

-- Every word must be there: as the beginning of a word as written, or as an English word's stem.
-- Words such as "the" count only when there is nothing else.
create function catalog.query_of(p_text text) returns tsquery language plpgsql stable parallel safe as $$
declare
	words text[] := (string_to_array(catalog.plain(p_text), ' '))[1:12];
	w text;
	stem tsquery;
	q tsquery;
begin
	foreach w in array words loop
		continue when w = '';
		stem := plainto_tsquery('pg_catalog.english', w);
		continue when numnode(stem) = 0 and cardinality(words) > 1;
		stem := to_tsquery('pg_catalog.simple', quote_literal(w) || ':*') || stem;
		q := case when q is null then stem else q && stem end;
	end loop;
	return q;
end $$;

-- Relevance as an integer: where the words stand, then the whole name, then what others like.
create function catalog.rank_of(p_tsv tsvector, p_query tsquery, p_plain text, p_name_key text, p_popularity bigint)
returns bigint language sql immutable parallel safe as $$
	select (ts_rank('{0.05, 0.2, 0.4, 1.0}', p_tsv, p_query) * 100000)::bigint
		+ case when p_name_key = p_plain then 60000 when starts_with(p_name_key, p_plain) then 15000 else 0 end
		+ least(ln(1 + p_popularity) * 300, 6000)::bigint
$$;

create function catalog.shop_currency() returns text language plpgsql stable as $$
begin
	return coalesce((select value from platform.setting where key = 'currency'), 'EUR');
end $$;

create function catalog.pairs_of(p_product uuid, p_attributes jsonb) returns text[] language sql stable as $$
	select coalesce(array_agg(distinct d.name || E'\x1f' || d.value), '{}') from (
		select a.key as name, x.value #>> '{}' as value
		  from jsonb_each(p_attributes) a
		 cross join lateral jsonb_array_elements(case when jsonb_typeof(a.value) = 'array' then a.value
			else jsonb_build_array(a.value) end) as x(value)
		union all
		select o.key, o.value from catalog.variant v cross join lateral jsonb_each_text(v.options) o
		 where v.product_id = p_product and v.active) d
	 -- what is longer is a story, not something to filter by
	 where octet_length(d.value) between 1 and 200
$$;

create function catalog.tsv_of(p_name text, p_brand text, p_skus text, p_categories text, p_pairs text[], p_description text)
returns tsvector language sql stable as $$
	select setweight(to_tsvector('pg_catalog.simple', d.name), 'A') || setweight(to_tsvector('pg_catalog.english', d.name), 'A')
		|| setweight(to_tsvector('pg_catalog.simple', catalog.plain(p_brand) || ' ' || catalog.plain(p_skus)), 'B')
		|| setweight(to_tsvector('pg_catalog.simple', d.facts), 'C') || setweight(to_tsvector('pg_catalog.english', d.facts), 'C')
		|| setweight(to_tsvector('pg_catalog.simple', d.story), 'D') || setweight(to_tsvector('pg_catalog.english', d.story), 'D')
	  from (select catalog.plain(p_name) as name, catalog.plain(left(p_description, 10000)) as story,
			catalog.plain(coalesce(p_categories, '') || ' ' || array_to_string(p_pairs, ' ')) as facts) d
$$;

-- Rebuild the search rows of these products, as of this moment.
create function catalog.reindex(p_products uuid[], p_at timestamptz) returns void language plpgsql as $$
declare
	shop constant text := catalog.shop_currency();
begin
	-- One product at a time by index, whatever the planner knows of tables that are just being filled:
	-- "offset 0" keeps it from joining all prices first.
	insert into catalog.listing as l
	select p.id, p.slug, p.name, left(catalog.plain(p.name), 200), b.name, b.slug, c.path,
		coalesce((select array_agg(array_to_string((string_to_array(c.path, '/'))[1:n], '/'))
			from generate_series(1, cardinality(c.names)) n), '{}'),
		f.pairs, best.currency, best.amount_minor, case when best.list_minor > best.amount_minor then best.list_minor end,
		best.highest > best.amount_minor, s.in_stock, p.popularity, p.created_at, i.url, i.alt, i.width, i.height,
		catalog.tsv_of(p.name, b.name, s.skus || ' ' || p.sku, array_to_string(c.names, ' '), f.pairs, p.description),
		hashtext(p.id::text) & 15
	  from (select * from catalog.product where id = any (p_products) and status = 'active' offset 0) p
	 cross join lateral (
		select bool_or(v.in_stock) as in_stock, string_agg(v.sku || ' ' || coalesce(v.barcode, ''), ' ') as skus
		  from catalog.variant v where v.product_id = p.id and v.active) s
	 cross join lateral (
		select x.currency, x.amount_minor, x.list_minor, max(x.amount_minor) over (partition by x.currency) as highest
		  from (select v.id from catalog.variant v where v.product_id = p.id and v.active offset 0) v
		 cross join lateral (
			select pr.currency, pr.amount_minor, pr.list_minor from catalog.price pr
			 where pr.variant_id = v.id and pr.price_list = 'standard' and (pr.valid @> p_at) is true offset 0) x
		 order by (x.currency = shop) desc, x.currency, x.amount_minor limit 1) best
	  left join lateral (
		select url, alt, width, height from catalog.product_image where product_id = p.id order by position limit 1) i on true
	  left join catalog.brand b on b.id = p.brand_id
	  left join catalog.category c on c.id = p.category_id
	 cross join lateral (select catalog.pairs_of(p.id, p.attributes) as pairs) f
	on conflict (product_id) do update set slug = excluded.slug, name = excluded.name, name_key = excluded.name_key,
		brand = excluded.brand, brand_slug = excluded.brand_slug, category = excluded.category,
		categories = excluded.categories, pairs = excluded.pairs, currency = excluded.currency,
		price_minor = excluded.price_minor, list_minor = excluded.list_minor, price_from = excluded.price_from,
		in_stock = excluded.in_stock, popularity = excluded.popularity, created_at = excluded.created_at,
		image_url = excluded.image_url, image_alt = excluded.image_alt, image_width = excluded.image_width,
		image_height = excluded.image_height, tsv = excluded.tsv
	 where (l.*) is distinct from (excluded.*);

	delete from catalog.listing l
	 where l.product_id = any (p_products)
	   and (not exists (select from catalog.product p where p.id = l.product_id and p.status = 'active' offset 0)
		or not exists (
			select from (select v.id from catalog.variant v where v.product_id = l.product_id and v.active offset 0) v
			 cross join lateral (select from catalog.price pr where pr.variant_id = v.id and pr.price_list = 'standard'
				and (pr.valid @> p_at) is true offset 0) x));

	insert into catalog.vocabulary (word)
	select distinct w from catalog.listing l
	 cross join lateral unnest(string_to_array(l.name_key || ' ' || catalog.plain(l.brand) || ' '
		|| coalesce((select catalog.plain(array_to_string(c.names, ' ')) from catalog.category c where c.path = l.category), ''), ' ')) w
	 where l.product_id = any (p_products) and length(w) between 3 and 40 and w !~ '^[0-9]+$'
	on conflict do nothing;
end $$;

-- For each word of a query that no product word begins with: product words that look like it.
create function catalog.similar_words(p_text text)
returns table (n bigint, typed text, candidate text, hits bigint) language sql stable
set pg_trgm.similarity_threshold = 0.15 as $$
	select t.n, t.word, v.word, coalesce(h.hits, 0)
	  from unnest((string_to_array(catalog.plain(p_text), ' '))[1:12]) with ordinality as t(word, n)
	  left join lateral (
		select o.word from catalog.vocabulary o
		 where o.word operator(public.%) t.word and abs(length(o.word) - length(t.word)) <= 3
		   and not exists (select from catalog.vocabulary k where k.word ^@ t.word)
		 order by public.similarity(o.word, t.word) desc, o.word limit 16) v on length(t.word) >= 3
	  left join lateral (
		select count(*) as hits from (select from catalog.listing l
			where l.tsv @@ to_tsquery('pg_catalog.simple', quote_literal(v.word)) limit 50) x) h on v.word is not null
	 order by t.n
$$;

grant select, insert, update, delete on catalog.listing, catalog.vocabulary to es_catalog;
grant execute on function catalog.plain(text), catalog.query_of(text), catalog.shop_currency(), catalog.pairs_of(uuid, jsonb),
	catalog.rank_of(tsvector, tsquery, text, text, bigint), catalog.tsv_of(text, text, text, text, text[], text),
	catalog.reindex(uuid[], timestamptz), catalog.similar_words(text) to es_catalog;
