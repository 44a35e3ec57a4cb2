-- Who has to know of a case, until somebody has it. `state` is the state machine's; the columns beside it are its own
-- values, for looking up. Nothing in these tables is of what people pasted.
create table escalation (
    id uuid primary key default gen_random_uuid(),
    case_id bigint not null unique references incident_case on delete cascade,
    phase text not null default 'idle'
        check (phase in ('idle', 'watching', 'paging', 'acknowledged', 'resolved')),
    cause text not null default '',
    symptom text not null default '',
    state jsonb not null default '{}'
);
create index escalation_cause on escalation (cause) where phase in ('paging', 'acknowledged');
create index escalation_symptom on escalation (symptom);

-- Who pasted a failure into a case, and when last. Counted over the cases with the same symptom.
create table reporter (
    escalation_id uuid not null references escalation on delete cascade,
    member text not null,
    reported_at timestamptz not null,
    primary key (escalation_id, member)
);

-- Everything that an escalation does or says, by way of an outlet: intended (planned), on its way (sending), out (sent),
-- not to be had (failed), no longer wanted (dropped). `step` is the attempt it belongs to, 0 for none; `place` and `ref`
-- are where Slack has it.
create table page (
    id uuid primary key default gen_random_uuid(),
    arrival bigint generated always as identity,
    escalation_id uuid not null references escalation on delete cascade,
    key text not null,
    incident integer not null,
    step integer not null default 0,
    outlet text not null,
    address text not null default '',
    content jsonb not null default '{}',
    state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'failed', 'dropped')),
    place text not null default '',
    ref text not null default '',
    tries integer not null default 0,
    retry_at timestamptz,
    sending_at timestamptz,
    unique (escalation_id, key)
);
create index page_open on page (escalation_id, arrival) where state in ('planned', 'sending');
create index page_ref on page (ref) where ref <> '';

-- A timer is one firing: its row goes in the transaction that lets it fire. Times are those of the bot's clock. One that
-- isn't of the `wall` never waits longer than from armed_at to due_at, even when that clock is set back.
create table timer (
    escalation_id uuid not null references escalation on delete cascade,
    name text not null,
    armed_at timestamptz not null,
    due_at timestamptz not null,
    wall boolean not null,
    primary key (escalation_id, name)
);
create index timer_due on timer (due_at);

-- What was taken in already, so that a repetition changes nothing.
create table escalation_event (
    source text not null,
    id text not null,
    seen_at timestamptz not null default now(),
    primary key (source, id)
);
