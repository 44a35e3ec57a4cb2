-- Whose words an answer quotes: the message that a form opens its thread with. It is taken back when they are forgotten. Those
-- of before are on record under the form alone.
alter table answer add column author text not null default '';
create index answer_author on answer (author) where author <> '';
insert into answer (case_id, message_ts, part, state, ts, author)
    select place.id, said.ts, 'opening', 'sent', said.ts, coalesce(evidence.author, '')
    from answer as said join incident_case as form on form.id = said.case_id and form.thread_ts like 'form %'
    join incident_case as place on (place.team, place.channel, place.thread_ts) = (form.team, form.channel, said.ts)
    left join evidence on evidence.case_id = place.id and evidence.message_ts = said.ts
    where said.part = 'answer' and said.state = 'sent' and said.ts is not null
    on conflict do nothing;

-- Digests become keyed marks (marks.py), which takes our key: every start, and then every minute, looks for plain ones.
create index answer_plain on answer (id) where length(shown) = 32;
