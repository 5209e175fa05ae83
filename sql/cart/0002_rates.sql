-- What a European shop starts with: standard VAT rates in force in 2026 (EU member states,
-- their special territories apart, and the United Kingdom) and flat shipping to every country.
-- Where no rate is known, none is charged: an export.

insert into cart.tax_rate (country, rate_bp) values
	('AT', 2000), ('BE', 2100), ('BG', 2000), ('CY', 1900), ('CZ', 2100), ('DE', 1900), ('DK', 2500), ('EE', 2400),
	('ES', 2100), ('FI', 2550), ('FR', 2000), ('GB', 2000), ('GR', 2400), ('HR', 2500), ('HU', 2700), ('IE', 2300),
	('IT', 2200), ('LT', 2100), ('LU', 1700), ('LV', 2100), ('MT', 1800), ('NL', 2100), ('PL', 2300), ('PT', 2300),
	('RO', 2100), ('SE', 2500), ('SI', 2200), ('SK', 2300);

insert into cart.shipping_option (id, name, position) values
	('standard', 'Standard', 1),
	('express', 'Express', 2);

insert into cart.shipping_price (option_id, country, currency, price_minor, free_from_minor, days_min, days_max)
select option_id, country, currency, price_minor, free_from_minor, days_min, days_max
  from (values
	('standard', '{DE}'::text[],                            490, 6900, 2, 3),
	('express',  '{DE}',                                   1190, null, 1, 1),
	('standard', '{AT,BE,DK,FR,LU,NL,PL,CZ}',               790, 9900, 3, 5),
	('express',  '{AT,BE,DK,FR,LU,NL,PL,CZ}',              1690, null, 1, 2),
	('standard', '{BG,CY,EE,ES,FI,GB,GR,HR,HU,IE,IT,LT,LV,MT,PT,RO,SE,SI,SK,CH,NO}', 1090, 14900, 4, 7),
	('standard', '{*}',                                    2490, null, 7, 14)
       ) as z(option_id, countries, price_minor, free_from_minor, days_min, days_max),
       unnest(z.countries) as country,
       unnest('{EUR,GBP,USD}'::text[]) as currency;
