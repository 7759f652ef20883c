package pgstore

// The statements of the role History.

// scoreAt answers with the newest event of a score that is not after the
// moment.
//
//	$1 community  $2 address  $3 moment
const scoreAt = `
select e.id::bigint, e.action::text, e.data::text, ` + clampMoment + `e.created_at` + clampedZone + `
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
select e.id::bigint, e.action::text, e.data::text, ` + clampMoment + `e.created_at` + clampedZone + `
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
