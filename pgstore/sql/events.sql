-- The statements about the partitions of registry_event. They read the catalog
-- by name, as those of CheckSchema do.

-- name: lock_event_partitions
-- Makes those that change the partitions of one schema queue, or those that
-- take another kind of step.
--
--   $1 schema, and the kind of step
select pg_advisory_xact_lock(hashtextextended('passport event partitions ' || $1::text, 0));

-- name: read_event_partitions
-- Returns a row for the table with its partition key, one for each partition,
-- and one for each table of DropEventPartitions that is still to be dropped.
--
-- A partition has the start and the end of its range, NULL for none, and the
-- end that its check allows. One that has no range of times is an "other".
--
--   $1 schema
with events as (
    select c.oid, c.relnamespace, coalesce(pg_catalog.pg_get_partkeydef(c.oid), '') as key
    from   pg_catalog.pg_class c
    join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where  n.nspname = $1::text
    and    c.relname = 'registry_event'
    and    c.relkind in ('r', 'p')
)
select 'table', events.key, null::text, null::text, null::text, false, 0::bigint
from   events
union  all
select case when bounds.texts is null or events.key <> 'RANGE (created_at)' then 'other' else 'partition' end, c.relname::text,
       extract(epoch from case when events.key = 'RANGE (created_at)' and bounds.texts[1] like '''%'
                               then btrim(bounds.texts[1], '''')::timestamptz end)::text,
       extract(epoch from case when events.key = 'RANGE (created_at)' and bounds.texts[2] like '''%'
                               then btrim(bounds.texts[2], '''')::timestamptz end)::text,
       extract(epoch from substring(pg_catalog.pg_get_constraintdef(k.oid) from '''([^'']+)''')::timestamptz)::text,
       coalesce(k.convalidated, false), coalesce(pg_catalog.pg_total_relation_size(c.oid), 0)::bigint
from   events
join   pg_catalog.pg_inherits i on i.inhparent = events.oid
join   pg_catalog.pg_class c on c.oid = i.inhrelid
cross  join lateral (
         select regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((.*)\) TO \((.*)\)$')
       ) as bounds (texts)
left   join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname = 'passport_event_bound'
where  events.key <> ''
union  all
select 'dropped', c.relname::text, null, null, null, false, coalesce(pg_catalog.pg_total_relation_size(c.oid), 0)::bigint
from   events
join   pg_catalog.pg_class c on c.relnamespace = events.relnamespace
where  (c.relname like 'registry\_event\_dropped\_%' or c.relname in ('registry_event_changed', 'registry_event_keeping'))
and    c.relkind = 'r'
and    not c.relispartition;

-- name: read_event_table
-- Returns what belongs to the table or to one of its partitions: its owner and
-- comment, the sequence of its ids, its indexes, keys and rights, and the
-- obstacles to partitioning it.
--
-- Whether: the owner is another role, the sequence is an identity's, the right
-- can be passed on.
--
--   $1 schema  $2 table
with events as (
    select c.*
    from   pg_catalog.pg_class c
    join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where  n.nspname = $1::text
    and    c.relname = $2::text
    and    c.relkind in ('r', 'p')
)
select 'owner', r.rolname::text, '', r.rolname <> current_user
from   events
join   pg_catalog.pg_roles r on r.oid = events.relowner
union  all
select 'comment', '', pg_catalog.obj_description(events.oid, 'pg_class'), false
from   events
where  pg_catalog.obj_description(events.oid, 'pg_class') is not null
union  all
select 'sequence', pg_catalog.format('%I.%I', n.nspname, s.relname), s.relname::text, d.deptype = 'i'
from   events
join   pg_catalog.pg_attribute a on a.attrelid = events.oid and a.attname = 'id'
join   pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = events.oid and d.refobjsubid = a.attnum
                             and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
join   pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
join   pg_catalog.pg_namespace n on n.oid = s.relnamespace
union  all
select 'index', c.relname::text, pg_catalog.pg_get_indexdef(i.indexrelid), false
from   events
join   pg_catalog.pg_index i on i.indrelid = events.oid and not i.indisunique
join   pg_catalog.pg_class c on c.oid = i.indexrelid
where  not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid)
union  all
select case k.contype when 'p' then 'primary key' else 'foreign key' end, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid), false
from   events
join   pg_catalog.pg_constraint k on k.conrelid = events.oid and k.contype in ('p', 'f')
union  all
select 'right', coalesce(r.rolname::text, ''), a.privilege_type, a.is_grantable
from   events
cross  join lateral pg_catalog.aclexplode(events.relacl) as a
left   join pg_catalog.pg_roles r on r.oid = a.grantee
where  a.grantee <> events.relowner
union  all
select 'right', coalesce(r.rolname::text, ''), a.privilege_type || pg_catalog.format(' (%I)', col.attname), a.is_grantable
from   events
join   pg_catalog.pg_attribute col on col.attrelid = events.oid and col.attnum > 0 and not col.attisdropped
cross  join lateral pg_catalog.aclexplode(col.attacl) as a
left   join pg_catalog.pg_roles r on r.oid = a.grantee
where  a.grantee <> events.relowner
union  all
select distinct 'obstacle', '', case d.classid
         when 'pg_catalog.pg_rewrite'::regclass then 'a view or rule reads it: ' || (select w.ev_class::regclass::text from pg_catalog.pg_rewrite w where w.oid = d.objid)
         when 'pg_catalog.pg_proc'::regclass then 'a function depends on it: ' || (select p.proname from pg_catalog.pg_proc p where p.oid = d.objid)
         else 'a column has its row type: ' || (select c.oid::regclass::text from pg_catalog.pg_class c where c.oid = d.objid)
       end, false
from   events
join   pg_catalog.pg_type t on t.oid = events.reltype
join   pg_catalog.pg_depend d
       on (d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = events.oid
           and d.classid in ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_proc'::regclass))
       or (d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid in (t.oid, t.typarray)
           and d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass) and d.deptype = 'n')
union  all
select 'obstacle', '', 'a foreign key refers to it: ' || k.conname || ' of ' || k.conrelid::regclass, false
from   events
join   pg_catalog.pg_constraint k on k.confrelid = events.oid and k.contype = 'f'
union  all
select 'obstacle', '', 'it has a trigger: ' || g.tgname, false
from   events
join   pg_catalog.pg_trigger g on g.tgrelid = events.oid and not g.tgisinternal
union  all
select 'obstacle', '', 'a publication names it: ' || p.pubname, false
from   events
join   pg_catalog.pg_publication_rel m on m.prrelid = events.oid
join   pg_catalog.pg_publication p on p.oid = m.prpubid
union  all
select 'obstacle', '', 'it has row-level security', false
from   events
where  events.relrowsecurity
union  all
select 'obstacle', '', 'it inherits, or is inherited from', false
from   events
where  exists (select from pg_catalog.pg_inherits i where events.oid in (i.inhparent, i.inhrelid))
union  all
select 'obstacle', '', 'a unique key besides that on id cannot be kept: ' || i.indexrelid::regclass, false
from   events
join   pg_catalog.pg_index i on i.indrelid = events.oid and (i.indisunique or i.indisexclusion)
where  not (i.indisprimary and i.indnatts = 1 and pg_catalog.pg_get_indexdef(i.indexrelid, 1, true) = 'id')
union  all
select 'obstacle', '', 'an index was never finished: ' || i.indexrelid::regclass, false
from   events
join   pg_catalog.pg_index i on i.indrelid = events.oid and not i.indisvalid
union  all
select 'obstacle', '', 'a constraint was never validated: ' || k.conname, false
from   events
join   pg_catalog.pg_constraint k on k.conrelid = events.oid and not k.convalidated;
