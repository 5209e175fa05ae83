-- For how long what names people is kept where nobody asks for its end: here, since the privacy notice tells of it as well.
insert into platform.setting (key, value) values ('cart_keep_days', '90'), ('message_keep_days', '180');
alter table platform.setting add constraint setting_of_days check (key !~ '_days$' or value ~ '^[1-9][0-9]{0,3}$');
