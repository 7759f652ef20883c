-- The statements of the role History.

-- name: score_at
-- Returns the newest event of a score at or before the time.
--
--   $1 community  $2 address  $3 time
select e.id::bigint, e.action::text, e.data::text, extract(epoch from e.created_at)::text
from   /* schema */registry_event e
where  e.action = 'SCU' /* ActionScoreUpdate */
and    e.address = $2::text
and    e.community_id = $1::bigint
and    e.created_at <= $3::timestamptz
order  by e.created_at desc, e.id desc
limit  1;

-- name: list_events
-- Returns a page of events: the newest of those in the range.
--
-- The service has no index by address alone but one by action and address: so
-- this steps through the few actions that there are, and looks the address up
-- for each. OFFSET 0 keeps the planner from walking the primary key of the
-- whole table, to have the rows in order or to have those in the range.
--
--   $1 community  $2 address  $3 highest id  $4 id that all are above  $5 rows
with recursive actions (action) as (
    select min(e.action) from /* schema */registry_event e
    union  all
    select (select min(e.action) from /* schema */registry_event e where e.action > actions.action)
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
         offset 0
       ) as e
where  e.id <= $3::bigint
and    e.id > $4::bigint
order  by e.id desc
limit  $5::bigint;

-- name: list_events_after
-- Does the same with the oldest of those in the range.
--
--   $1 community  $2 address  $3 highest id  $4 id that all are above  $5 rows
with recursive actions (action) as (
    select min(e.action) from /* schema */registry_event e
    union  all
    select (select min(e.action) from /* schema */registry_event e where e.action > actions.action)
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
         offset 0
       ) as e
where  e.id <= $3::bigint
and    e.id > $4::bigint
order  by e.id
limit  $5::bigint;

-- name: list_claims
-- Returns the claims of the address.
--
--   $1 community  $2 address
select l.hash::text, l.address::text, extract(epoch from l.expires_at)::text
from   /* schema */registry_hashscorerlink l
where  l.address = $2::text
and    l.community_id = $1::bigint
order  by l.hash collate "C";

-- name: last_score
-- Returns the last score of the address, the time, the type of the community's
-- scorer, and the providers of its live credentials. The status is empty if
-- there is no score; there is no row if there is no such community.
--
--   $1 community  $2 address
select coalesce(s.status, '')::text, coalesce(trim_scale(s.score)::text, ''), coalesce(s.error, '')::text,
       coalesce(s.evidence::text, ''), coalesce(s.stamp_scores::text, ''), coalesce(s.stamps::text, ''),
       extract(epoch from s.last_score_timestamp)::text,
       extract(epoch from s.expiration_date)::text,
       extract(epoch from statement_timestamp())::text,
       coalesce(scorer.type, '')::text,
       (
         select coalesce(jsonb_agg(distinct c.provider), '[]')::text
         from   /* schema */ceramic_cache_ceramiccache c
         where  c.address = $2::text
         and    c.deleted_at is null
         and    not exists (
                  select from /* schema */ceramic_cache_revocation r
                  where  r.ceramic_cache_id = c.id
                )
       )
from   /* schema */account_community community
left   join /* schema */scorer_weighted_scorer scorer on scorer.id = community.scorer_id
left   join /* schema */registry_passport p on p.community_id = community.id and p.address = $2::text
left   join /* schema */registry_score s on s.passport_id = p.id
where  community.id = $1::bigint
and    community.deleted_at is null;
