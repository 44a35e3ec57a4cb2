-- Which rows' details were erased together with the row that says so, by their numbers; its hash covers them. null: the row is
-- of an earlier version, which didn't say.
alter table audit add column erases bigint[];

create or replace function audit_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('mailflow.audit_expires', true) = 'on' then
        return old;
    end if;
    if tg_op = 'UPDATE' then
        if (new.seq, new.at, new.kind, new.marks, new.digest, new.hash, new.erases)
            is not distinct from (old.seq, old.at, old.kind, old.marks, old.digest, old.hash, old.erases) then
            return new;
        end if;
    end if;
    raise exception 'the audit only grows';
end
$$;
