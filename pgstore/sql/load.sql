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
-- Returns the community with its terms, and the time: it is load_scorer_config
-- and load_customization as well. The terms are JSON arrays of the weights and
-- the threshold, one from the table of each type of scorer. Customized weights
-- are two JSON lists of keys and weights, of which the second comes last. A key
-- may be there twice: the row that was made last comes last.
--
-- The time is the statement's, not the transaction's: a host's transaction may
-- have begun long ago.
--
-- It has a subquery for each table, which is planned in half the time of joins.
--
--   $1 community
select extract(epoch from statement_timestamp())::text,
       coalesce(c.external_scorer_id, '')::text, c.human_points_program::boolean, c.account_id::bigint, c.name::text, c.rule::text,
       (
         select s.type
         from   /* schema */scorer_weighted_scorer s
         where  s.id = c.scorer_id
       )::text,
       (
         select json_build_array(b.weights, b.threshold::text)
         from   /* schema */scorer_weighted_binaryweightedscorer b
         where  b.scorer_ptr_id = c.scorer_id
       )::text,
       (
         select json_build_array(w.weights, w.threshold::text)
         from   /* schema */scorer_weighted_weightedscorer w
         where  w.scorer_ptr_id = c.scorer_id
       )::text,
       (
         select json_build_array(
                  (
                    select json_agg(json_build_array(
                             (
                               select 'AllowList#' /* AllowListPrefix */ || list.name
                               from   /* schema */account_addresslist list
                               where  list.id = a.address_list_id
                             ), a.weight::text) order by a.id)
                    from   /* schema */account_allowlist a
                    where  a.customization_id = z.id
                  ), (
                    select json_agg(json_build_array(
                             (
                               select ruleset.provider_id
                               from   /* schema */account_customcredentialruleset ruleset
                               where  ruleset.id = c.ruleset_id
                             ), c.weight::text) order by c.id)
                    from   /* schema */account_customcredential c
                    where  c.customization_id = z.id
                  ))
         from   /* schema */account_customization z
         where  z.scorer_id = c.id
       )::text
from   /* schema */account_community c
where  c.id = $1::bigint
and    c.deleted_at is null;

-- name: load_wallets
-- Returns where the rows of wallets are stored (ctid) by which transactions
-- (xmin): every update of any program changes that, and no document has to be
-- read to notice. The same of the stamps beside a score says whether they are
-- those which were written last. On an engine without these columns the
-- contents stand in their place.
--
--   $1 community  $2 addresses  $3 known digests of the stamps or ""
select wallet.address::text,
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
       ::text,
       case when wallet.stamped = '' then '' else
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
       end::text
from   unnest($2::text[], $3::text[]) as wallet (address, stamped)
limit  cardinality($2::text[]);

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
with stored as materialized (
    select wallet.address, c.*,
           (
             select 'revoked'
             from   /* schema */ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           ) as revoked
    from   (
             select wallet.address
             from   unnest($2::text[]) as wallet (address)
             limit  cardinality($2::text[])
           ) as wallet
    cross  join lateral (
        select c.id, concat_ws(' ', c.id::text, c.xmin::text, c.ctid::text) as version, c.provider, c.updated_at, c.stamp,
               row_number() over (order by c.id desc) as place
        from   /* schema */ceramic_cache_ceramiccache c
        where  c.address = wallet.address
        and    c.deleted_at is null
        order  by c.id desc
        limit  1000 /* MaxCredentials */ + 1
    ) as c
), wallets as materialized (
    select wallet.address, wallet.known,
           encode(sha256(coalesce(c.versions, '{}')::bytea)::bytea, 'hex') as digest,
           case when wallet.stamped = '' then '' else
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
           end as stamps
    from   (
             select *
             from   unnest($2::text[], $3::text[], $4::text[]) as wallet (address, known, stamped)
             limit  cardinality($2::text[])
           ) as wallet
    left   join (
             select address, array_agg(concat_ws(' ', version, revoked) order by id desc)::text as versions
             from   stored
             group  by address
           ) as c using (address)
), read_credentials as materialized (
    select *
    from   stored
    where  revoked is null
    and    (address in (select address from wallets where known <> digest)) is true
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
       extract(epoch from at)::text,
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
       extract(epoch from l.expires_at)::text
from   /* schema */registry_hashscorerlink l
where  l.community_id + 0 = $1::bigint
and    l.hash = any($2::text[]);

-- name: load_scores
-- Returns the last scores of the wallets.
--
--   $1 community  $2 addresses
select wallet.address::text, s.status::text, coalesce(s.score::text, '')::text, coalesce(s.error, '')::text,
       coalesce(s.evidence::text, '')::text, coalesce(s.stamp_scores::text, '')::text, coalesce(s.stamps::text, '')::text,
       extract(epoch from s.last_score_timestamp)::text,
       extract(epoch from s.expiration_date)::text
from   (
         select wallet.address, (
                  select p.id
                  from   /* schema */registry_passport p
                  where  p.address = wallet.address
                  and    p.community_id = $1::bigint
                ) as passport_id
         from   unnest($2::text[]) as wallet (address)
         limit  cardinality($2::text[])
       ) as wallet
join   /* schema */registry_score s using (passport_id);

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
