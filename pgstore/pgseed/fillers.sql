-- Adds wallets that have what one wallet has, with addresses, proofs and
-- claimed nullifiers of their own. Numbers of the same seed are the same
-- wallets.
--
-- The documents are copied as they are, still compressed: to put each filler's
-- address into them would take ten times as long.
--
--   $1 seed  $2 first number  $3 number behind the last  $4 community
--   $5 ids of the wallet's credentials  $6 id of its score, 0 for none
--   $7 id of its event  $8 events of each filler  $9 no documents
with filler as materialized (
    select n, '0x' || substr(encode(sha256(convert_to($1::text || ' filler ' || n, 'UTF8')), 'hex'), 1, 40) as address
    from   generate_series($2::bigint, $3::bigint - 1) as n
), copied as materialized (
    select c.type, c.provider, case when $9::boolean then '{}' else c.stamp end as stamp, c.issuance_date, c.expiration_date,
           row_number() over (order by c.provider) as place
    from   /* schema */ceramic_cache_ceramiccache c
    where  c.id = any($5::bigint[])
), credential as (
    insert into /* schema */ceramic_cache_ceramiccache
           (type, address, provider, stamp, proof_value, issuance_date, expiration_date,
            created_at, updated_at, compose_db_save_status, compose_db_stream_id)
    select copied.type, filler.address, copied.provider, copied.stamp,
           '0x' || encode(of.digest || sha256(of.digest), 'hex') || '1b',
           copied.issuance_date, copied.expiration_date, now(), now(), 'pending', ''
    from   filler
    cross  join copied
    cross  join lateral (select sha256(convert_to(copied.provider || ' proof ' || filler.address, 'UTF8')) as digest) as of
    returning id, address, provider, proof_value
), revoked as (
    insert into /* schema */ceramic_cache_revocation (proof_value, ceramic_cache_id)
    select credential.proof_value, credential.id
    from   credential
    join   filler on filler.address = credential.address and filler.n % 10 = 0
    join   copied on copied.provider = credential.provider and copied.place = 1
), passport as (
    insert into /* schema */registry_passport (address, community_id, requires_calculation)
    select filler.address, $4::bigint, false
    from   filler
    where  $6::bigint > 0
    returning id, address
), score as (
    insert into /* schema */registry_score
           (passport_id, status, score, last_score_timestamp, expiration_date, error, evidence, stamp_scores, stamps)
    select passport.id, s.status, s.score, s.last_score_timestamp, s.expiration_date, s.error, s.evidence, s.stamp_scores, s.stamps
    from   passport
    cross  join /* schema */registry_score s
    where  s.id = $6::bigint
    returning id, passport_id
), counted as (
    insert into /* schema */registry_stamp (provider, credential, passport_id)
    select copied.provider, copied.stamp, passport.id
    from   passport
    cross  join copied
), claimed as (
    insert into /* schema */registry_hashscorerlink (hash, address, expires_at, community_id)
    select 'v0:' || encode(sha256(convert_to(copied.provider || ' ' || passport.address, 'UTF8')), 'base64'),
           passport.address, copied.expiration_date, $4::bigint
    from   passport
    cross  join copied
)
insert into /* schema */registry_event (action, address, created_at, data, community_id)
select e.action, passport.address, e.created_at - (before || ' months')::interval,
       jsonb_set(e.data || jsonb_build_object('pk', score.id), '{fields,passport}', to_jsonb(passport.id)), $4::bigint
from   score
join   passport on passport.id = score.passport_id
cross  join /* schema */registry_event e
cross  join generate_series(0, $8::int - 1) as before
where  e.id = $7::bigint
