-- The statements of Limiter, on its own table.

-- name: count_call
-- Counts a call of a key in its window, or in the next one if that has ended,
-- and returns the calls in the window and the time until it ends. The clock is
-- read once the row is locked, so that the calls of a key are counted in the
-- order of their times. A clock that is set back opens no window.
--
-- Times are in microseconds.
--
--   $1 prefix  $2 period  $3 phase  $4 limit
insert into /* schema */passport_rate_limits as w (prefix, period, ends_at, counted_at, calls)
select $1::text, $2::bigint, c.now - (c.now - $3::bigint) % $2::bigint + $2::bigint, c.now, 1
from   (select (extract(epoch from clock_timestamp()) * 1e6)::bigint) as c (now)
on     conflict (prefix, period) do update
set    (ends_at, counted_at, calls) = (
         select case when w.ends_at > c.now
                  then least(w.ends_at, c.now + w.period)
                  else c.now - (c.now - $3::bigint) % w.period + w.period
                end,
                c.now,
                case when w.ends_at > c.now then least(w.calls, $4::bigint) + 1 else 1 end
         from   (select (extract(epoch from clock_timestamp()) * 1e6)::bigint) as c (now)
       )
returning calls::bigint, (ends_at - counted_at)::bigint;

-- name: delete_ended_windows
-- Deletes windows that have ended, but no more than the limit and none that is
-- being counted in. It returns their periods.
--
--   $1 limit
delete from /* schema */passport_rate_limits w
using  (
         select e.prefix, e.period
         from   /* schema */passport_rate_limits e
         where  e.ends_at <= (extract(epoch from clock_timestamp()) * 1e6)::bigint
         limit  $1::bigint
         for    update skip locked
       ) as ended
where  w.prefix = ended.prefix
and    w.period = ended.period
returning w.period::bigint;

-- name: read_rate_limits
-- Returns nothing. It fails if the table is not there, or has other columns.
select w.prefix::text, w.period::bigint, w.ends_at::bigint, w.counted_at::bigint, w.calls::bigint
from   /* schema */passport_rate_limits w
limit  0;

-- name: read_rate_limits_owner
-- Returns a row if there is the table: its owner, or nothing if that is a role
-- that could run code as this one anyway.
--
--   $1 schema
select coalesce((
         select r.rolname::text
         from   pg_catalog.pg_roles r
         where  r.oid = c.relowner
         and    not r.rolsuper
         and    r.rolname <> current_user
         and    r.oid <> n.nspowner
         and    r.oid <> (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
       ), '')
from   pg_catalog.pg_class c
join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
where  n.nspname = $1::text
and    c.relname = 'passport_rate_limits';
