-- The statements of the role Forgetter. The search comes first, in transactions
-- of its own, each of which looks at a number of rows. All that is written is
-- found by an index, in one transaction, which takes its locks in the order of
-- a scoring: those that Apply takes are in apply.sql.
--
-- Spellings are those of the address that programs write. In documents its
-- digits are found in any letter case.

-- name: search_usage
-- Looks at the next rows, and returns those that mention the address and the
-- last one.
--
--   $1 id that all are above  $2 rows  $3 digits
with looked as materialized (
    select u.id,
           strpos(lower(concat_ws(' ', u.path, u.base_path, u.error, u.path_segments, u.query_params,
                                  u.headers, u.payload, u.response)), $3::text) > 0 as mentions
    from   /* schema */account_accountapikeyanalytics u
    where  u.id > $1::bigint
    order  by u.id
    limit  $2::bigint
)
select looked.id::bigint, looked.mentions::boolean, ''::text
from   looked
where  looked.mentions
or     looked.id = (select max(looked.id) from looked)
order  by looked.id;

-- name: search_scores
-- Does the same with scores, and returns the wallets of those.
--
--   $1 id that all are above  $2 rows  $3 digits
with looked as materialized (
    select s.id, s.passport_id,
           strpos(lower(concat_ws(' ', s.error, s.evidence, s.stamp_scores, s.stamps)), $3::text) > 0 as mentions
    from   /* schema */registry_score s
    where  s.id > $1::bigint
    order  by s.id
    limit  $2::bigint
)
select looked.id::bigint, looked.mentions::boolean,
       coalesce((
         select p.address
         from   /* schema */registry_passport p
         where  p.id = looked.passport_id
       ), '')::text
from   looked
where  looked.mentions
or     looked.id = (select max(looked.id) from looked)
order  by looked.id;

-- name: search_events
-- Does the same with events.
--
--   $1 id that all are above  $2 rows  $3 digits
with looked as materialized (
    select e.id, strpos(lower(e.data::text), $3::text) > 0 as mentions
    from   /* schema */registry_event e
    where  e.id > $1::bigint
    order  by e.id
    limit  $2::bigint
)
select looked.id::bigint, looked.mentions::boolean, ''::text
from   looked
where  looked.mentions
or     looked.id = (select max(looked.id) from looked)
order  by looked.id;

-- name: lock_forgotten_passports
-- Locks the passports of the address, of the wallets that a group claim names
-- beside it, and of the others: those below the address, or the rest.
--
--   $1 address  $2 spellings  $3 others  $4 whether those below
select p.id::bigint
from   /* schema */registry_passport p
where  p.address = any($2::text[] || $3::text[] || array(
-- shared: linked wallets
         select wallet
         from   /* schema */account_walletgroupcommunityclaim g
         cross  join unnest(string_to_array(g.group_key, ',') || g.canonical_address::text) as wallet
         where  g.canonical_address = any($2::text[])
         or     string_to_array(g.group_key, ',') && $2::text[]
-- end shared
       ))
and    (p.address collate "C" < $1::text) = $4::boolean
order  by p.address collate "C", p.community_id
for    update of p;

-- name: insert_forgotten_passports
-- Inserts the passports that the address lacks. A scoring that would insert one
-- waits for this transaction, and then finds that the credentials have changed;
-- one that has inserted it is waited for.
--
--   $1 address
insert into /* schema */registry_passport (community_id, address, requires_calculation)
select c.id, $1::text, false
from   /* schema */account_community c
left   join /* schema */registry_passport p on p.address = $1::text and p.community_id = c.id
where  c.deleted_at is null
and    p.id is null
order  by c.id
on     conflict (address, community_id) do nothing;

-- name: lock_forgotten_groups
--   $1 spellings
select g.id::bigint
from   /* schema */account_walletgroupcommunityclaim g
where  g.canonical_address = any($1::text[])
or     string_to_array(g.group_key, ',') && $1::text[]
order  by g.community_id, g.group_key collate "C"
for    update;

-- name: lock_forgotten_claims
--   $1 spellings
select l.id::bigint
from   /* schema */registry_hashscorerlink l
where  l.address = any($1::text[])
order  by l.community_id, l.hash collate "C"
for    update;

-- name: forget_claims
-- Deletes the claims, or the expired ones only, and returns the time.
--
--   $1 spellings  $2 whether all
with removed as (
    delete from /* schema */registry_hashscorerlink l
    where  l.address = any($1::text[])
    and    ($2::boolean or l.expires_at <= statement_timestamp())
    returning l.id
)
select count(*)::bigint, extract(epoch from statement_timestamp())::text
from   removed;

-- name: count_kept_claims
--   $1 spellings
select count(*)::bigint
from   /* schema */registry_hashscorerlink l
where  l.address = any($1::text[]);

-- name: anonymize_claims
-- Gives each claim to an address of its own, from 122 random bits or more.
--
--   $1 spellings
with given as (
    update /* schema */registry_hashscorerlink l
    set    address = random.address
    from   (
             select l.id, '0x' || left(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 40) as address
             from   /* schema */registry_hashscorerlink l
             where  l.address = any($1::text[])
           ) as random
    where  l.id = random.id
    returning l.id
)
select count(*)::bigint
from   given;

-- name: forget_stamps
--   $1 spellings
with removed as (
    delete from /* schema */registry_stamp s
    where  s.passport_id = any(array(
             select p.id
             from   /* schema */registry_passport p
             where  p.address = any($1::text[])
           ))
    returning s.id
)
select count(*)::bigint
from   removed;

-- name: forget_scores
--   $1 spellings
with removed as (
    delete from /* schema */registry_score s
    where  s.passport_id = any(array(
             select p.id
             from   /* schema */registry_passport p
             where  p.address = any($1::text[])
           ))
    returning s.id
)
select count(*)::bigint
from   removed;

-- name: forget_other_scores
-- Deletes the scores of linked wallets and of the others that mention the
-- address, with their stamps.
--
--   $1 digits  $2 spellings  $3 others
with counting as materialized (
    select s.id, s.passport_id
    from   /* schema */registry_score s
    where  s.passport_id = any(array(
             select p.id
             from   /* schema */registry_passport p
             where  p.address = any($3::text[] || array(
-- shared: linked wallets
         select wallet
         from   /* schema */account_walletgroupcommunityclaim g
         cross  join unnest(string_to_array(g.group_key, ',') || g.canonical_address::text) as wallet
         where  g.canonical_address = any($2::text[])
         or     string_to_array(g.group_key, ',') && $2::text[]
-- end shared
             ))
             and    p.address <> all($2::text[])
           ))
    and    strpos(lower(concat_ws(' ', s.error, s.evidence, s.stamp_scores, s.stamps)), $1::text) > 0
), removed_stamps as (
    delete from /* schema */registry_stamp s
    where  s.passport_id = any(array(select c.passport_id from counting c))
), removed as (
    delete from /* schema */registry_score s
    where  s.id = any(array(select c.id from counting c))
    returning s.id
)
select count(*)::bigint
from   removed;

-- name: forget_events
-- Deletes the events. See list_events for the actions.
--
--   $1 spellings
with recursive actions (action) as (
    select min(e.action) from /* schema */registry_event e
    union  all
    select (select min(e.action) from /* schema */registry_event e where e.action > actions.action)
    from   actions
    where  actions.action is not null
), removed as (
    delete from /* schema */registry_event e
    where  e.action = any(array(select actions.action from actions where actions.action is not null))
    and    e.address = any($1::text[])
    returning e.id
)
select count(*)::bigint
from   removed;

-- name: forget_other_events
-- Replaces the digits in the events that the search has found, and in those of
-- the scores of linked wallets.
--
--   $1 digits  $2 spellings  $3 ids of events  $4 digits in their place
with mentioning as materialized (
    select e.id
    from   /* schema */registry_event e
    where  e.id = any($3::text[]::bigint[])
    union
    select e.id
    from   /* schema */registry_event e
    where  e.action = 'SCU' /* ActionScoreUpdate */
    and    e.address = any(array(
-- shared: linked wallets
         select wallet
         from   /* schema */account_walletgroupcommunityclaim g
         cross  join unnest(string_to_array(g.group_key, ',') || g.canonical_address::text) as wallet
         where  g.canonical_address = any($2::text[])
         or     string_to_array(g.group_key, ',') && $2::text[]
-- end shared
    ))
), replaced as (
    update /* schema */registry_event e
    set    data = regexp_replace(e.data::text, $1::text, $4::text, 'gi')::jsonb
    where  e.id = any(array(select m.id from mentioning m))
    and    e.address <> all($2::text[])
    and    strpos(lower(e.data::text), $1::text) > 0
    returning e.id
)
select count(*)::bigint
from   replaced;

-- name: forget_points
--   $1 spellings
with removed as (
    delete from /* schema */registry_humanpoints h
    where  h.address = any($1::text[])
    returning h.id
)
select count(*)::bigint
from   removed;

-- name: forget_qualified
--   $1 spellings
with removed as (
    delete from /* schema */registry_humanpointscommunityqualifiedusers q
    where  q.address = any($1::text[])
    returning q.id
)
select count(*)::bigint
from   removed;

-- name: forget_multipliers
--   $1 spellings
with removed as (
    delete from /* schema */registry_humanpointsmultiplier m
    where  m.address = any($1::text[])
    returning m.address
)
select count(*)::bigint
from   removed;

-- name: forget_members
-- Deletes the address from address lists.
--
--   $1 spellings
with removed as (
    delete from /* schema */account_addresslistmember m
    where  m.address = any($1::text[])
    returning m.id
)
select count(*)::bigint
from   removed;

-- name: forget_revocations
--   $1 spellings
delete from /* schema */ceramic_cache_revocation r
where  r.ceramic_cache_id = any(array(
         select c.id
         from   /* schema */ceramic_cache_ceramiccache c
         where  c.address = any($1::text[])
       ));

-- name: forget_credentials
--   $1 spellings
with removed as (
    delete from /* schema */ceramic_cache_ceramiccache c
    where  c.address = any($1::text[])
    returning c.id
)
select count(*)::bigint
from   removed;

-- name: forget_group_keys
-- Takes the address out of the keys of group claims that have a use without it:
-- those of another wallet with at least two others, whose key no other claim
-- has.
--
--   $1 spellings
with named as materialized (
    select g.id, g.community_id, others.key
    from   /* schema */account_walletgroupcommunityclaim g
    cross  join lateral (
             select string_agg(wallet, ',' order by place) as key, count(*) as wallets
             from   unnest(string_to_array(g.group_key, ',')) with ordinality as item (wallet, place)
             where  wallet <> all($1::text[])
           ) as others
    where  string_to_array(g.group_key, ',') && $1::text[]
    and    g.canonical_address <> all($1::text[])
    and    others.wallets > 1
), kept as materialized (
    select distinct on (named.community_id, named.key) named.id, named.key
    from   named
    left   join /* schema */account_walletgroupcommunityclaim other
           on  other.group_key = named.key
           and other.community_id = named.community_id
    where  other.id is null
    order  by named.community_id, named.key, named.id
), changed as (
    update /* schema */account_walletgroupcommunityclaim g
    set    group_key = kept.key
    from   kept
    where  g.id = kept.id
    returning g.id
)
select count(*)::bigint
from   changed;

-- name: forget_groups
-- Deletes the others.
--
--   $1 spellings
with removed as (
    delete from /* schema */account_walletgroupcommunityclaim g
    where  g.canonical_address = any($1::text[])
    or     string_to_array(g.group_key, ',') && $1::text[]
    returning g.id
)
select count(*)::bigint
from   removed;

-- name: forget_passports
--   $1 spellings
delete from /* schema */registry_passport p
where  p.address = any($1::text[]);

-- name: forget_usage
--   $1 ids
with removed as (
    delete from /* schema */account_accountapikeyanalytics u
    where  u.id = any($1::text[]::bigint[])
    returning u.id
)
select count(*)::bigint
from   removed;
