-- name: add_fillers
-- Adds wallets that have what one wallet has, with their own addresses,
-- nullifiers and proofs, which do not verify. Numbers of the same seed are the
-- same wallets.
--
--   $1 seed  $2 first number  $3 number behind the last
--   $4 address of the wallet  $5 its community  $6 community of the fillers
with filler as materialized (
    select '0x' || substr(encode(sha256(convert_to($1::text || ' filler ' || n, 'UTF8')), 'hex'), 1, 40) as address
    from   generate_series($2::bigint, $3::bigint - 1) as n
), copied as materialized (
    select s.*
    from   /* schema */registry_passport p
    join   /* schema */registry_score s on s.passport_id = p.id
    where  p.address = $4::text
    and    p.community_id = $5::bigint
), stamp as materialized (
    select filler.address, c.provider, made.nullifier, made.proof, c.issuance_date, c.expiration_date,
           jsonb_set(jsonb_set(jsonb_set(
             c.stamp,
             '{credentialSubject,id}', to_jsonb('did:pkh:eip155:1:' || filler.address)),
             '{credentialSubject,nullifiers}', jsonb_build_array(made.nullifier)),
             '{proof,proofValue}', to_jsonb(made.proof)) as document
    from   filler
    cross  join /* schema */ceramic_cache_ceramiccache c
    cross  join lateral (select sha256(convert_to(c.provider || filler.address, 'UTF8')) as digest) as of
    cross  join lateral (
             select 'v0:' || encode(of.digest, 'base64') as nullifier,
                    '0x' || encode(of.digest || sha256(of.digest), 'hex') || '1b' as proof
           ) as made
    where  c.address = $4::text
    and    c.deleted_at is null
), credential as (
    insert into /* schema */ceramic_cache_ceramiccache
           (type, address, provider, stamp, proof_value, issuance_date, expiration_date,
            created_at, updated_at, compose_db_save_status, compose_db_stream_id)
    select 1, address, provider, document, proof, issuance_date, expiration_date, now(), now(), 'pending', ''
    from   stamp
), passport as (
    insert into /* schema */registry_passport (address, community_id, requires_calculation)
    select filler.address, $6::bigint, false
    from   filler
    cross  join copied
    returning id, address
), score as (
    insert into /* schema */registry_score
           (passport_id, status, score, last_score_timestamp, expiration_date, error, evidence, stamp_scores, stamps)
    select passport.id, status, score, last_score_timestamp, expiration_date, error, evidence, stamp_scores, stamps
    from   passport
    cross  join copied
    returning id, passport_id
), counted as (
    insert into /* schema */registry_stamp (provider, credential, passport_id)
    select stamp.provider, stamp.document, passport.id
    from   passport
    join   stamp on stamp.address = passport.address
), claimed as (
    insert into /* schema */registry_hashscorerlink (hash, address, expires_at, community_id)
    select stamp.nullifier, stamp.address, stamp.expiration_date, $6::bigint
    from   stamp
    cross  join copied
)
insert into /* schema */registry_event (action, address, created_at, data, community_id)
select e.action, passport.address, e.created_at,
       jsonb_set(e.data || jsonb_build_object('pk', score.id), '{fields,passport}', to_jsonb(passport.id)), $6::bigint
from   score
join   passport on passport.id = score.passport_id
cross  join /* schema */registry_event e
where  e.address = $4::text
and    e.community_id = $5::bigint
and    e.action = 'SCU';
