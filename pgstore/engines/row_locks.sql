-- The statements that lock rows where an advisory lock does not hold between
-- all sessions. Each replaces the one of its name, takes the same arguments and
-- has the same place in the order of locks.
--
-- A name stands for one of the 4,096 rows of passport_locks, so the table never
-- grows, and scorings of two addresses seldom wait for each other without need.
-- The rows of one statement are locked in their order. Each fails unless it has
-- found all of them: without a row there is no lock.

-- name: lock_points
-- It writes the rows that it has locked: a transaction that keeps its first
-- snapshot, as on YugabyteDB where READ COMMITTED is not enabled, would not see
-- the points that the last holder of the lock has given, and so fails.
--
--   $1 names of the locks
with locked as materialized (
    select l.slot
    from   /* schema */passport_locks l
    where  l.slot = any(array(
             select left(md5('points ' || lock.name), 3)
             from   unnest($1::text[]) as lock (name)
           ))
    order  by l.slot
    for    update
), written as (
    update /* schema */passport_locks l
    set    turn = l.turn + 1
    from   locked
    where  l.slot = locked.slot
    returning l.slot
)
select (case when count(*) = (
         select count(distinct left(md5('points ' || lock.name), 3))
         from   unnest($1::text[]) as lock (name)
       ) then '1' else 'passport_locks lacks rows' end)::bigint
from   written;

-- name: lock_credentials
--   $1 address
select (case when count(*) = 1 then '1' else 'passport_locks lacks rows' end)::bigint
from   (
         select
         from   /* schema */passport_locks l
         where  l.slot = left(md5('credentials of ' || $1::text), 3)
         for    update
       ) as locked;

-- name: lock_communities
select (case when count(*) = 1 then '1' else 'passport_locks lacks rows' end)::bigint
from   (
         select
         from   /* schema */passport_locks l
         where  l.slot = left(md5('communities'), 3)
         for    update
       ) as locked;

-- name: lock_event_partitions
--   $1 schema, and the kind of step
select (case when count(*) = 1 then '1' else 'passport_locks lacks rows' end)::bigint
from   (
         select
         from   /* schema */passport_locks l
         where  l.slot = left(md5('event partitions ' || $1::text), 3)
         for    update
       ) as locked;
