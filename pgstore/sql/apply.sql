-- The statements of Apply, in the order in which they run. All scorings take
-- their locks in one order, and so never deadlock: passport rows by address,
-- group claims by key (see groups.sql), new claims and then changed ones by
-- nullifier, points by address, limits by action.

-- name: upsert_passport
-- Inserts the missing passport rows. lock_passport locks all of them.
--
--   $1 community  $2 addresses
insert into /* schema */registry_passport (community_id, address, requires_calculation)
select $1::bigint, wallet.address, false
from   (
         select wallet.address
         from   unnest($2::text[]) as wallet (address)
         limit  cardinality($2::text[])
       ) as wallet
left   join /* schema */registry_passport p on p.address = wallet.address and p.community_id = $1::bigint
where  p.id is null
order  by wallet.address collate "C"
on     conflict (address, community_id) do nothing;

-- name: lock_passport
-- Makes scorings of one address queue, and is get_passport_id. "No key": the
-- service may still add rows that refer to the passport. It fails unless the
-- community exists: the foreign key is only checked at the commit, which may be
-- the host's.
--
--   $1 community  $2 addresses
select p.id::bigint, (case when exists (
         select from /* schema */account_community c
         where  c.id = $1::bigint
         and    c.deleted_at is null
       ) then '1' else 'no such community' end)::bigint
from   (
         select wallet.address
         from   unnest($2::text[]) as wallet (address)
         limit  cardinality($2::text[])
       ) as wallet
join   /* schema */registry_passport p on p.address = wallet.address and p.community_id = $1::bigint
order  by wallet.address collate "C"
for    no key update of p;

-- name: insert_hash_links
-- Inserts the claims on nullifiers that had none; with swap_hash_links it is
-- bulk_upsert_hash_links. It passes over one that another scoring has inserted
-- since: verify_hash_links decides about it.
--
--   $1 community  $2 nullifiers  $3 addresses  $4 expiries
insert into /* schema */registry_hashscorerlink (hash, community_id, address, expires_at)
select claim.hash, $1::bigint, claim.address, claim.expires_at
from   (
         select *
         from   unnest($2::text[], $3::text[], $4::text[]::timestamptz[]) as claim (hash, address, expires_at)
         limit  cardinality($2::text[])
       ) as claim
order  by claim.hash collate "C"
on     conflict (hash, community_id) do nothing;

-- name: lock_hash_links
-- Locks the claims that swap_hash_links changes, ordered by nullifier: an
-- update takes its locks in no order.
--
--   $1 community  $2 nullifiers
select 1
from   /* schema */registry_hashscorerlink l
where  l.community_id + 0 = $1::bigint
and    l.hash = any($2::text[])
order  by l.hash collate "C"
for    no key update;

-- name: swap_hash_links
-- Changes the claims that are still as they were read; see insert_hash_links
-- for bulk_upsert_hash_links. An expiry that no document of the service can
-- hold is read as the nearest one that it can.
--
--   $1 community  $2 nullifiers  $3 addresses and  $4 expiries as read
--   $5 addresses and  $6 expiries as wanted
update /* schema */registry_hashscorerlink l
set    address    = swap.to_address,
       expires_at = swap.to_expiry
from   (
         select *
         from   unnest($2::text[], $3::text[], $4::text[]::timestamptz[], $5::text[], $6::text[]::timestamptz[])
                as swap (hash, from_address, from_expiry, to_address, to_expiry)
         limit  cardinality($2::text[])
       ) as swap
where  l.hash = swap.hash
and    l.community_id + 0 = $1::bigint
and    l.address = swap.from_address
and    greatest('0001-01-01 00:00:00.000001Z', least(l.expires_at, '9999-12-31 23:59:59.999999Z')) = swap.from_expiry;

-- name: verify_hash_links
-- Fails unless every claim is as wanted.
--
--   $1 community  $2 nullifiers  $3 addresses  $4 expiries
select (case when count(*) = cardinality($2::text[]) then '1' else 'claims have changed' end)::bigint
from   (
         select *
         from   unnest($2::text[], $3::text[], $4::text[]::timestamptz[]) as wanted (hash, address, expires_at)
         limit  cardinality($2::text[])
       ) as wanted
join   /* schema */registry_hashscorerlink l
       on  l.hash = wanted.hash
       and l.community_id + 0 = $1::bigint
       and l.address = wanted.address
       and greatest('0001-01-01 00:00:00.000001Z', least(l.expires_at, '9999-12-31 23:59:59.999999Z')) = wanted.expires_at;

-- name: delete_stamps
-- Deletes the stamps of a provider unless they are the one that counts. No
-- document is sent: a stamp is compared with the wallet's row, which is the one
-- that was read unless upsert_score fails. OFFSET 0 has each wallet's stamps
-- compared with its own credentials only.
--
--   $1 community  $2 addresses  $3 row ids that count, with commas
delete from /* schema */registry_stamp s
using  (
         select present.id, counted.stamp = present.credential as same,
                row_number() over (partition by present.passport_id, present.provider order by present.id) as nth
         from   (
                  select *
                  from   unnest($2::text[], $3::text[]) as wallet (address, ids)
                  limit  cardinality($2::text[])
                ) as wallet
         join   /* schema */registry_passport p on p.address = wallet.address and p.community_id = $1::bigint
         join   /* schema */registry_stamp present on present.passport_id = p.id
         left   join lateral (
                  select c.provider, c.stamp
                  from   unnest(string_to_array(wallet.ids, ',')) as given (id)
                  join   /* schema */ceramic_cache_ceramiccache c on c.id = given.id::bigint
                  offset 0
                ) as counted on counted.provider = present.provider
       ) as compared
where  s.id = compared.id
and    (compared.same and compared.nth = 1) is not true;

-- name: bulk_insert_stamps
-- Inserts the stamps of the other providers.
--
--   $1 community  $2 addresses  $3 row ids that count, with commas
with wallet as materialized (
    select p.id, wallet.ids,
           array(
             select s.provider
             from   /* schema */registry_stamp s
             where  s.passport_id = p.id
           ) as providers
    from   (
             select *
             from   unnest($2::text[], $3::text[]) as wallet (address, ids)
             limit  cardinality($2::text[])
           ) as wallet
    join   /* schema */registry_passport p on p.address = wallet.address and p.community_id = $1::bigint
)
insert into /* schema */registry_stamp (passport_id, provider, credential)
select wallet.id, c.provider, c.stamp
from   wallet
cross  join unnest(string_to_array(wallet.ids, ',')) with ordinality as counted (id, place)
join   /* schema */ceramic_cache_ceramiccache c on c.id = counted.id::bigint
where  c.provider <> all(wallet.providers)
order  by wallet.id, counted.place;

-- name: read_stamps
-- Returns where the stamps of the wallets are stored, for load_wallets and
-- upsert_score to see later that nothing has replaced them.
--
--   $1 community  $2 addresses
select wallet.address::text,
-- shared: digest of stamps
           encode(sha256(array(
             select concat_ws(' ', s.id::text, s.xmin::text, s.ctid::text)
             from   /* schema */registry_stamp s
             where  s.passport_id = (
                      select p.id
                      from   /* schema */registry_passport p
                      where  p.address = wallet.address
                      and    p.community_id = $1::bigint
                    )
             order  by s.id
           )::text::bytea)::bytea, 'hex')
-- end shared
       ::text
from   unnest($2::text[]) as wallet (address)
limit  cardinality($2::text[]);

-- name: upsert_score
-- Replaces the scores, also one that stays the same, as an error may: at
-- REPEATABLE READ this write fails if another scoring came first. It is
-- insert_dedup_events and insert_score_update_event as well. The event of a
-- score names its wallet, and gets the ids of the wallet's rows.
--
-- It fails unless every wallet still has the credentials that it was scored by,
-- and the stamps that were left as they were written last. It sees at least
-- the rows that the scoring which held the passport's lock saw. Rows that are
-- stored where they were read were there all the time.
--
--   $1 community  $2 addresses  $3 digests of the rows  $4 of the stamps or ""
--   $5 statuses  $6 values  $7 times  $8 expiries
--   $9 errors  $10 evidences  $11 stamp scores  $12 stamps
--   $13 time  $14 actions  $15 addresses  $16 data  $17 scored wallet or ""
with scored as materialized (
    select wallet.*, coalesce(case
             when wallet.version =
-- shared: digest of rows
           encode(sha256(array(
             select concat_ws(' ', c.id::text, c.xmin::text, c.ctid::text, (
                      select 'revoked'
                      from   /* schema */ceramic_cache_revocation r
                      where  r.ceramic_cache_id = c.id
                    ))
             from   /* schema */ceramic_cache_ceramiccache c
             where  c.address = wallet.address
             and    c.deleted_at is null
             order  by c.id desc
             limit  1000 /* MaxCredentials */ + 1
           )::text::bytea)::bytea, 'hex')
-- end shared
             and (wallet.stamped = '' or wallet.stamped =
-- shared: digest of stamps
           encode(sha256(array(
             select concat_ws(' ', s.id::text, s.xmin::text, s.ctid::text)
             from   /* schema */registry_stamp s
             where  s.passport_id = (
                      select p.id
                      from   /* schema */registry_passport p
                      where  p.address = wallet.address
                      and    p.community_id = $1::bigint
                    )
             order  by s.id
           )::text::bytea)::bytea, 'hex')
-- end shared
             ) then (
               select p.id::text
               from   /* schema */registry_passport p
               where  p.address = wallet.address
               and    p.community_id = $1::bigint
             )
           end, 'the wallet has changed')::bigint as passport_id
    from   (
             select *
             from   unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                           array_replace($7::text[], '', null)::timestamptz[],
                           array_replace($8::text[], '', null)::timestamptz[],
                           $9::text[], $10::text[], $11::text[], $12::text[])
                    as wallet (address, version, stamped, status, score, scored_at,
                               expires_at, error, evidence, stamp_scores, stamps)
             limit  cardinality($2::text[])
           ) as wallet
), upsert_score as (
    insert into /* schema */registry_score
           (passport_id, status, score, last_score_timestamp, expiration_date, error, evidence, stamp_scores, stamps)
    select new.passport_id,
           new.status,
           nullif(new.score, '')::numeric,
           new.scored_at,
           new.expires_at,
           nullif(new.error, ''),
           nullif(new.evidence, '')::jsonb,
           nullif(new.stamp_scores, '')::jsonb,
           nullif(new.stamps, '')::jsonb
    from   scored new
    on     conflict (passport_id) do update
    set    status               = excluded.status,
           score                = excluded.score,
           last_score_timestamp = excluded.last_score_timestamp,
           expiration_date      = excluded.expiration_date,
           error                = excluded.error,
           evidence             = excluded.evidence,
           stamp_scores         = excluded.stamp_scores,
           stamps               = excluded.stamps
    returning passport_id, id
)
insert into /* schema */registry_event (action, address, created_at, data, community_id)
select event.action, event.address, $13::timestamptz,
       case when s.id is null then event.data::jsonb
            else jsonb_set(event.data::jsonb || jsonb_build_object('pk', s.id), '{fields,passport}', to_jsonb(s.passport_id))
       end, $1::bigint
from   (
         select *
         from   unnest($14::text[], $15::text[], $16::text[], $17::text[])
                with ordinality as event (action, address, data, scored, place)
         limit  cardinality($14::text[])
       ) as event
left   join scored on scored.address = event.scored
left   join upsert_score s on s.passport_id = scored.passport_id
order  by event.place;

-- name: lock_points
-- Makes scorings queue that give points to one address, in any community, or
-- that give a limited award: the tables have no row to lock for that. The locks
-- end with the transaction. It must be a statement of its own before the others
-- about points, which must see the rows that the last holder of the lock has
-- written.
--
--   $1 names of the locks, in their order
select pg_advisory_xact_lock(hashtextextended('passport points ' || lock.name, 0))
from   unnest($1::text[]) with ordinality as lock (name, place)
order  by lock.place;

-- name: verify_earners
-- Fails if a credential that earns a key is deleted, and keeps it from being
-- deleted until the end of the transaction. A key is given once for a provider,
-- but a wallet that has replaced its credential asks for one with another
-- nullifier, and a host's transaction that keeps its first snapshot does not
-- see that one has been given since. With this lock the keys for two such
-- credentials are given one after the other: the second credential is stored
-- when the first key has been committed, or the first key is refused. It waits
-- for no lock: a transaction that changes credentials may be waiting for this
-- one.
--
--   $1 row ids of the credentials
select (case when count(*) = cardinality($1::text[]) then '1' else 'a credential is deleted' end)::bigint
from   (
         select
         from   /* schema */ceramic_cache_ceramiccache c
         where  c.id = any($1::text[]::bigint[])
         and    c.deleted_at is null
         for    share of c skip locked
       ) as earner;

-- name: lock_counts
-- Makes awards that depend on a count exact in a host's transaction that keeps
-- its first snapshot. It writes the action's row of the configuration, so that
-- such a transaction fails, and is begun again, if another has given the award
-- since. At REPEATABLE READ it inserts the row, inactive, if there is none.
-- Transactions at the other isolations need no more than lock_points among
-- themselves; they write the row of a limited award, if there is one, for the
-- former to notice.
--
--   $1 actions  $2 those that are limited in number
insert into /* schema */registry_humanpointsconfig as config (action, points, active)
select counted.action, 0, false
from   unnest($1::text[]) as counted (action)
left   join /* schema */registry_humanpointsconfig c on c.action = counted.action
where  current_setting('transaction_isolation') = 'repeatable read'
or     counted.action = any($2::text[]) and c.action is not null
order  by counted.action collate "C"
on     conflict (action) do update
set    points = config.points;

-- name: record_passing_score
-- Records that the addresses have qualified in the community.
--
--   $1 community  $2 addresses
insert into /* schema */registry_humanpointscommunityqualifiedusers (address, community_id)
select wallet.address, $1::bigint
from   (
         select wallet.address
         from   unnest($2::text[]) as wallet (address)
         limit  cardinality($2::text[])
       ) as wallet
left   join /* schema */registry_humanpointscommunityqualifiedusers q
       on  q.address = wallet.address
       and q.community_id = $1::bigint
where  q.id is null
order  by wallet.address collate "C"
on     conflict (address, community_id) do nothing;

-- name: record_awards
-- Gives the awards whose conditions hold, and returns them. It is
-- record_stamp_actions, award_scoring_bonus and award_metamask_og_bonus, which
-- differ in the conditions in $6 and $7.
--
--   $1 time  $2 addresses  $3 actions  $4 providers  $5 transaction hashes
--   $6 limits or 0  $7 least communities or 0
with earned as (
    select award.*,
           row_number() over (partition by award.action order by award.place) as nth
    from (
        select *
        from   unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               with ordinality as award (address, action, provider, tx_hash, most, communities, place)
        limit  cardinality($2::text[])
    ) as award
    left   join /* schema */registry_humanpoints h
           on  h.address = award.address
           and h.action = award.action
           and h.provider = award.provider
    where  h.id is null
    and    award.communities::bigint <= case award.communities when '0' then 0 else (
             select count(*)
             from   /* schema */registry_humanpointscommunityqualifiedusers q
             where  q.address = award.address
           ) end
)
insert into /* schema */registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
select earned.address, earned.action, earned.provider, earned.tx_hash, 0, $1::timestamptz
from   earned
where  case earned.most when '0' then true else earned.most::bigint >= earned.nth + (
         select count(*)
         from   /* schema */registry_humanpoints h
         where  h.action = earned.action
       ) end
order  by earned.address collate "C", earned.place
on     conflict do nothing
returning address::text, action::text, provider::text;
