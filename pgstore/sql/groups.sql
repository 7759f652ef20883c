-- The statements about the claims of linked wallets.
--
-- A claim is found by its canonical wallet or by the wallets of its key, each
-- with an index: the one on keys is passport_group_wallets. The 0 is added to
-- keep the index on communities out, as for the claims on nullifiers.

-- name: load_group_claims
-- Returns the claims that name one of the wallets.
--
--   $1 community  $2 addresses  $3 most rows
select g.group_key::text, g.canonical_address::text,
       extract(epoch from g.claimed_at)::text
-- shared: claims of groups
from   /* schema */account_walletgroupcommunityclaim g
where  (g.canonical_address = any($2::text[]) or string_to_array(g.group_key, ',') && $2::text[])
and    g.community_id + 0 = $1::bigint
and    length(g.group_key) <= 2579 /* MaxGroupKey */
-- end shared
limit  $3::bigint;

-- name: list_group_claims
-- Returns all of them.
--
--   $1 community  $2 addresses
select g.group_key::text, g.canonical_address::text,
       extract(epoch from g.claimed_at)::text
-- shared: claims of groups
from   /* schema */account_walletgroupcommunityclaim g
where  (g.canonical_address = any($2::text[]) or string_to_array(g.group_key, ',') && $2::text[])
and    g.community_id + 0 = $1::bigint
and    length(g.group_key) <= 2579 /* MaxGroupKey */
-- end shared
order  by g.group_key collate "C";

-- name: verify_group_claims
-- Fails unless the claims that name one of the wallets are exactly those, and
-- keeps them from being changed until the end of the transaction. It comes
-- after lock_passport, so it sees the claims of scorings that had one of the
-- wallets, and it waits for one of other wallets of the group that is changing
-- the claim. In a host's transaction that keeps its first snapshot it fails if
-- a claim has changed since; if one was added, upsert_score fails, because a
-- wallet that the claim names was scored.
--
--   $1 community  $2 addresses
--   $3 keys  $4 canonical wallets  $5 times as read
select (case when count(*) = cardinality($3::text[]) and count(wanted.group_key) = count(*)
             then '1' else 'group claims have changed' end)::bigint
from   (
         select g.group_key, g.canonical_address, g.claimed_at
-- shared: claims of groups
from   /* schema */account_walletgroupcommunityclaim g
where  (g.canonical_address = any($2::text[]) or string_to_array(g.group_key, ',') && $2::text[])
and    g.community_id + 0 = $1::bigint
and    length(g.group_key) <= 2579 /* MaxGroupKey */
-- end shared
         order  by g.group_key collate "C"
         limit  cardinality($3::text[]) + 1
         for    update
       ) as found
left   join (
         select *
         from   unnest($3::text[], $4::text[], array_replace($5::text[], '', null)::timestamptz[])
                as wanted (group_key, canonical_address, claimed_at)
         limit  cardinality($3::text[])
       ) as wanted
       on  wanted.group_key = found.group_key
       and wanted.canonical_address = found.canonical_address
       and wanted.claimed_at = greatest('0001-01-01 00:00:00.000001Z', least(found.claimed_at, '9999-12-31 23:59:59.999999Z'));

-- name: delete_group_claims
-- Deletes claims that verify_group_claims has locked.
--
--   $1 community  $2 keys
delete from /* schema */account_walletgroupcommunityclaim g
where  g.group_key = any($2::text[])
and    g.community_id + 0 = $1::bigint;

-- name: insert_group_claims
-- Inserts claims. If there is one with the same key, which another program has
-- inserted since verify_group_claims, the unique key refuses the row.
--
--   $1 community  $2 keys  $3 canonical wallets  $4 times
insert into /* schema */account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
select claim.group_key, claim.canonical_address, claim.claimed_at, $1::bigint
from   (
         select *
         from   unnest($2::text[], $3::text[], $4::text[]::timestamptz[]) as claim (group_key, canonical_address, claimed_at)
         limit  cardinality($2::text[])
       ) as claim
order  by claim.group_key collate "C";
