-- One incident, one card: the answer that is edited in place as the case moves. `shown` is a digest of what Slack shows of an
-- answer, so that nothing is edited in vain.
alter table answer add column shown text not null default '';
create unique index answer_card on answer (case_id) where part = 'card' and state <> 'withdrawn';

-- Sentences on files of a message that were not read, sealed: they are said again whenever its answer is.
alter table evidence add column unread bytea;

-- Reports of one failure. `signature` is a digest of what the case shows now, `signatures` of all that it has shown while its
-- pastes stood. `joined` is the first incident of the same failure; its later reporter was `led` there, or got an answer of
-- their own where they can't see it. `suspects` are ids of the catalogue, `audience` is who can read the thread.
alter table escalation add column opened_at timestamptz;
alter table escalation add column signature text not null default '';
alter table escalation add column signatures text[] not null default '{}';
alter table escalation add column suspects text[] not null default '{}';
alter table escalation add column audience text not null default 'members';
alter table escalation add column joined uuid references escalation on delete set null;
alter table escalation add column led boolean not null default false;
create index escalation_signatures on escalation using gin (signatures);
create index escalation_joined on escalation (joined);
update escalation set opened_at = incident_case.opened_at, state = state || jsonb_build_object(
        'opened', incident_case.opened_at, 'followed', phase in ('watching', 'paging', 'acknowledged'))
    from incident_case where incident_case.id = escalation.case_id;

-- Who reported is counted by message, so that a deleted one no longer counts. "" is a bot.
alter table reporter add column message_ts text collate "C" not null default '';
alter table reporter drop constraint reporter_pkey;
alter table reporter add primary key (escalation_id, member, message_ts);

-- What people say of a card: one vote a person, and the cause that it was when they resolved it. The last one counts. `shown`
-- is the cause that the card named by then, `cause` the one that it was ("" for none of the catalogue); `words` and `note`
-- are theirs, sealed.
create table feedback (
    case_id bigint not null references incident_case on delete cascade,
    member text not null,
    kind text not null check (kind in ('vote', 'resolution')),
    at timestamptz not null default now(),
    was_right boolean,
    shown text not null default '',
    cause text not null default '',
    words bytea,
    note bytea,
    primary key (case_id, member, kind)
);
