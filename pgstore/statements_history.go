package pgstore

// The statements of the role History, and the listing of credentials.

// scoreAt answers with the newest event of a score that is not after the
// moment.
//
//	$1 community  $2 address  $3 moment
const scoreAt = `
select e.id, e.action::text, e.data::text, ` + clampMoment + `e.created_at` + clampedZone + `
from   {schema}.registry_event e
where  e.action = 'SCU'
and    e.address = $2::text
and    e.community_id = $1::bigint
and    e.created_at <= $3::timestamptz
order  by e.created_at desc, e.id desc
limit  1`

// listEvents and listEventsAfter answer with a page of events: the newest, or
// the oldest, of those in the range. The service has no index by address alone
// but one by action and address: so the few actions that there are, are stepped
// through in it, and for each the address is looked up. OFFSET 0 keeps the
// order by id from being read off the whole table.
//
//	$1 community  $2 address  $3 highest id  $4 id that all are above  $5 rows
const (
	listEvents      = listEventsInRange + ` desc` + limitEvents
	listEventsAfter = listEventsInRange + limitEvents

	listEventsInRange = `
with recursive actions (action) as (
    select min(e.action) from {schema}.registry_event e
    union  all
    select (select min(e.action) from {schema}.registry_event e where e.action > actions.action)
    from   actions
    where  actions.action is not null
)
select e.id, e.action::text, e.data::text, ` + clampMoment + `e.created_at` + clampedZone + `
from   actions
cross  join lateral (
         select id, action, data, created_at
         from   {schema}.registry_event
         where  registry_event.action = actions.action
         and    address = $2::text
         and    community_id = $1::bigint
         and    id <= $3::bigint
         and    id > $4::bigint
         offset 0
       ) as e
order  by e.id`
	limitEvents = `
limit  $5::bigint`
)

// listClaims answers with the claims of the address.
//
//	$1 community  $2 address
const listClaims = `
select l.hash::text, l.address::text, ` + clampMoment + `l.expires_at` + clampedZone + `
from   {schema}.registry_hashscorerlink l
where  l.address = $2::text
and    l.community_id = $1::bigint
order  by l.hash collate "C"`

// listCredentials and listCredentialsAfter answer with a page of credentials:
// the newest, or the oldest, of those in the range. An empty page is a row of
// id 0, because the first two columns tell of it as well: whether there are
// credentials above and below.
//
//	$1 address  $2 highest id  $3 id that all are above  $4 rows
const (
	listCredentials      = listCredentialsInRange + ` desc` + limitCredentials
	listCredentialsAfter = listCredentialsInRange + limitCredentials

	listCredentialsInRange = `
with live as not materialized (
    select c.id, c.provider, c.stamp, c.updated_at
    from   {schema}.ceramic_cache_ceramiccache c
    where  c.address = $1::text
    and    c.deleted_at is null
    and    not exists (
             select from {schema}.ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           )
), page as materialized (
    select live.*
    from   live
    where  live.id <= $2::bigint
    and    live.id > $3::bigint
    order  by live.id`
	limitCredentials = `
    limit  $4::bigint
)
select edge.newer, edge.older,
       coalesce(page.id, 0), coalesce(page.provider, ''), coalesce(page.stamp::text, ''),
       ` + clampMoment + `page.updated_at` + clampedZone + `
from   (
         select exists (select from live where live.id > coalesce((select max(page.id) from page), $2::bigint)) as newer,
                exists (select from live where live.id <= coalesce((select min(page.id) from page) - 1, $3::bigint)) as older
       ) as edge
left   join page on true
order  by page.id desc`
)
