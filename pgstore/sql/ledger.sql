-- name: load_points
-- Reads the data from which the points of an address are computed. It is one
-- statement, so that it sees one moment; its rows have one shape, and the first
-- column is their kind.
--
--   $1 address
select 'award'::text as part, h.action::text, h.provider::text, h.tx_hash::text, h.chain_id::bigint as number
from   /* schema */registry_humanpoints h
where  h.address = $1::text
union  all
select 'value', c.action::text, '', '', c.points::bigint
from   /* schema */registry_humanpointsconfig c
where  c.active
union  all
select 'multiplier', '', '', '', m.multiplier::bigint
from   /* schema */registry_humanpointsmultiplier m
where  m.address = $1::text
union  all
select 'eligible', '', '', '', 1
where  exists (
         select from /* schema */registry_humanpointscommunityqualifiedusers q
         where  q.address = $1::text
       );
