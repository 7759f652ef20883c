-- The statements that write the customization of a community, and address
-- lists. They run after those of communities.sql, behind the same lock.

-- name: clear_customization
-- Deletes the weights of the community's customization.
--
--   $1 community
with customization as (
    select z.id
    from   /* schema */account_customization z
    where  z.scorer_id = $1::bigint
), lists as (
    delete from /* schema */account_allowlist a
    using  customization
    where  a.customization_id = customization.id
)
delete from /* schema */account_customcredential c
using  customization
where  c.customization_id = customization.id;

-- name: put_customization
-- Inserts the customization if there is none, at the first free path of its
-- kind: of one more paths than there are customizations, one is free.
--
--   $1 community
insert into /* schema */account_customization
       (path, scorer_id, use_custom_dashboard_panel, body_display_info_tooltip, button_action_type,
        show_explanation_panel, partner_name, nav_order, show_in_top_nav)
select free.path, $1::bigint, false, false, '', false, '', 0, false
from   (
         select numbered.path
         from   (
                  select n, 'community-' || $1::bigint::text || case n when 0 then '' else '-' || n::text end as path
                  from   generate_series(0, (select count(*) from /* schema */account_customization)) as n
                ) as numbered
         left   join /* schema */account_customization taken on taken.path = numbered.path
         where  taken.id is null
         order  by numbered.n
         limit  1
       ) as free
left   join /* schema */account_customization z on z.scorer_id = $1::bigint
where  z.id is null
on     conflict (scorer_id) do nothing;

-- name: put_lists
-- Inserts the missing address lists.
--
--   $1 names
insert into /* schema */account_addresslist (name)
select list.name
from   unnest($1::text[]) as list (name)
left   join /* schema */account_addresslist l on l.name = list.name
where  l.id is null
order  by list.name collate "C"
on     conflict (name) do nothing;

-- name: put_rulesets
-- Inserts the missing rulesets of custom credentials.
--
--   $1 providers
insert into /* schema */account_customcredentialruleset (credential_type, definition, name, provider_id)
select 'DEVEL', '{}', left(custom.provider, 64), custom.provider
from   unnest($1::text[]) as custom (provider)
left   join /* schema */account_customcredentialruleset r on r.provider_id = custom.provider
where  r.id is null
order  by custom.provider collate "C"
on     conflict (provider_id) do nothing;

-- name: put_platform
-- Inserts the platform of custom credentials if it is missing.
insert into /* schema */account_customplatform (platform_type, name, is_evm)
select 'DEVEL', platform.name, false
from   (select 'DeveloperList'::text as name) as platform
left   join /* schema */account_customplatform p on p.name = platform.name
where  p.id is null
on     conflict (name) do nothing;

-- name: put_allow_lists
-- Inserts the weights of address lists.
--
--   $1 community  $2 names  $3 weights
insert into /* schema */account_allowlist (weight, address_list_id, customization_id)
select given.weight::numeric(7,4), list.id, z.id
from   unnest($2::text[], $3::text[]) as given (name, weight)
join   /* schema */account_addresslist list on list.name = given.name
join   /* schema */account_customization z on z.scorer_id = $1::bigint
order  by list.name collate "C";

-- name: put_customs
-- Inserts the weights of custom credentials.
--
--   $1 community  $2 providers  $3 weights
insert into /* schema */account_customcredential (weight, display_name, customization_id, platform_id, ruleset_id)
select given.weight::numeric(7,4), ruleset.name, z.id, platform.id, ruleset.id
from   unnest($2::text[], $3::text[]) as given (provider, weight)
join   /* schema */account_customcredentialruleset ruleset on ruleset.provider_id = given.provider
join   /* schema */account_customization z on z.scorer_id = $1::bigint
join   /* schema */account_customplatform platform on platform.name = 'DeveloperList'
order  by ruleset.provider_id collate "C";

-- name: put_list
-- Inserts the address list, or writes it again: a host's transaction at
-- REPEATABLE READ, which does not see the members that another has added since,
-- fails on this write.
--
--   $1 name
insert into /* schema */account_addresslist (name)
select $1::text
on     conflict (name) do update
set    name = excluded.name;

-- name: delete_members
-- Deletes the members of the list that are not among those.
--
--   $1 name  $2 addresses
delete from /* schema */account_addresslistmember m
using  /* schema */account_addresslist l
where  l.name = $1::text
and    m.list_id = l.id
and    m.address <> all($2::text[]);

-- name: put_members
-- Inserts the missing members of the list, in their order.
--
--   $1 name  $2 addresses
insert into /* schema */account_addresslistmember (address, list_id)
select wanted.address, l.id
from   (
         select member.address, min(member.place) as place
         from   unnest($2::text[]) with ordinality as member (address, place)
         group  by member.address
       ) as wanted
join   /* schema */account_addresslist l on l.name = $1::text
left   join /* schema */account_addresslistmember m on m.list_id = l.id and m.address = wanted.address
where  m.id is null
order  by wanted.place
on     conflict (address, list_id) do nothing;
