-- The statements of the role Pruner. Each waits for no lock.

-- name: prune_events
-- Looks at the next events by id and deletes those that are older, but of the
-- scores of an address in a community the newest at or before the time. Returns
-- how many it has deleted, the last id, whether there may be more, and whether
-- one of these was older: if ids grow with time, later ones are not otherwise.
--
--   $1 time  $2 id that all are above  $3 rows
with looked as materialized (
    select e.id, e.action, e.address, e.community_id, e.created_at
    from   /* schema */registry_event e
    where  e.id > $2::bigint
    order  by e.id
    limit  $3::bigint
), old as materialized (
    select looked.id, looked.created_at
    from   looked
    where  looked.created_at < $1::timestamptz
    and    (
             looked.action <> 'SCU' /* ActionScoreUpdate */
             or looked.community_id is null
             or exists (
               select from /* schema */registry_event newer
               where  newer.action = 'SCU' /* ActionScoreUpdate */
               and    newer.address = looked.address
               and    newer.community_id = looked.community_id
               and    newer.created_at >= looked.created_at
               and    newer.created_at <= $1::timestamptz
               and    (newer.created_at > looked.created_at or newer.id > looked.id)
             )
           )
), locked as materialized (
    select e.id
    from   /* schema */registry_event e
    where  e.id = any(array(select old.id from old))
    and    e.created_at between (select min(old.created_at) from old) and (select max(old.created_at) from old)
    order  by e.id
    for    update skip locked
), removed as (
    delete from /* schema */registry_event e
    where  e.id = any(array(select locked.id from locked))
    and    e.created_at between (select min(old.created_at) from old) and (select max(old.created_at) from old)
    returning e.id
)
select (select count(*) from removed)::bigint,
       coalesce((select max(looked.id) from looked), $2::bigint)::bigint,
       ((select count(*) from looked) = $3::bigint)::boolean,
       exists (select from looked where looked.created_at < $1::timestamptz)::boolean;

-- name: prune_usage
-- Does the same with usage.
--
--   $1 time  $2 id that all are above  $3 rows
with looked as materialized (
    select u.id, u.created_at
    from   /* schema */account_accountapikeyanalytics u
    where  u.id > $2::bigint
    order  by u.id
    limit  $3::bigint
), locked as materialized (
    select u.id
    from   /* schema */account_accountapikeyanalytics u
    where  u.id = any(array(select looked.id from looked where looked.created_at < $1::timestamptz))
    order  by u.id
    for    update skip locked
), removed as (
    delete from /* schema */account_accountapikeyanalytics u
    where  u.id = any(array(select locked.id from locked))
    returning u.id
)
select (select count(*) from removed)::bigint,
       coalesce((select max(looked.id) from looked), $2::bigint)::bigint,
       ((select count(*) from looked) = $3::bigint)::boolean,
       exists (select from looked where looked.created_at < $1::timestamptz)::boolean;

-- name: prune_claims
-- Deletes claims that have expired before the time, those that expired first.
-- There is an index for that. A scoring that has read one conflicts.
--
--   $1 time  $2 place, which stays  $3 rows
with locked as materialized (
    select l.id
    from   /* schema */registry_hashscorerlink l
    where  l.expires_at < least($1::timestamptz, statement_timestamp())
    order  by l.expires_at
    limit  $3::bigint
    for    update skip locked
), removed as (
    delete from /* schema */registry_hashscorerlink l
    where  l.id = any(array(select locked.id from locked))
    returning l.id
)
select (select count(*) from removed)::bigint, $2::bigint, ((select count(*) from locked) = $3::bigint)::boolean, true;
