-- What somebody chose for themselves on the Home tab. Whoever never chose has no row.
create table person (
    team text not null,
    member text not null,
    short boolean not null default false,
    told boolean not null default false,
    primary key (team, member)
);

-- Home tabs that were opened lately: `shown` is a digest of what Slack shows there. Older ones are deleted.
create table home_tab (
    team text not null,
    member text not null,
    opened_at timestamptz not null default now(),
    drawn_at timestamptz not null default now(),
    shown text not null default '',
    primary key (team, member)
);
