-- The statements of Load. They are small, and one for each thing that is read,
-- because that is planned three times as fast as one statement for all: in the
-- exec and simple modes of pgx, planning takes longer than running.
--
-- They go to the server in one round trip, in this order, and each may see
-- changes that the ones before did not. Only three things have to be of one
-- moment, and each is one statement: the community's terms; a wallet's
-- credentials with their version and the claims on their nullifiers; its last
-- score. Apply checks the version and the claims again.
--
-- The LIMIT of the wallets never truncates. It gives the planner the array's
-- length; without it, it assumes 10 elements, finds a custom plan cheaper, and
-- plans again on every execution. The other statements do the same.

-- name: load_community
-- Returns the community with its terms: it is load_scorer_config and
-- load_customization as well. Customized weights are a JSON array of keys and
-- weights. A key may be there twice: the row that was made last comes last.
--
-- The time is the statement's, not the transaction's: a host's transaction may
-- have begun long ago.
--
--   $1 community  $2 time of the scoring, NULL for now
select to_char(greatest('0001-01-01 00:00:00.000001', least(coalesce($2::timestamptz, statement_timestamp()) at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US'),
       coalesce(c.external_scorer_id, '')::text, c.human_points_program::boolean, c.account_id::bigint, c.name::text, c.rule::text,
       coalesce(s.type, '')::text,
       coalesce(b.weights::text, w.weights::text, '')::text,
       coalesce(b.threshold::text, w.threshold::text, '')::text,
       coalesce((
         select json_agg(json_build_array(customized.key, customized.weight::text) order by customized.kind, customized.id)
         from   (
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
                ) as customized
       )::text, '')::text
from   /* schema */account_community c
left   join /* schema */scorer_weighted_scorer s
       on s.id = c.scorer_id
left   join /* schema */scorer_weighted_binaryweightedscorer b
       on b.scorer_ptr_id = s.id and s.type = 'WEIGHTED_BINARY' /* ScorerBinary */
left   join /* schema */scorer_weighted_weightedscorer w
       on w.scorer_ptr_id = s.id and s.type = 'WEIGHTED' /* ScorerWeighted */
where  c.id = $1::bigint
and    c.deleted_at is null;

-- name: load_wallets
-- Returns where the rows of wallets are stored (ctid) by which transactions
-- (xmin): every update of any program changes that, and no document has to be
-- read to notice. The same of the stamps beside a score says whether they are
-- those which were written last.
--
--   $1 community  $2 addresses  $3 known digests of the stamps or ""
select wallet.address::text, (
-- shared: digest of rows
             select encode(sha256(coalesce(
                      string_agg(int8send(c.id) || xidsend(c.xmin) || tidsend(c.ctid) || boolsend(c.revoked), ''::bytea order by c.id),
                      ''::bytea
                    )), 'hex')
             from   (
                      select c.id, c.xmin, c.ctid,
                             exists (select from /* schema */ceramic_cache_revocation r where r.ceramic_cache_id = c.id) as revoked
                      from   /* schema */ceramic_cache_ceramiccache c
                      where  c.address = wallet.address
                      and    c.deleted_at is null
                      order  by c.id desc
                      limit  1000 /* MaxCredentials */ + 1
                    ) as c
-- end shared
       )::text,
       case when wallet.stamped = '' then '' else (
-- shared: digest of stamps
             select encode(sha256(coalesce(
                      string_agg(int8send(s.id) || xidsend(s.xmin) || tidsend(s.ctid), ''::bytea order by s.id),
                      ''::bytea
                    )), 'hex')
             from   /* schema */registry_passport p
             join   /* schema */registry_stamp s on s.passport_id = p.id
             where  p.address = wallet.address
             and    p.community_id = $1::bigint
-- end shared
       ) end::text
from   (
         select *
         from   unnest($2::text[], $3::text[]) as wallet (address, stamped)
         limit  cardinality($2::text[])
       ) as wallet;

-- name: load_ceramic_cache
-- Returns the versions of the wallets, the live credentials of those that are
-- not as the caller knows them, and the claims on the nullifiers of these. It
-- is get_latest_stamps_per_provider as well. The rows have one shape, and the
-- first column is their kind.
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
--   $1 community  $2 addresses  $3 known digests of the rows
--   $4 known digests of the stamps or ""
with wallets as materialized (
    select wallet.address, wallet.known, (
-- shared: digest of rows
             select encode(sha256(coalesce(
                      string_agg(int8send(c.id) || xidsend(c.xmin) || tidsend(c.ctid) || boolsend(c.revoked), ''::bytea order by c.id),
                      ''::bytea
                    )), 'hex')
             from   (
                      select c.id, c.xmin, c.ctid,
                             exists (select from /* schema */ceramic_cache_revocation r where r.ceramic_cache_id = c.id) as revoked
                      from   /* schema */ceramic_cache_ceramiccache c
                      where  c.address = wallet.address
                      and    c.deleted_at is null
                      order  by c.id desc
                      limit  1000 /* MaxCredentials */ + 1
                    ) as c
-- end shared
           ) as digest,
           case when wallet.stamped = '' then '' else (
-- shared: digest of stamps
             select encode(sha256(coalesce(
                      string_agg(int8send(s.id) || xidsend(s.xmin) || tidsend(s.ctid), ''::bytea order by s.id),
                      ''::bytea
                    )), 'hex')
             from   /* schema */registry_passport p
             join   /* schema */registry_stamp s on s.passport_id = p.id
             where  p.address = wallet.address
             and    p.community_id = $1::bigint
-- end shared
           ) end as stamps
    from   (
             select *
             from   unnest($2::text[], $3::text[], $4::text[]) as wallet (address, known, stamped)
             limit  cardinality($2::text[])
           ) as wallet
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
    where  wallet.known <> wallet.digest
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
), claims as (
    select l.hash, l.address, l.expires_at
    from   /* schema */registry_hashscorerlink l
    where  l.community_id + 0 = $1::bigint
    and    l.hash = any(array(select nullifier from nullifiers where length(nullifier) <= 100 /* MaxNullifier */))
)
select part::text, address::text, coalesce(id, 0)::bigint,
       to_char(greatest('0001-01-01 00:00:00.000001', least(at at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US'),
       coalesce(text, '')::text, coalesce(omitted, '')::text, coalesce(document, '')::text
from (
    select 'wallet' as part, address, null::bigint as id, null::timestamptz as at, digest as text,
           stamps as omitted, null as document
    from   wallets
    union  all
    select 'credential', address, id, updated_at, provider, omitted, stamp
    from   live_credentials
    union  all
    select 'claim', address, null, expires_at, hash, null, null
    from   claims
) as answer;

-- name: load_hash_scorer_links
-- Returns the claims on the nullifiers. The 0 is added to keep the index on
-- communities out, which has every claim of the community: when the table was
-- small or was never analyzed, the planner takes it for as good as the one on
-- nullifiers. The other statements about claims do the same.
--
--   $1 community  $2 nullifiers
select l.hash::text, l.address::text,
       to_char(greatest('0001-01-01 00:00:00.000001', least(l.expires_at at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US')
from   /* schema */registry_hashscorerlink l
where  l.community_id + 0 = $1::bigint
and    l.hash = any($2::text[]);

-- name: load_scores
-- Returns the last scores of the wallets.
--
--   $1 community  $2 addresses
select p.address::text, s.status::text, coalesce(s.score::text, '')::text, coalesce(s.error, '')::text,
       coalesce(s.evidence::text, '')::text, coalesce(s.stamp_scores::text, '')::text, coalesce(s.stamps::text, '')::text,
       case when s.last_score_timestamp is not null then to_char(greatest('0001-01-01 00:00:00.000001', least(s.last_score_timestamp at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US') end,
       case when s.expiration_date is not null then to_char(greatest('0001-01-01 00:00:00.000001', least(s.expiration_date at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US') end
from   (
         select wallet.address
         from   unnest($2::text[]) as wallet (address)
         limit  cardinality($2::text[])
       ) as wallet
join   /* schema */registry_passport p on p.address = wallet.address and p.community_id = $1::bigint
join   /* schema */registry_score s on s.passport_id = p.id;

-- name: load_human_points
-- Returns everything that an award of human points depends on; it is
-- count_passing_scores and count_metamask_og_awards. The rows have one shape,
-- and the first column is their kind.
--
--   $1 addresses  $2 names of address lists  $3 actions to count
with wallets as materialized (
    select wallet.address
    from   unnest($1::text[]) as wallet (address)
    limit  cardinality($1::text[])
)
select part::text, coalesce(address, '')::text, coalesce(number, 0)::bigint,
       coalesce(text1, '')::text, coalesce(text2, '')::text, coalesce(text3, '')::text
from (
    select 'point' as part, address, h.chain_id::bigint as number, h.action::text as text1, h.provider::text as text2, h.tx_hash::text as text3
    from   wallets
    join   /* schema */registry_humanpoints h using (address)
    union  all
    select 'qualified', address, q.community_id, null, null, null
    from   wallets
    join   /* schema */registry_humanpointscommunityqualifiedusers q using (address)
    union  all
    select 'multiplier', address, m.multiplier, null, null, null
    from   wallets
    join   /* schema */registry_humanpointsmultiplier m using (address)
    union  all
    select 'list', address, null, list.name, null, null
    from   wallets
    join   /* schema */account_addresslistmember m using (address)
    join   /* schema */account_addresslist list on list.id = m.list_id
    where  list.name = any($2::text[])
    union  all
    select 'given', null, count(h.id), counted.action, null, null
    from   (select distinct action from unnest($3::text[]) as asked (action)) as counted
    left   join /* schema */registry_humanpoints h on h.action = counted.action
    group  by counted.action
    union  all
    select 'value', null, c.points, c.action, null, null
    from   /* schema */registry_humanpointsconfig c
    where  c.active
) as answer;
