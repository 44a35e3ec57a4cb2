-- What somebody who can mend it was told of: `problem` is Slack's name for it. Once a day is enough.
create table told (
    team text not null,
    problem text not null,
    channel text not null,
    at timestamptz not null default now(),
    primary key (team, problem, channel)
);
