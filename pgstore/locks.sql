-- The table whose rows are locked on engines where an advisory lock does not
-- hold between all sessions: WithEngine names them. Migrate makes it in a
-- schema of its own. In a database of the Django service run
--
--     psql -v schema=public -f locks.sql
--
-- A role that scores needs the rights to select and update it.

create table :"schema".passport_locks (
    slot text not null,
    turn bigint not null default 0,
    constraint passport_locks_pkey primary key (slot)
);

insert into :"schema".passport_locks (slot)
select lpad(to_hex(n), 3, '0')
from   generate_series(0, 4095) as n
on     conflict (slot) do nothing;
