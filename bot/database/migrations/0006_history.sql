-- What happened around an incident and is on record nowhere else, in the transaction in which it happened. `who` are people (`@`
-- and their id) or names of other systems; `detail` is ours. Nothing in here is of what people pasted.
create table history (
    id bigint generated always as identity primary key,
    escalation_id uuid not null references escalation on delete cascade,
    incident integer not null,
    at timestamptz not null,
    what text not null,
    who text[] not null default '{}',
    detail text not null default ''
);
create index history_escalation on history (escalation_id, at);

-- When the text of a message last changed.
alter table evidence add column edited_at timestamptz;

-- What a case came to when it was last judged, so that cases are listed and counted without judging them again. `blamed` is its cause,
-- where one is blamed.
alter table incident_case add column verdict text not null default '';
alter table incident_case add column blamed text not null default '';
alter table incident_case add column belief text not null default '';
create index incident_case_failed on incident_case (team, (thread_ts collate "C")) where verdict not in ('', 'nothing');
