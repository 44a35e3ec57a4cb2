-- Who had what checked, and what came of it. The newest one of a target answers whoever asks again within seconds; the
-- report is emptied with the rest of what expires, the row stays as the record.
create table check_run (
    id uuid primary key default gen_random_uuid(),
    team text not null,
    target text not null,
    asker text not null,
    channel text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    verdict text not null default '',
    report bytea
);
create index check_run_target on check_run (team, target, started_at);
create index check_run_asker on check_run (team, asker, started_at);
