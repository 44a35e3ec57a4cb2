-- Large logs are read in a lane of their own, so that nothing waits for them.
alter table delivery add column lane text not null default 'delivery';

-- What was read of large logs, sealed. The logs themselves are not kept.
alter table evidence add column log bytea;
