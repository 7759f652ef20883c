-- The statements of the role Credentials.

-- name: lock_credentials
-- Makes transactions queue that change the credentials of one address: the
-- second replaces the credentials of the first, in place of failing on them. It
-- must be a statement of its own.
--
--   $1 address
select pg_advisory_xact_lock(hashtextextended('passport credentials of ' || $1::text, 0));

-- name: replace_credentials
-- Marks the address's live rows of the providers deleted that the service
-- stored itself. The time is the statement's: in a host's transaction now()
-- would be the same for each replacement, and two rows cannot be deleted at the
-- same time.
--
--   $1 address  $2 providers
update /* schema */ceramic_cache_ceramiccache
set    deleted_at = statement_timestamp(),
       updated_at = statement_timestamp()
where  address = $1::text
and    provider = any($2::text[])
and    type = 1
and    deleted_at is null;

-- name: insert_credentials
-- Inserts live rows.
--
--   $1 address  $2 providers  $3 stamps  $4 proof values
--   $5 issuances or ""  $6 expirations or ""
insert into /* schema */ceramic_cache_ceramiccache
       (type, address, provider, stamp, proof_value, issuance_date, expiration_date,
        created_at, updated_at, compose_db_save_status, compose_db_stream_id)
select 1, $1::text, new.provider, new.stamp::jsonb, new.proof_value,
       new.issued_at, new.expires_at, statement_timestamp(), statement_timestamp(), 'pending', ''
from   unnest($2::text[], $3::text[], $4::text[],
              array_replace($5::text[], '', null)::timestamptz[],
              array_replace($6::text[], '', null)::timestamptz[])
       with ordinality as new (provider, stamp, proof_value, issued_at, expires_at, place)
order  by new.place;

-- name: delete_credentials
-- Marks the address's live rows of the providers deleted, of any type.
--
--   $1 address  $2 providers
update /* schema */ceramic_cache_ceramiccache
set    deleted_at = statement_timestamp(),
       updated_at = statement_timestamp()
where  address = $1::text
and    provider = any($2::text[])
and    deleted_at is null
returning id::bigint;

-- name: revoke_credentials
-- Revokes the rows with the proof values, deleted ones too.
--
--   $1 proof values
insert into /* schema */ceramic_cache_revocation (proof_value, ceramic_cache_id)
select c.proof_value, c.id
from   /* schema */ceramic_cache_ceramiccache c
left   join /* schema */ceramic_cache_revocation r on r.ceramic_cache_id = c.id
where  c.proof_value = any($1::text[])
and    r.id is null
order  by c.id
on     conflict (ceramic_cache_id) do nothing
returning id::bigint;

-- name: list_credentials
-- Returns a page of credentials: the newest of those in the range, until they
-- are too large together. An empty page is a row of id 0, because the first two
-- columns report whether there are credentials above and below.
--
--   $1 address  $2 highest id  $3 id that all are above  $4 rows
with live as not materialized (
    select $1::text as address, c.id, c.provider, c.stamp, c.updated_at
    from   /* schema */ceramic_cache_ceramiccache c
    where  c.address = $1::text
    and    c.deleted_at is null
    and    not exists (
             select from /* schema */ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           )
), read_credentials as (
    select live.*, row_number() over () as place
    from   (
             select live.*
             from   live
             where  live.id <= $2::bigint
             and    live.id > $3::bigint
             order  by live.id desc
             limit  $4::bigint
           ) as live
), page as materialized (
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
    where  coalesce(c.kept_total, 0) <= 4194304 /* MaxWalletBytes */
    and    coalesce(c.size_total, 0) <= 4194304 /* MaxWalletBytes */
)
select edge.newer, edge.older,
       coalesce(page.id, 0)::bigint, coalesce(page.provider, '')::text, coalesce(page.omitted, '')::text, coalesce(page.stamp, '')::text,
       extract(epoch from page.updated_at)::text
from   (
         select exists (select from live where live.id > coalesce((select max(page.id) from page), $2::bigint)) as newer,
                exists (select from live where live.id <= coalesce((select min(page.id) from page) - 1, $3::bigint)) as older
       ) as edge
left   join page on true
order  by page.id desc;

-- name: list_credentials_after
-- Does the same with the oldest of those in the range.
--
--   $1 address  $2 highest id  $3 id that all are above  $4 rows
with live as not materialized (
    select $1::text as address, c.id, c.provider, c.stamp, c.updated_at
    from   /* schema */ceramic_cache_ceramiccache c
    where  c.address = $1::text
    and    c.deleted_at is null
    and    not exists (
             select from /* schema */ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           )
), read_credentials as (
    select live.*, row_number() over () as place
    from   (
             select live.*
             from   live
             where  live.id <= $2::bigint
             and    live.id > $3::bigint
             order  by live.id
             limit  $4::bigint
           ) as live
), page as materialized (
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
    where  coalesce(c.kept_total, 0) <= 4194304 /* MaxWalletBytes */
    and    coalesce(c.size_total, 0) <= 4194304 /* MaxWalletBytes */
)
select edge.newer, edge.older,
       coalesce(page.id, 0)::bigint, coalesce(page.provider, '')::text, coalesce(page.omitted, '')::text, coalesce(page.stamp, '')::text,
       extract(epoch from page.updated_at)::text
from   (
         select exists (select from live where live.id > coalesce((select max(page.id) from page), $2::bigint)) as newer,
                exists (select from live where live.id <= coalesce((select min(page.id) from page) - 1, $3::bigint)) as older
       ) as edge
left   join page on true
order  by page.id desc;
