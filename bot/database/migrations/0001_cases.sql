-- One row at most: a known word, sealed with the key in use. Whoever cannot open it has the wrong key.
create table seal (
    single boolean primary key default true check (single),
    proof bytea not null
);

-- What Slack delivered, stored before it is acknowledged. The payload is emptied once it is dealt with.
create table delivery (
    id uuid primary key default gen_random_uuid(),
    arrival bigint generated always as identity,
    team text not null,
    event text not null,
    subject text not null,
    thread text not null,
    payload bytea,
    tries integer not null default 0,
    retry_at timestamptz,
    received_at timestamptz not null default now(),
    done_at timestamptz,
    outcome text not null default '',
    unique (team, event),
    unique (team, subject)
);
create index delivery_open on delivery (team, thread, arrival) where done_at is null;
create index delivery_age on delivery (received_at);

-- A thread is a case.
create table incident_case (
    id bigint generated always as identity primary key,
    team text not null,
    channel text not null,
    thread_ts text not null,
    opened_at timestamptz not null default now(),
    active_at timestamptz not null default now(),
    unique (team, channel, thread_ts)
);
create index incident_case_age on incident_case (active_at);

-- What was pasted, message by message. A withdrawn message keeps its place and loses its text.
create table evidence (
    case_id bigint not null references incident_case on delete cascade,
    message_ts text collate "C" not null,
    text bytea,
    withdrawn_at timestamptz,
    primary key (case_id, message_ts),
    check ((text is null) = (withdrawn_at is not null))
);

-- What the bot says: intended (planned), on its way (sending), seen by Slack (sent), taken back (withdrawn).
create table answer (
    id uuid primary key default gen_random_uuid(),
    case_id bigint not null references incident_case on delete cascade,
    message_ts text collate "C" not null,
    part text not null,
    judged boolean not null default false,
    state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'withdrawn')),
    ts text,
    sending_at timestamptz,
    created_at timestamptz not null default now(),
    unique (case_id, message_ts, part)
);
create index answer_ts on answer (ts);
