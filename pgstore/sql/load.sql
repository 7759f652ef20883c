-- name: load_snapshot
-- Reads everything that a scoring needs. It is one statement, because only then
-- does it see one moment in any transaction: at READ COMMITTED each statement
-- has a snapshot of its own, and the isolation of a host's transaction cannot
-- be changed.
--
-- Its parts have the names of the operations that they stand for;
-- live_credentials is load_ceramic_cache and get_latest_stamps_per_provider,
-- and qualified_communities is count_passing_scores. The rows have one shape,
-- and the first column is their kind. Its sections can be left out: documents
-- if the caller knows all wallets, the last score and points if the query does
-- not ask for them.
--
-- The version of a wallet is where its rows are stored (ctid) by which
-- transaction (xmin): every update of any program changes that, and no document
-- has to be read to notice. The same of the stamps beside its score says that
-- they are those which were written last. A wallet for which both are as the
-- caller knows them has no documents.
--
-- The LIMIT of the wallets never truncates. It gives the planner the array's
-- length; without it, it assumes 10 elements, finds a custom plan cheaper, and
-- plans again on every execution. The other statements do the same.
--
-- It reads no more of the credentials than package store allows: a row beyond
-- the bounds costs a look at its size. kept is the size of the packed document,
-- size that of the unpacked one with its numbers written out, and the totals
-- are those up to the row. Each reference to a large column unpacks it again,
-- so OFFSET 0 has it unpacked once; small documents stay unpacked while the
-- sizes are added up. Levels are checked first, because looking for numbers
-- takes stack for each level. A text that is mostly control characters is more
-- than twice its size, and too large.
--
-- The time is the statement's, not the transaction's: a host's transaction may
-- have begun long ago.
--
--   $1 community  $2 addresses  $3 time of the scoring, NULL for now
--   $4 known digests of the rows  $5 of the stamps  $6 known nullifiers
--   $7 names of the address lists  $8 actions to count
with wallets as materialized (
    select wallet.address, stored.digest,
           stored.digest = wallet.known and (wallet.stamped = '' or wallet.stamped = (
-- shared: digest of stamps
             select encode(sha256(coalesce(
                      string_agg(int8send(s.id) || convert_to(s.xmin::text || s.ctid::text, 'UTF8'), ''::bytea order by s.id),
                      ''::bytea
                    )), 'hex')
             from   /* schema */registry_passport p
             join   /* schema */registry_stamp s on s.passport_id = p.id
             where  p.address = wallet.address
             and    p.community_id = $1::bigint
-- end shared
           )) as unchanged
    from   (
             select *
             from   unnest($2::text[], $4::text[], $5::text[]) as wallet (address, known, stamped)
             limit  cardinality($2::text[])
           ) as wallet
    cross  join lateral (
-- shared: digest of rows
             select encode(sha256(coalesce(
                      string_agg(int8send(c.id) || convert_to(c.xmin::text || c.ctid::text, 'UTF8'), ''::bytea order by c.id),
                      ''::bytea
                    )), 'hex') as digest
             from   (
                      select c.id, c.xmin, c.ctid
                      from   /* schema */ceramic_cache_ceramiccache c
                      where  c.address = wallet.address
                      and    c.deleted_at is null
                      order  by c.id desc
                      limit  1000 /* MaxCredentials */ + 1
                    ) as c
             where  not exists (
                      select from /* schema */ceramic_cache_revocation r
                      where  r.ceramic_cache_id = c.id
                    )
-- end shared
           ) as stored
), load_community as (
    select c.id, c.name, c.rule, c.human_points_program, c.scorer_id, c.account_id, c.external_scorer_id
    from   /* schema */account_community c
    where  c.id = $1::bigint
    and    c.deleted_at is null
), load_scorer_config as (
    select s.type,
           coalesce(b.weights, w.weights)     as weights,
           coalesce(b.threshold, w.threshold) as threshold
    from   load_community c
    join   /* schema */scorer_weighted_scorer s
           on s.id = c.scorer_id
    left   join /* schema */scorer_weighted_binaryweightedscorer b
           on b.scorer_ptr_id = s.id and s.type = 'WEIGHTED_BINARY' /* ScorerBinary */
    left   join /* schema */scorer_weighted_weightedscorer w
           on w.scorer_ptr_id = s.id and s.type = 'WEIGHTED' /* ScorerWeighted */
), load_customization as (
    select 'AllowList#' /* AllowListPrefix */ || list.name as key, a.weight, 1 as kind, a.id
    from   /* schema */account_customization z
    join   /* schema */account_allowlist a on a.customization_id = z.id
    join   /* schema */account_addresslist list on list.id = a.address_list_id
    where  z.scorer_id = $1::bigint
    union  all
    select ruleset.provider_id, c.weight, 2, c.id
    from   /* schema */account_customization z
    join   /* schema */account_customcredential c on c.customization_id = z.id
    join   /* schema */account_customcredentialruleset ruleset on ruleset.id = c.ruleset_id
    where  z.scorer_id = $1::bigint
-- section documents
), read_credentials as materialized (
    select wallet.address, c.*
    from   wallets as wallet
    cross  join lateral (
        select c.id, c.provider, c.updated_at, c.stamp, row_number() over (order by c.id desc) as place
        from   /* schema */ceramic_cache_ceramiccache c
        where  c.address = wallet.address
        and    c.deleted_at is null
        order  by c.id desc
        limit  1000 /* MaxCredentials */ + 1
    ) as c
    where  not wallet.unchanged
    and    not exists (
             select from /* schema */ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           )
), live_credentials as materialized (
-- shared: bounded credentials
    select c.address, c.id, c.provider, c.updated_at, c.kept_total, c.size_total,
           case when judged.fits then written.stamp end as stamp,
           case when judged.fits then written.subject end as subject,
           case
             when judged.fits then ''
             when c.kept <= 131072 /* MaxDocumentBytes */ and (
                    c.place > 1000 /* MaxCredentials */
                    or c.kept_total > 4194304 /* MaxWalletBytes */
                    or c.size_total > 4194304 /* MaxWalletBytes */
                  ) then 'too_many_credentials' /* OmittedTooMany */
             else 'too_large' /* OmittedTooLarge */
           end as omitted
    from   (
      select c.*, sum(c.size) over (partition by c.address order by c.place) as size_total
      from   (
        select c.*, unpacked.size, unpacked.small
        from   (
          select c.*,
                 sum(c.kept) filter (where c.kept <= 131072 /* MaxDocumentBytes */)
                   over (partition by c.address order by c.place) as kept_total
          from   (
            select c.*, pg_column_size(c.stamp) as kept
            from   read_credentials c
          ) as c
        ) as c
        cross  join lateral (
          select case
                   when pg_column_size(document) > 131072 /* MaxDocumentBytes */ then null
                   when pg_column_size(document) > 8 * 1000 /* MaxDocumentDepth */
                   and  jsonb_path_exists(document, 'strict $.**{1000 /* MaxDocumentDepth */}') then null
                   when not jsonb_path_exists(document, 'strict $.**{last} ? (exists(@.abs()))') then pg_column_size(document)
                   else (
                     select pg_column_size(document) + sum(number.width)::bigint
                     from   (
                              select scale(n.value::numeric) + (array[4, 16, 64, 256, 1000 /* MaxNumber */, 131072 /* MaxDocumentBytes */])[
                                       1 + width_bucket(abs(n.value::numeric), array[1e4, 1e16, 1e64, 1e256, 1e1000 /* MaxNumber */])
                                     ] as width
                              from   jsonb_array_elements(
                                       jsonb_path_query_array(document, 'strict $.**{last} ? (exists(@.abs()))')
                                     ) as n (value)
                            ) as number
                     having sum(number.width) <= 4 * 131072 /* MaxDocumentBytes */
                   )
                 end as size,
                 case when pg_column_size(document) <= 8192 then document end as small
          from   (
                   select case
                            when c.kept <= 131072 /* MaxDocumentBytes */
                            and  c.kept_total <= 4194304 /* MaxWalletBytes */
                            and  c.place <= 1000 /* MaxCredentials */
                            then c.stamp #> '{}'
                          end as document
                   offset 0
                 ) as packed
          offset 0
        ) as unpacked
      ) as c
    ) as c
    cross  join lateral (
      select document::text as stamp,
             case when document #>> '{credentialSubject,provider}' = c.provider
                  and  lower(document #>> '{credentialSubject,id}' collate "C") = 'did:pkh:eip155:1:' || c.address
                  then document -> 'credentialSubject'
             end as subject
      from   (
               select case
                        when c.size is not null and c.size_total <= 4194304 /* MaxWalletBytes */
                        then coalesce(c.small, c.stamp #> '{}')
                      end as document
               offset 0
             ) as packed
      offset 0
    ) as written
    cross  join lateral (
      select octet_length(written.stamp) <= least(131072 /* MaxDocumentBytes */, 2 * c.size) as fits
    ) as judged
-- end shared
), nullifiers as (
    select jsonb_array_elements_text(jsonb_path_query_array(
             (
               select jsonb_agg(c.subject -> 'nullifiers')
               from   live_credentials c
               where  case jsonb_typeof(c.subject -> 'nullifiers')
                           when 'array' then jsonb_array_length(c.subject -> 'nullifiers')
                      end <= 100 /* MaxNullifiers */
             ),
             'strict $[*][*] ? (@.type() == "string")'
           )) as nullifier
    union
    select c.subject ->> 'hash'
    from   live_credentials c
    where  jsonb_typeof(c.subject -> 'hash') = 'string'
-- end documents
), load_hash_scorer_links as (
    select l.hash, l.address, l.expires_at
    from   /* schema */registry_hashscorerlink l
    where  l.community_id = $1::bigint
    and    l.hash = any($6::text[]
-- section documents
             || array(select nullifier from nullifiers where length(nullifier) <= 100 /* MaxNullifier */)
-- end documents
           )
-- section last score
), last_scores as materialized (
    select p.address, s.*
    from   wallets
    join   /* schema */registry_passport p on p.address = wallets.address and p.community_id = $1::bigint
    join   /* schema */registry_score s on s.passport_id = p.id
-- end last score
-- section points
), human_points as (
    select address, h.action, h.provider, h.tx_hash, h.chain_id
    from   wallets
    join   /* schema */registry_humanpoints h using (address)
), qualified_communities as (
    select address, q.community_id
    from   wallets
    join   /* schema */registry_humanpointscommunityqualifiedusers q using (address)
), address_lists as (
    select address, list.name
    from   wallets
    join   /* schema */account_addresslistmember m using (address)
    join   /* schema */account_addresslist list on list.id = m.list_id
    where  list.name = any($7::text[])
), count_metamask_og_awards as (
    select counted.action, count(h.id) as given
    from   (select distinct action from unnest($8::text[]) as asked (action)) as counted
    left   join /* schema */registry_humanpoints h on h.action = counted.action
    group  by counted.action
), points_config as (
    select c.action, c.points
    from   /* schema */registry_humanpointsconfig c
    where  c.active
-- end points
)
select part::text,
       coalesce(address, '')::text,
       coalesce(number, 0)::bigint,
       case when at is not null then to_char(greatest('0001-01-01 00:00:00.000001', least(at at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US') end,
       coalesce(text1, '')::text, coalesce(text2, '')::text, coalesce(text3, '')::text,
       coalesce(text4, '')::text, coalesce(text5, '')::text, coalesce(document, '')::text
from (
    select 'community' as part, c.external_scorer_id::text as address, human_points_program::int::bigint as number,
           coalesce($3::timestamptz, statement_timestamp()) as at,
           c.name::text as text1, c.rule::text as text2, s.type::text as text3,
           s.weights::text as text4, s.threshold::text as text5, c.account_id::text as document
    from   load_community c
    left   join load_scorer_config s on true
    union  all
    select 'weight', null, row_number() over (order by kind, id), null, key, weight::text, null, null, null, null
    from   load_customization
    union  all
    select 'wallet', address, unchanged::int, null, digest, null, null, null, null, null
    from   wallets
-- section documents
    union  all
    select 'credential', address, id, updated_at, provider, omitted, null, null, null, stamp
    from   live_credentials
-- end documents
-- section last score
    union  all
    select 'score', address, null, last_score_timestamp, status, score::text, error, evidence::text, stamp_scores::text, stamps::text
    from   last_scores
    union  all
    select 'expiry', address, null, expiration_date, null, null, null, null, null, null
    from   last_scores
-- end last score
    union  all
    select 'claim', address, null, expires_at, hash, null, null, null, null, null
    from   load_hash_scorer_links
-- section points
    union  all
    select 'point', address, chain_id, null, action, provider, tx_hash, null, null, null
    from   human_points
    union  all
    select 'qualified', address, community_id, null, null, null, null, null, null, null
    from   qualified_communities
    union  all
    select 'list', address, null, null, name, null, null, null, null, null
    from   address_lists
    union  all
    select 'given', null, given, null, action, null, null, null, null, null
    from   count_metamask_og_awards
    union  all
    select 'value', null, points, null, action, null, null, null, null, null
    from   points_config
-- end points
) as answer;
