-- The statements of API keys and of their usage.

-- name: validate_api_key
-- Finds the key with the prefix. A text that is NULL is returned as "".
--
--   $1 prefix
-- shared: columns of a key
select k.id::text, k.prefix::text, k.hashed_key::text, coalesce(k.hashed_key_sha256, '')::text, k.name::text, k.account_id::bigint,
       extract(epoch from k.created)::text,
       extract(epoch from k.expiry_date)::text,
       k.revoked::boolean, coalesce(k.rate_limit, '')::text,
       k.read_scores::boolean, k.historical_endpoint::boolean, k.submit_passports::boolean, k.create_scorers::boolean,
-- end shared
       0::bigint as community
from   /* schema */account_accountapikey k
where  k.prefix = $1::text;

-- name: find_caller
-- Finds the key with the prefix, with the community of its account that
-- find_community finds, 0 if there is none.
--
--   $1 prefix  $2 external id or ""  $3 id or 0
-- shared: columns of a key
select k.id::text, k.prefix::text, k.hashed_key::text, coalesce(k.hashed_key_sha256, '')::text, k.name::text, k.account_id::bigint,
       extract(epoch from k.created)::text,
       extract(epoch from k.expiry_date)::text,
       k.revoked::boolean, coalesce(k.rate_limit, '')::text,
       k.read_scores::boolean, k.historical_endpoint::boolean, k.submit_passports::boolean, k.create_scorers::boolean,
-- end shared
       coalesce((
         select c.id
         from   /* schema */account_community c
         where  c.account_id = k.account_id
-- shared: the named community
         and    c.deleted_at is null
         and    (c.external_scorer_id = nullif($2::text, '') or c.id = $3::bigint)
         order  by c.external_scorer_id = nullif($2::text, '') desc nulls last
         limit  1
-- end shared
       ), 0)::bigint as community
from   /* schema */account_accountapikey k
where  k.prefix = $1::text;

-- name: list_api_keys
-- Lists keys by prefix, in the order of bytes.
--
--   $1 account, 0 for all  $2 prefix that all are above  $3 rows
-- shared: columns of a key
select k.id::text, k.prefix::text, k.hashed_key::text, coalesce(k.hashed_key_sha256, '')::text, k.name::text, k.account_id::bigint,
       extract(epoch from k.created)::text,
       extract(epoch from k.expiry_date)::text,
       k.revoked::boolean, coalesce(k.rate_limit, '')::text,
       k.read_scores::boolean, k.historical_endpoint::boolean, k.submit_passports::boolean, k.create_scorers::boolean,
-- end shared
       0::bigint as community
from   /* schema */account_accountapikey k
where  $1::bigint in (0, k.account_id)
and    k.prefix collate "C" > $2::text
order  by k.prefix collate "C"
limit  $3::bigint;

-- name: insert_api_key
-- Inserts a key. It fails unless its account exists: the foreign key is only
-- checked at the commit, which may be the host's. The service's other limits
-- take their defaults. Citus refuses the statement without the CTE.
--
--   $1 id  $2 prefix  $3 hash  $4 SHA-256 or ""  $5 name  $6 account
--   $7 creation or NULL for now  $8 expiry or NULL  $9 revoked
--   $10 rate limit or ""  $11 to $14 permissions
with owner as materialized (
    select coalesce(a.id::text, 'no such account')::bigint as id
    from   (select $6::bigint as id) as given
    left   join /* schema */account_account a on a.id = given.id
)
insert into /* schema */account_accountapikey
       (id, prefix, hashed_key, hashed_key_sha256, name, account_id, created, expiry_date, revoked, rate_limit,
        read_scores, historical_endpoint, submit_passports, create_scorers)
select $1::text, $2::text, $3::text, nullif($4::text, ''), $5::text, owner.id,
       coalesce($7::timestamptz, statement_timestamp()), $8::timestamptz, $9::boolean, nullif($10::text, ''),
       $11::boolean, $12::boolean, $13::boolean, $14::boolean
from   owner;

-- name: migrate_api_key
-- Sets the SHA-256 of a key that has none.
--
--   $1 id  $2 SHA-256
update /* schema */account_accountapikey
set    hashed_key_sha256 = $2::text
where  id = $1::text
and    coalesce(hashed_key_sha256, '') = '';

-- name: revoke_api_key
-- Revokes the key, and returns a row for it, also if it was revoked before.
--
--   $1 prefix
update /* schema */account_accountapikey
set    revoked = true
where  prefix = $1::text
returning 1::bigint;

-- name: bulk_insert_uses
-- Inserts usage, in order. It fails unless its keys exist.
--
--   $1 key ids  $2 times  $3 paths  $4 base paths or ""  $5 segments or ""
--   $6 queries or ""  $7 headers or ""  $8 payloads or ""  $9 responses or ""
--   $10 whether the response was skipped  $11 statuses or ""  $12 errors or ""
insert into /* schema */account_accountapikeyanalytics
       (api_key_id, created_at, path, base_path, path_segments, query_params, headers, payload, response,
        response_skipped, status_code, error)
select k.id,
       new.at,
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
from   unnest($1::text[], $2::text[]::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
       with ordinality as new (key_id, at, path, base_path, segments, query, headers, payload, response,
                               skipped, status, error, place)
left   join /* schema */account_accountapikey k on k.id = new.key_id
where  coalesce(case when k.id is not null then '1' end, 'no such key')::bigint = 1
order  by new.place;
