package pgstore

// The statements of the role Credentials.

// lockCredentials makes those that change the credentials of one address
// queue: the second then replaces what the first has added, instead of failing
// on it. It must be a statement of its own.
//
//	$1 address
const lockCredentials = `
select pg_advisory_xact_lock(hashtextextended('passport credentials of ' || $1::text, 0))`

// replaceCredentials marks those of the address's live rows of the providers
// deleted that the service itself took in. The moment is the statement's: in a
// host's transaction now() would be the same for each replacement, and two
// deleted rows of one moment cannot be.
//
//	$1 address  $2 providers
const replaceCredentials = `
update {schema}.ceramic_cache_ceramiccache
set    deleted_at = statement_timestamp(),
       updated_at = statement_timestamp()
where  address = $1::text
and    provider = any($2::text[])
and    type = 1
and    deleted_at is null`

// deleteCredentials marks the address's live rows of the providers deleted,
// whatever their type.
//
//	$1 address  $2 providers
const deleteCredentials = `
update {schema}.ceramic_cache_ceramiccache
set    deleted_at = statement_timestamp(),
       updated_at = statement_timestamp()
where  address = $1::text
and    provider = any($2::text[])
and    deleted_at is null
returning id::bigint`

// insertCredentials adds live rows.
//
//	$1 address  $2 providers  $3 stamps  $4 proof values  $5 issuances or ""  $6 expirations or ""
const insertCredentials = `
insert into {schema}.ceramic_cache_ceramiccache
       (type, address, provider, stamp, proof_value, issuance_date, expiration_date,
        created_at, updated_at, compose_db_save_status, compose_db_stream_id)
select 1, $1::text, new.provider, new.stamp::jsonb, new.proof_value,
       nullif(new.issued_at, '')::timestamptz, nullif(new.expires_at, '')::timestamptz,
       statement_timestamp(), statement_timestamp(), 'pending', ''
from   unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       with ordinality as new (provider, stamp, proof_value, issued_at, expires_at, place)
order  by new.place`

// revokeCredentials revokes the rows that carry one of the proof values,
// deleted ones too.
//
//	$1 proof values
const revokeCredentials = `
insert into {schema}.ceramic_cache_revocation (proof_value, ceramic_cache_id)
select c.proof_value, c.id
from   {schema}.ceramic_cache_ceramiccache c
where  c.proof_value = any($1::text[])
and    not exists (
         select from {schema}.ceramic_cache_revocation r
         where  r.ceramic_cache_id = c.id
       )
order  by c.id
on     conflict (ceramic_cache_id) do nothing
returning id::bigint`

// listCredentials and listCredentialsAfter answer with a page of credentials:
// the newest, or the oldest, of those in the range, until they are too large
// together. An empty page is a row of id 0, because the first two columns tell of
// it as well: whether there are credentials above and below.
//
//	$1 address  $2 highest id  $3 id that all are above  $4 rows
const (
	listCredentials      = listCredentialsInRange + ` desc` + limitCredentials
	listCredentialsAfter = listCredentialsInRange + limitCredentials

	listCredentialsInRange = `
with live as not materialized (
    select $1::text as address, c.id, c.provider, c.stamp, c.updated_at
    from   {schema}.ceramic_cache_ceramiccache c
    where  c.address = $1::text
    and    c.deleted_at is null
    and    not ` + isRevoked + `
), page as materialized (` + boundCredentials + `
    select live.*, row_number() over () as place
    from   (
             select live.*
             from   live
             where  live.id <= $2::bigint
             and    live.id > $3::bigint
             order  by live.id`
	limitCredentials = `
             limit  $4::bigint
           ) as live` + boundedCredentials + `
    where  coalesce(c.kept_total, 0) <= {MaxWalletBytes}
    and    coalesce(c.size_total, 0) <= {MaxWalletBytes}
)
select edge.newer, edge.older,
       coalesce(page.id, 0)::bigint, coalesce(page.provider, '')::text, coalesce(page.omitted, '')::text, coalesce(page.stamp, '')::text,
       ` + clampMoment + `page.updated_at` + clampedZone + `
from   (
         select exists (select from live where live.id > coalesce((select max(page.id) from page), $2::bigint)) as newer,
                exists (select from live where live.id <= coalesce((select min(page.id) from page) - 1, $3::bigint)) as older
       ) as edge
left   join page on true
order  by page.id desc`
)
