package pgstore

// The statements of Apply, in the order in which they run. All of them take
// their locks in one order, over all scorings: passport rows by address,
// claims by nullifier, points by address, limits by action. So scorings never
// deadlock one another.

// upsertPassport makes the passport rows that are missing. It does not touch
// those that are there: lockPassport does.
//
//	$1 community  $2 addresses
const upsertPassport = `
insert into {schema}.registry_passport (community_id, address, requires_calculation)
select $1::bigint, wallet.address, false
from   (` + wallets + `
       ) as wallet
where  not exists (
         select from {schema}.registry_passport p
         where  p.address = wallet.address
         and    p.community_id = $1::bigint
       )
order  by wallet.address collate "C"
on     conflict (address, community_id) do nothing`

// lockPassport makes scorings of one address queue, and is get_passport_id.
// "No key": the service may go on adding rows that point at the passport. It
// fails unless the community exists: its key is checked at the commit only,
// which may be the host's.
//
//	$1 community  $2 addresses
const lockPassport = `
select p.address::text, p.id::bigint,
       1 / (select count(*) from {schema}.account_community c where c.id = $1::bigint and c.deleted_at is null)
from   (` + wallets + `
       ) as wallet
join   {schema}.registry_passport p using (address)
where  p.community_id = $1::bigint
order  by p.address collate "C"
for    no key update of p`

// verifyCredentials fails unless every wallet still has the credentials that
// it was scored by. It must be a statement of its own after lockPassport: what
// it sees is then at least as new as what the scoring that held the lock saw.
//
//	$1 addresses  $2 versions
const verifyCredentials = `
select 1 / (count(*) = cardinality($1::text[]))::int
from   (
         select *
         from   unnest($1::text[], $2::text[]) as scored (address, version)
         limit  cardinality($1::text[])
       ) as wallet
where  wallet.version = (
         select` + walletVersion + `
         from   (
                  select c.id, c.updated_at` + undeleted + `
                ) as c
         where  not ` + isRevoked + `
       )`

// bulkUpsertHashLinks writes the claims that are not already as wanted. One
// that is no longer there to take gets NULL for an address, which the column
// refuses: the lost race undoes the whole batch. A scored wallet may take what has
// expired, and lengthen what is its own; others may be given what has expired and
// is not a scored wallet's. An end beyond the year 9999 is read as its last moment.
//
//	$1 community  $2 moment  $3 nullifiers  $4 addresses  $5 expiries
//	$6 scored wallets
const bulkUpsertHashLinks = `
insert into {schema}.registry_hashscorerlink as link (hash, community_id, address, expires_at)
select claim.hash, $1::bigint, claim.address, claim.expires_at::timestamptz
from   (
         select *
         from   unnest($3::text[], $4::text[], $5::text[]) as claim (hash, address, expires_at)
         limit  cardinality($3::text[])
       ) as claim
where  not exists (
         select from {schema}.registry_hashscorerlink same
         where  same.hash = claim.hash
         and    same.community_id = $1::bigint
         and    same.address = claim.address
         and    same.expires_at = claim.expires_at::timestamptz
       )
order  by claim.hash collate "C"
on     conflict (hash, community_id) do update
set    expires_at = excluded.expires_at,
       address    = case when excluded.address = any($6::text[])
                         then case when link.expires_at <= $2::timestamptz
                                   or   link.address = excluded.address
                                        and least(link.expires_at, '9999-12-31 23:59:59.999999Z'::timestamptz) <= excluded.expires_at
                                   then excluded.address
                              end
                         when link.address = excluded.address and link.expires_at = excluded.expires_at
                         or   link.address <> all($6::text[]) and link.expires_at <= $2::timestamptz
                         then excluded.address
                    end`

// verifyHashLinks fails unless the claims of others are still theirs.
//
//	$1 community  $2 nullifiers  $3 addresses
const verifyHashLinks = `
select 1 / (count(*) = cardinality($2::text[]))::int
from   (
         select *
         from   unnest($2::text[], $3::text[]) as held (hash, address)
         limit  cardinality($2::text[])
       ) as held
join   {schema}.registry_hashscorerlink l
       on l.hash = held.hash and l.community_id = $1::bigint and l.address = held.address`

// passports are those of the wallets in $2, in the community $1.
const passports = `
    select p.id, p.address
    from   (` + wallets + `
           ) as wallet
    join   {schema}.registry_passport p using (address)
    where  p.community_id = $1::bigint`

// replaceStamps is delete_stamps and bulk_insert_stamps: what is there but not
// wanted goes, what is wanted but not there comes, and all else stays as it is.
//
// A stamp that is a credential of the database is not sent: it is told by the
// row's id, and copied from there if its text still has the digest. If it has
// not, NULL is copied, which the column refuses.
//
//	$1 community  $2 addresses  $3 address of each stamp  $4 providers
//	$5 credentials, or "" for those with  $6 row ids, and  $7 digests
const replaceStamps = `
with passport as materialized (` + passports + `
), wanted as (
    select passport.id as passport_id, s.provider, s.place, s.digest,
           case s.digest when '' then s.credential::jsonb else c.stamp end as credential,
           row_number() over (partition by passport.id, s.provider order by s.place) as nth
    from (
        select *
        from   unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               with ordinality as stamp (address, provider, credential, row_id, digest, place)
        limit  cardinality($3::text[])
    ) as s
    join   passport using (address)
    left   join {schema}.ceramic_cache_ceramiccache c on c.id = s.row_id::bigint
), present as (
    select s.passport_id, s.provider, s.id, s.credential,
           row_number() over (partition by s.passport_id, s.provider order by s.id) as nth
    from   passport
    join   {schema}.registry_stamp s on s.passport_id = passport.id
), different as materialized (
    select passport_id, provider, present.id as present, wanted.place, wanted.credential, wanted.digest
    from   wanted
    full   join present using (passport_id, provider, nth)
    where  (wanted.credential = present.credential) is not true
), delete_stamps as (
    delete from {schema}.registry_stamp s
    using  different
    where  s.id = different.present
)
insert into {schema}.registry_stamp (passport_id, provider, credential)
select new.passport_id, new.provider,
       case when new.digest = '' or new.digest = encode(sha256(convert_to(new.credential::text, 'UTF8')), 'hex')
            then new.credential
       end
from   different new
where  new.place is not null
order  by new.place`

// upsertScore replaces the scores, also one that reads the same, as an error
// may: at REPEATABLE READ it is this write by which a scoring notices that
// another came first.
//
// It is insert_dedup_events and insert_score_update_event as well, since the
// event of a score tells the score's id. Such an event names its wallet in $15,
// and gives in $14 the fields to which the ids of its rows are added here.
//
//	$1 community  $2 addresses  $3 statuses  $4 values  $5 moments  $6 expiries
//	$7 errors  $8 evidences  $9 stamp scores  $10 stamps
//	$11 moment  $12 actions  $13 addresses  $14 data  $15 scored wallet or ""
const upsertScore = `
with passport as materialized (` + passports + `
), upsert_score as (
    insert into {schema}.registry_score
           (passport_id, status, score, last_score_timestamp, expiration_date, error, evidence, stamp_scores, stamps)
    select p.id,
           new.status,
           nullif(new.score, '')::numeric,
           nullif(new.scored_at, '')::timestamptz,
           nullif(new.expires_at, '')::timestamptz,
           nullif(new.error, ''),
           nullif(new.evidence, '')::jsonb,
           nullif(new.stamp_scores, '')::jsonb,
           nullif(new.stamps, '')::jsonb
    from (
        select *
        from   unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                      $7::text[], $8::text[], $9::text[], $10::text[])
               as score (address, status, score, scored_at, expires_at, error, evidence, stamp_scores, stamps)
        limit  cardinality($2::text[])
    ) as new
    join   passport p using (address)
    order  by p.address collate "C"
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
), insert_events as (
    insert into {schema}.registry_event (action, address, created_at, data, community_id)
    select event.action,
           event.address,
           $11::timestamptz,
           case when s.id is null then event.data::jsonb
                else jsonb_build_object(
                       'model',  'registry.score',
                       'pk',     s.id,
                       'fields', event.data::jsonb || jsonb_build_object('passport', p.id)
                     )
           end,
           $1::bigint
    from (
        select *
        from   unnest($12::text[], $13::text[], $14::text[], $15::text[])
               with ordinality as event (action, address, data, scored, place)
        limit  cardinality($12::text[])
    ) as event
    left   join passport p on p.address = event.scored
    left   join upsert_score s on s.passport_id = p.id
    order  by event.place
)
select passport_id::bigint, id::bigint
from   upsert_score`

// lockPoints makes those queue that give points to one address, in whichever
// community, and those that give a limited award: the tables have no row that
// they could lock. The locks end with the transaction. It must be a statement
// of its own before the others about points, which must see what the holder of
// the lock has written.
//
//	$1 what to lock, in the order to lock it
const lockPoints = `
select pg_advisory_xact_lock(hashtextextended('passport points ' || lock.name, 0))
from   unnest($1::text[]) with ordinality as lock (name, place)
order  by lock.place`

// verifyEarners fails when a credential that earns a key is deleted, and until
// the end of the transaction keeps it from being so. A key is given once for a
// provider, but a wallet that has replaced its credential asks for one with
// another nullifier, and a host's transaction that goes on seeing what it began
// with would not see that one has been given since. This way the keys for two
// such credentials are given one after the other: the second credential comes
// when the first key has been committed, or the first key is not given any more.
// Nobody is waited for: who changes credentials may be waiting for this scoring.
//
//	$1 row ids of the credentials
const verifyEarners = `
select 1 / (count(*) = cardinality($1::text[]))::int
from   (
         select
         from   {schema}.ceramic_cache_ceramiccache c
         where  c.id = any($1::text[]::bigint[])
         and    c.deleted_at is null
         for    share of c skip locked
       ) as earner`

// lockCounts makes awards that depend on a count exact in a host's transaction
// that goes on seeing the count that it began with: it writes the action's row of
// the configuration, so that such a transaction fails when another has given the
// award since, and is begun again. At REPEATABLE READ the row is made, inactive,
// if there was none. At the other isolations the lock before it is enough among
// themselves, and the row of a limited award is written, if there is one, for the
// others to notice.
//
//	$1 actions  $2 those that are limited in number
const lockCounts = `
insert into {schema}.registry_humanpointsconfig as config (action, points, active)
select counted.action, 0, false
from   unnest($1::text[]) as counted (action)
where  current_setting('transaction_isolation') = 'repeatable read'
or     counted.action = any($2::text[])
       and exists (
         select from {schema}.registry_humanpointsconfig c
         where  c.action = counted.action
       )
order  by counted.action collate "C"
on     conflict (action) do update
set    points = config.points`

// recordPassingScore records who passes in the community.
//
//	$1 community  $2 addresses
const recordPassingScore = `
insert into {schema}.registry_humanpointscommunityqualifiedusers (address, community_id)
select wallet.address, $1::bigint
from   (` + wallets + `
       ) as wallet
where  not exists (
         select from {schema}.registry_humanpointscommunityqualifiedusers q
         where  q.address = wallet.address
         and    q.community_id = $1::bigint
       )
order  by wallet.address collate "C"
on     conflict (address, community_id) do nothing`

// recordAwards is record_stamp_actions, award_scoring_bonus and
// award_metamask_og_bonus: they differ in the conditions that $6 and $7 state.
// It answers with the awards that it gave.
//
//	$1 moment  $2 addresses  $3 actions  $4 providers  $5 transaction hashes
//	$6 limits or 0  $7 least communities or 0
const recordAwards = `
with earned as (
    select award.*,
           row_number() over (partition by award.action order by award.place) as nth
    from (
        select *
        from   unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               with ordinality as award (address, action, provider, tx_hash, most, communities, place)
        limit  cardinality($2::text[])
    ) as award
    where  not exists (
             select from {schema}.registry_humanpoints h
             where  h.address = award.address
             and    h.action = award.action
             and    h.provider = award.provider
           )
    and    award.communities::bigint <= case award.communities when '0' then 0 else (
             select count(*)
             from   {schema}.registry_humanpointscommunityqualifiedusers q
             where  q.address = award.address
           ) end
)
insert into {schema}.registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
select earned.address, earned.action, earned.provider, earned.tx_hash, 0, $1::timestamptz
from   earned
where  case earned.most when '0' then true else earned.most::bigint >= earned.nth + (
         select count(*)
         from   {schema}.registry_humanpoints h
         where  h.action = earned.action
       ) end
order  by earned.address collate "C", earned.place
on     conflict do nothing
returning address::text, action::text, provider::text`
