-- The statements for tables that lie in shards, as Citus runs them: events and
-- claims by community. Each replaces the one of its name, and takes and
-- returns the same. A statement on all communities is one on all shards: there
-- Citus locks no rows for a query, and compares no row with others of another
-- shard.

-- name: list_events
-- The actions are those of the community, which has one shard.
--
--   $1 community  $2 address  $3 highest id  $4 id that all are above  $5 rows
with recursive actions (action) as (
    select min(e.action) from /* schema */registry_event e where e.community_id = $1::bigint
    union  all
    select (select min(e.action) from /* schema */registry_event e where e.community_id = $1::bigint and e.action > actions.action)
    from   actions
    where  actions.action is not null
)
select e.id::bigint, e.action::text, e.data::text, extract(epoch from e.created_at)::text
from   actions
cross  join lateral (
         select id, action, data, created_at
         from   /* schema */registry_event
         where  registry_event.action = actions.action
         and    address = $2::text
         and    community_id = $1::bigint
         and    id <= $3::bigint
         and    id > $4::bigint
         offset 0
       ) as e
order  by e.id desc
limit  $5::bigint;

-- name: list_events_after
--   $1 community  $2 address  $3 highest id  $4 id that all are above  $5 rows
with recursive actions (action) as (
    select min(e.action) from /* schema */registry_event e where e.community_id = $1::bigint
    union  all
    select (select min(e.action) from /* schema */registry_event e where e.community_id = $1::bigint and e.action > actions.action)
    from   actions
    where  actions.action is not null
)
select e.id::bigint, e.action::text, e.data::text, extract(epoch from e.created_at)::text
from   actions
cross  join lateral (
         select id, action, data, created_at
         from   /* schema */registry_event
         where  registry_event.action = actions.action
         and    address = $2::text
         and    community_id = $1::bigint
         and    id <= $3::bigint
         and    id > $4::bigint
         offset 0
       ) as e
order  by e.id
limit  $5::bigint;

-- name: lock_forgotten_claims
-- An update that changes nothing takes the locks, in no order: a transaction
-- that dies of a deadlock is repeated.
--
--   $1 spellings
update /* schema */registry_hashscorerlink l
set    address = l.address
where  l.address = any($1::text[]);

-- name: prune_events
--   $1 time  $2 id that all are above  $3 rows
with looked as materialized (
    select e.id, e.action, e.address, e.community_id, e.created_at
    from   /* schema */registry_event e
    where  e.id > $2::bigint
    order  by e.id
    limit  $3::bigint
), followed as materialized (
    select distinct looked.id
    from   looked
    join   /* schema */registry_event newer
           on  newer.community_id = looked.community_id
           and newer.address = looked.address
    where  newer.action = 'SCU' /* ActionScoreUpdate */
    and    newer.created_at >= looked.created_at
    and    newer.created_at <= $1::timestamptz
    and    (newer.created_at > looked.created_at or newer.id > looked.id)
), removed as (
    delete from /* schema */registry_event e
    where  e.id in (
             select looked.id
             from   looked
             left   join followed using (id)
             where  looked.created_at < $1::timestamptz
             and    (looked.action <> 'SCU' /* ActionScoreUpdate */ or followed.id is not null)
           )
    returning e.id
)
select (select count(*) from removed)::bigint,
       coalesce((select max(looked.id) from looked), $2::bigint)::bigint,
       ((select count(*) from looked) = $3::bigint)::boolean,
       exists (select from looked where looked.created_at < $1::timestamptz)::boolean;

-- name: prune_claims
-- A claim that was taken since it was found has not expired any more.
--
--   $1 time  $2 place, which stays  $3 rows
with expired as materialized (
    select l.id
    from   /* schema */registry_hashscorerlink l
    where  l.expires_at < least($1::timestamptz, statement_timestamp())
    order  by l.expires_at
    limit  $3::bigint
), removed as (
    delete from /* schema */registry_hashscorerlink l
    where  l.id in (select expired.id from expired)
    and    l.expires_at < least($1::timestamptz, statement_timestamp())
    returning l.id
)
select (select count(*) from removed)::bigint, $2::bigint, ((select count(*) from expired) = $3::bigint)::boolean, true;

-- name: forget_events
-- Reads every shard from end to end: which actions there are in all of them
-- cannot be found step by step.
--
--   $1 spellings
with removed as (
    delete from /* schema */registry_event e
    where  e.address = any($1::text[])
    returning e.id
)
select count(*)::bigint
from   removed;

-- name: anonymize_claims
-- Citus may call a function once for all rows: so what is random is hashed
-- with each row's id.
--
--   $1 spellings
with given as (
    update /* schema */registry_hashscorerlink l
    set    address = random.address
    from   (
             select l.id, '0x' || left(encode(sha256(concat(gen_random_uuid(), gen_random_uuid(), l.id)::bytea), 'hex'), 40) as address
             from   /* schema */registry_hashscorerlink l
             where  l.address = any($1::text[])
           ) as random
    where  l.id = random.id
    returning l.id
)
select count(*)::bigint
from   given;
