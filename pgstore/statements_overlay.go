package pgstore

// The statements that write the overlay of a community, and address lists. They
// run after those of statements_communities.go, behind the same lock.

// clearOverlay removes the weights of the community's customization.
//
//	$1 community
const clearOverlay = `
with customization as (
    select z.id
    from   {schema}.account_customization z
    where  z.scorer_id = $1::bigint
), lists as (
    delete from {schema}.account_allowlist a
    using  customization
    where  a.customization_id = customization.id
)
delete from {schema}.account_customcredential c
using  customization
where  c.customization_id = customization.id`

// putCustomization makes the customization when there is none, at the first
// path of its kind that is free: of as many as there are customizations, and
// one more, one is.
//
//	$1 community
const putCustomization = `
insert into {schema}.account_customization
       (path, scorer_id, use_custom_dashboard_panel, body_display_info_tooltip, button_action_type,
        show_explanation_panel, partner_name, nav_order, show_in_top_nav)
select free.path, $1::bigint, false, false, '', false, '', 0, false
from   (
         select 'community-' || $1::bigint::text || case n when 0 then '' else '-' || n::text end as path
         from   generate_series(0, (select count(*) from {schema}.account_customization)) as n
         where  not exists (
                  select from {schema}.account_customization taken
                  where  taken.path = 'community-' || $1::bigint::text || case n when 0 then '' else '-' || n::text end
                )
         order  by n
         limit  1
       ) as free
where  not exists (select from {schema}.account_customization z where z.scorer_id = $1::bigint)
on     conflict (scorer_id) do nothing`

// putLists makes the address lists that are missing.
//
//	$1 names
const putLists = `
insert into {schema}.account_addresslist (name)
select list.name
from   unnest($1::text[]) as list (name)
where  not exists (select from {schema}.account_addresslist l where l.name = list.name)
order  by list.name collate "C"
on     conflict (name) do nothing`

// putRulesets makes the rulesets of custom credentials that are missing.
//
//	$1 providers
const putRulesets = `
insert into {schema}.account_customcredentialruleset (credential_type, definition, name, provider_id)
select 'DEVEL', '{}', left(custom.provider, 64), custom.provider
from   unnest($1::text[]) as custom (provider)
where  not exists (select from {schema}.account_customcredentialruleset r where r.provider_id = custom.provider)
order  by custom.provider collate "C"
on     conflict (provider_id) do nothing`

// putPlatform makes the platform that custom credentials are filed under.
const putPlatform = `
insert into {schema}.account_customplatform (platform_type, name, is_evm)
select 'DEVEL', 'DeveloperList', false
where  not exists (select from {schema}.account_customplatform p where p.name = 'DeveloperList')
on     conflict (name) do nothing`

// putAllowLists adds the weights of address lists.
//
//	$1 community  $2 names  $3 weights
const putAllowLists = `
insert into {schema}.account_allowlist (weight, address_list_id, customization_id)
select overlay.weight::numeric(7,4), list.id, z.id
from   unnest($2::text[], $3::text[]) as overlay (name, weight)
join   {schema}.account_addresslist list on list.name = overlay.name
join   {schema}.account_customization z on z.scorer_id = $1::bigint
order  by list.name collate "C"`

// putCustoms adds the weights of custom credentials.
//
//	$1 community  $2 providers  $3 weights
const putCustoms = `
insert into {schema}.account_customcredential (weight, display_name, customization_id, platform_id, ruleset_id)
select overlay.weight::numeric(7,4), ruleset.name, z.id, platform.id, ruleset.id
from   unnest($2::text[], $3::text[]) as overlay (provider, weight)
join   {schema}.account_customcredentialruleset ruleset on ruleset.provider_id = overlay.provider
join   {schema}.account_customization z on z.scorer_id = $1::bigint
join   {schema}.account_customplatform platform on platform.name = 'DeveloperList'
order  by ruleset.provider_id collate "C"`

// putList makes the address list, or writes it anew: in a host's transaction at
// REPEATABLE READ, which does not see the members that another has given it
// since, it is this write by which it notices.
//
//	$1 name
const putList = `
insert into {schema}.account_addresslist (name)
select $1::text
on     conflict (name) do update
set    name = excluded.name`

// replaceMembers gives the list exactly those members, in their order; those
// that it has already stay.
//
//	$1 name  $2 addresses
const replaceMembers = `
with list as (
    select l.id
    from   {schema}.account_addresslist l
    where  l.name = $1::text
), wanted as (
    select member.address, min(member.place) as place
    from   unnest($2::text[]) with ordinality as member (address, place)
    group  by member.address
), leaving as (
    delete from {schema}.account_addresslistmember m
    using  list
    where  m.list_id = list.id
    and    not exists (select from wanted where wanted.address = m.address)
)
insert into {schema}.account_addresslistmember (address, list_id)
select wanted.address, list.id
from   wanted
cross  join list
where  not exists (
         select from {schema}.account_addresslistmember m
         where  m.list_id = list.id
         and    m.address = wanted.address
       )
order  by wanted.place
on     conflict (address, list_id) do nothing`
