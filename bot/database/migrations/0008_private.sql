-- Keys that seal what is stored, wrapped by the master keys of the settings. Of those that seal, the newest one writes;
-- retired ones stay for as long as anything is sealed with them. The one for marks stays for good.
create table data_key (
    id integer generated always as identity primary key,
    purpose text not null check (purpose in ('seal', 'mark')),
    created_at timestamptz not null default now(),
    retired_at timestamptz
);
create table data_key_wrap (
    data_key integer not null references data_key on delete cascade,
    master text not null,
    wrapped bytea not null,
    primary key (data_key, master)
);

-- Whose text something is, and where: so that it can be forgotten.
alter table delivery add column channel text not null default '';
alter table delivery add column author text not null default '';
update delivery set channel = split_part(thread, ' ', case when lane = 'log' then 2 else 1 end);
create index delivery_channel on delivery (channel);
create index delivery_author on delivery (author) where author <> '';
alter table evidence add column author text not null default '';
create index evidence_author on evidence (author) where author <> '';

-- A run is kept for as long as it counts against a limit; who had what checked is in the audit. The target is a mark.
alter table check_run alter column target type bytea using '';

-- Who did what. Each row's hash covers the one before it and, by its digest, the sealed detail: rows can't be changed,
-- taken out or put in unnoticed. The detail can be erased (somebody is forgotten) and the rest still holds.
-- `marks` stand for the people, channels and workspaces that a row is about.
create table audit (
    seq bigint primary key,
    at timestamptz not null,
    kind text not null,
    marks bytea[] not null default '{}',
    detail bytea,
    digest bytea not null,
    hash bytea not null
);
create index audit_age on audit (at);
create index audit_marks on audit using gin (marks);

create function audit_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('mailflow.audit_expires', true) = 'on' then
        return old;
    end if;
    if tg_op = 'UPDATE' then
        if (new.seq, new.at, new.kind, new.marks, new.digest, new.hash)
            is not distinct from (old.seq, old.at, old.kind, old.marks, old.digest, old.hash) then
            return new;
        end if;
    end if;
    raise exception 'the audit only grows';
end
$$;
create trigger audit_only_grows before update or delete on audit
    for each row execute function audit_only_grows();
create trigger audit_is_not_emptied before truncate on audit
    for each statement execute function audit_only_grows();
