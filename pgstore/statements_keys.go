package pgstore

// The statements of API keys and of their uses.

// validateAPIKey finds the key with the prefix. What is NULL is given as "".
//
//	$1 prefix
const validateAPIKey = `
select k.id::text, k.prefix::text, k.hashed_key::text, coalesce(k.hashed_key_sha256, '')::text, k.name::text, k.account_id::bigint,
       case when k.created     is not null then ` + clampMoment + `k.created` + clampedZone + ` end,
       case when k.expiry_date is not null then ` + clampMoment + `k.expiry_date` + clampedZone + ` end,
       k.revoked::boolean, coalesce(k.rate_limit, '')::text,
       k.read_scores::boolean, k.historical_endpoint::boolean, k.submit_passports::boolean, k.create_scorers::boolean
from   {schema}.account_accountapikey k
where  k.prefix = $1::text`

// insertAPIKey adds a key. One of an account that does not exist gets NULL for
// it, which the column refuses: its key is checked at the commit only, which
// may be the host's. The limits that are none of the SDK's take their default.
//
//	$1 id  $2 prefix  $3 hash  $4 SHA-256 or ""  $5 name  $6 account
//	$7 creation or NULL for now  $8 expiry or NULL  $9 revoked  $10 rate limit or ""
//	$11 to $14 what it may be used for
const insertAPIKey = `
insert into {schema}.account_accountapikey
       (id, prefix, hashed_key, hashed_key_sha256, name, account_id, created, expiry_date, revoked, rate_limit,
        read_scores, historical_endpoint, submit_passports, create_scorers)
values ($1::text, $2::text, $3::text, nullif($4::text, ''), $5::text,
        (select a.id from {schema}.account_account a where a.id = $6::bigint),
        coalesce($7::timestamptz, statement_timestamp()), $8::timestamptz, $9::boolean, nullif($10::text, ''),
        $11::boolean, $12::boolean, $13::boolean, $14::boolean)`

// migrateAPIKey gives the key the hash that it does not have yet.
//
//	$1 id  $2 SHA-256
const migrateAPIKey = `
update {schema}.account_accountapikey
set    hashed_key_sha256 = $2::text
where  id = $1::text
and    coalesce(hashed_key_sha256, '') = ''`

// revokeAPIKey answers with a row for the key that it revoked, also one that
// was revoked before.
//
//	$1 prefix
const revokeAPIKey = `
update {schema}.account_accountapikey
set    revoked = true
where  prefix = $1::text
returning 1::bigint`

// bulkInsertUses adds uses, in order. One of a key that does not exist gets
// NULL for it, as in insertAPIKey.
//
//	$1 key ids  $2 moments  $3 paths  $4 base paths or ""  $5 segments or ""
//	$6 queries or ""  $7 headers or ""  $8 payloads or ""  $9 responses or ""
//	$10 whether the response was skipped  $11 statuses or ""  $12 errors or ""
const bulkInsertUses = `
insert into {schema}.account_accountapikeyanalytics
       (api_key_id, created_at, path, base_path, path_segments, query_params, headers, payload, response,
        response_skipped, status_code, error)
select k.id,
       new.at::timestamptz,
       new.path,
       nullif(new.base_path, ''),
       nullif(new.segments, '')::jsonb,
       nullif(new.query, '')::jsonb,
       nullif(new.headers, '')::jsonb,
       nullif(new.payload, '')::jsonb,
       nullif(new.response, '')::jsonb,
       new.skipped::boolean,
       nullif(new.status, '')::integer,
       nullif(new.error, '')
from   unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
       with ordinality as new (key_id, at, path, base_path, segments, query, headers, payload, response,
                               skipped, status, error, place)
left   join {schema}.account_accountapikey k on k.id = new.key_id
order  by new.place`
