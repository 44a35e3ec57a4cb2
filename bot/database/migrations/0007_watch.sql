-- What is watched: looked at once in a workspace, however many channels want to know. `memory` is what the next look is
-- compared with, sealed. Times are those of the bot's clock.
create table watched (
    id uuid primary key default gen_random_uuid(),
    team text not null,
    target text not null,
    memory bytea,
    verdict text not null default '',
    open integer not null default 0,
    looked_at timestamptz,
    next_at timestamptz not null,
    unique (team, target)
);
create index watched_due on watched (next_at);

-- A channel that wants to know. `paused` says why it can't be told any more, "" while it can; `introduced`: it was told how
-- things stood when its watch began.
create table watch (
    id uuid primary key default gen_random_uuid(),
    watched_id uuid not null references watched on delete cascade,
    channel text not null,
    owner text not null,
    every interval not null,
    introduced boolean not null default false,
    paused text not null default '',
    unique (watched_id, channel)
);

-- What a watch says, one row each: intended (planned), on its way (sending), out (sent), not to be had (failed). An edit or a
-- line is `about` an earlier one. `keys` are the states that it tells of, `over` when each of them ended; `content` is sealed.
create table watch_notice (
    id uuid primary key default gen_random_uuid(),
    arrival bigint generated always as identity,
    watch_id uuid not null references watch on delete cascade,
    kind text not null check (kind in ('start', 'news', 'edit', 'line', 'owner')),
    about uuid references watch_notice on delete cascade,
    keys text[] not null default '{}',
    over jsonb not null default '{}',
    content bytea not null,
    state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'failed')),
    ts text not null default '',
    tries integer not null default 0,
    retry_at timestamptz,
    sending_at timestamptz,
    created_at timestamptz not null default now()
);
create index watch_notice_open on watch_notice (watch_id, arrival) where state in ('planned', 'sending');
create index watch_notice_keys on watch_notice using gin (keys);
create index watch_notice_about on watch_notice (about);
