-- The statements of the role AddressLister.
--
-- No index of the service has the rows of a community in the order of their
-- addresses. So these steps through the addresses of all rows, each once
-- however many rows it has, and look each up. The number of steps is bounded:
-- a statement that has not found enough returns how far it came, and is run
-- again from there.
--
-- The order is that of the index with varchar_pattern_ops, by bytes whatever
-- the collation of the database is. A well-formed address is below '0xg'.

-- name: find_listed_community
-- Returns a row if there is such a community.
--
--   $1 community
select c.id::bigint
from   /* schema */account_community c
where  c.id = $1::bigint
and    c.deleted_at is null;

-- name: list_stamped_addresses
-- Returns the next addresses that have a live credential, and, if they are
-- fewer than were asked for, the last one that was looked at.
--
--   $1 address that all are above  $2 rows  $3 steps
with recursive walk (address, step) as (
    (
      select c.address::text, 1
      from   /* schema */ceramic_cache_ceramiccache c
      where  c.address ~>~ $1::text
      and    c.address ~<~ '0xg'
      order  by c.address using operator(pg_catalog.~<~)
      limit  1
    )
    union  all
    select next.address, walk.step + 1
    from   walk
    cross  join lateral (
             select c.address::text
             from   /* schema */ceramic_cache_ceramiccache c
             where  c.address ~>~ walk.address
             and    c.address ~<~ '0xg'
             order  by c.address using operator(pg_catalog.~<~)
             limit  1
           ) as next
    where  walk.step < $3::bigint
), page as materialized (
    select walk.address, walk.step
    from   walk
    where  walk.address collate "C" ~ '^0x[0-9a-f]{40}$'
    and    exists (
             select from (
                      select c.id
                      from   /* schema */ceramic_cache_ceramiccache c
                      where  c.address = walk.address
                      and    c.deleted_at is null
                      order  by c.id desc
                      limit  1000 /* MaxCredentials */ + 1
                    ) as c
             where  not exists (
                      select from /* schema */ceramic_cache_revocation r
                      where  r.ceramic_cache_id = c.id
                    )
           )
    limit  $2::bigint
)
select page.address::text, true, page.step::bigint
from   page
union  all
(
  select walk.address::text, false, walk.step::bigint
  from   walk
  where  (select count(*) from page) < $2::bigint
  order  by walk.step desc
  limit  1
)
order  by 3, 2 desc;

-- name: list_scored_addresses
-- Does the same with the addresses whose last score in the community was
-- recorded, or expires, before a time. With OFFSET 0 each step is looked up in
-- its turn: a join could have another order, and the page other rows. The 0 is
-- added to keep the index on communities out, by which each step would read all
-- rows of a community that has some only since the table was last analyzed.
--
--   $1 address that all are above  $2 rows  $3 steps
--   $4 community  $5 time of the score or NULL  $6 time of the expiry or NULL
with recursive walk (address, step) as (
    (
      select p.address::text, 1
      from   /* schema */registry_passport p
      where  p.address ~>~ $1::text
      and    p.address ~<~ '0xg'
      order  by p.address using operator(pg_catalog.~<~)
      limit  1
    )
    union  all
    select next.address, walk.step + 1
    from   walk
    cross  join lateral (
             select p.address::text
             from   /* schema */registry_passport p
             where  p.address ~>~ walk.address
             and    p.address ~<~ '0xg'
             order  by p.address using operator(pg_catalog.~<~)
             limit  1
           ) as next
    where  walk.step < $3::bigint
), page as materialized (
    select walk.address, walk.step
    from   walk
    where  walk.address collate "C" ~ '^0x[0-9a-f]{40}$'
    and    exists (
             select from /* schema */registry_passport p
             join   /* schema */registry_score s on s.passport_id = p.id
             where  p.address = walk.address
             and    p.community_id + 0 = $4::bigint
-- shared: selected scores
             and    (
                      s.expiration_date < $6::timestamptz
                      or $5::timestamptz is not null and (
                        s.status is distinct from 'DONE' /* StatusDone */
                        or s.last_score_timestamp is null
                        or s.last_score_timestamp < $5::timestamptz
                      )
                    )
-- end shared
             offset 0
           )
    limit  $2::bigint
)
select page.address::text, true, page.step::bigint
from   page
union  all
(
  select walk.address::text, false, walk.step::bigint
  from   walk
  where  (select count(*) from page) < $2::bigint
  order  by walk.step desc
  limit  1
)
order  by 3, 2 desc;

-- name: list_few_scored_addresses
-- Does the same for a community of few addresses, all of which it reads. If
-- they are more than a number, it returns nothing but a row that says so. The
-- order by community, of which there is one, is for the planner: with "=" it
-- may read the whole index of a community before it applies the limit.
--
--   $1 address that all are above  $2 rows  $3 number
--   $4 community  $5 time of the score or NULL  $6 time of the expiry or NULL
with few as materialized (
    select p.id, p.address::text as address
    from   /* schema */registry_passport p
    where  p.community_id >= $4::bigint
    and    p.community_id <= $4::bigint
    order  by p.community_id
    limit  $3::bigint + 1
), size as materialized (
    select count(*) as rows
    from   few
)
(
  select p.address::text, false
  from   (
           select few.id, few.address
           from   few
           where  few.address ~>~ $1::text
           and    (select size.rows from size) <= $3::bigint
           order  by few.address collate "C"
           offset 0
         ) as p
  where  p.address collate "C" ~ '^0x[0-9a-f]{40}$'
  and    exists (
           select from /* schema */registry_score s
           where  s.passport_id = p.id
-- shared: selected scores
             and    (
                      s.expiration_date < $6::timestamptz
                      or $5::timestamptz is not null and (
                        s.status is distinct from 'DONE' /* StatusDone */
                        or s.last_score_timestamp is null
                        or s.last_score_timestamp < $5::timestamptz
                      )
                    )
-- end shared
         )
  order  by p.address collate "C"
  limit  $2::bigint
)
union  all
select '', true
from   size
where  size.rows > $3::bigint;
