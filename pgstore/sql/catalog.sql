-- The statements of CheckSchema and Migrate. They read the catalog by name:
-- that needs no rights, and finds nothing in other schemas.

-- name: check_schema
-- Returns a row for each table, column, index and foreign key, and one for the
-- encodings.
--
-- An index counts only when it is complete and holds for new rows; a key only
-- when it is checked at once, as ON CONFLICT needs it. Columns of an index are
-- listed in order; of what they sort by only varchar_pattern_ops is listed, by
-- any of its names. In a partitioned table an index, a key or a foreign key
-- counts when each partition has it: only a key with the partitions' own
-- columns could be the whole table's.
--
--   $1 schema  $2 tables
with tables as (
    select c.oid, c.relname::text as name
    from   pg_catalog.pg_class c
    join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where  n.nspname = $1::text
    and    c.relname = any($2::text[])
    and    c.relkind in ('r', 'p')
), parts as (
    select t.name, p.oid, count(*) over (partition by t.name) as of_all
    from   tables t
    cross  join lateral (
             select t.oid
             where  not exists (select from pg_catalog.pg_partitioned_table p where p.partrelid = t.oid)
             union  all
             select p.relid
             from   pg_catalog.pg_partition_tree(t.oid) p
             where  p.isleaf
             and    p.relid <> t.oid
           ) as p (oid)
)
select 'encodings', '', pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('client_encoding'), false, false
union  all
select 'table', t.name, '', '', false, false
from   tables t
union  all
select 'column', t.name, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
       not a.attnotnull, a.atthasdef or a.attidentity <> ''
from   tables t
join   pg_catalog.pg_attribute a on a.attrelid = t.oid
where  a.attnum > 0
and    not a.attisdropped
union  all
select 'index', t.name, columns.list, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
       i.indisunique and i.indimmediate, false
from   parts t
join   pg_catalog.pg_index i on i.indrelid = t.oid
cross  join lateral (
         select string_agg(
                  pg_catalog.pg_get_indexdef(i.indexrelid, place, true)
                  || case when f.opfname = 'text_pattern_ops' then ' varchar_pattern_ops' else '' end,
                  ', ' order by place
                )
         from   generate_series(1, i.indnkeyatts) as place
         join   pg_catalog.pg_opclass o on o.oid = i.indclass[place - 1]
         join   pg_catalog.pg_opfamily f on f.oid = o.opcfamily
       ) as columns (list)
where  i.indisvalid
and    i.indisready
group  by 2, 3, 4, 5
having count(distinct t.oid) = max(t.of_all)
union  all
select 'foreign key', t.name, columns.list, other.relname::text, false, false
from   parts t
join   pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'f' and k.convalidated
join   pg_catalog.pg_class other on other.oid = k.confrelid
cross  join lateral (
         select string_agg(a.attname::text, ', ' order by key.place)
         from   unnest(k.conkey) with ordinality as key (attnum, place)
         join   pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = key.attnum
       ) as columns (list)
group  by 2, 3, 4
having count(distinct t.oid) = max(t.of_all);

-- name: check_search_path
-- Returns the functions and operators on the session's search path that have a
-- name which the statements use, and that belong to a role which could not do
-- as it likes with the tables anyway. Objects of an extension do not count. It
-- returns the first of them.
--
-- The path was reduced before this statement, and is set again within it.
--
--   $1 schema  $2 tables  $3 functions  $4 operators
with session as materialized (
    select set_config('search_path', current_setting('passport.search_path'), true) as path
), visible as materialized (
    select n.oid, n.nspname
    from   session
    join   pg_catalog.pg_namespace n
           on n.nspname = any(case when session.path is not null then current_schemas(true) end)
    where  n.nspname <> 'pg_catalog'
), stranger as materialized (
    select r.oid, r.rolname
    from   pg_catalog.pg_roles r
    where  not r.rolsuper
    and    r.rolname <> current_user
    and    r.oid <> (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
    and    not exists (
             select from pg_catalog.pg_class c
             join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where  c.relowner = r.oid
             and    n.nspname = $1::text
             and    c.relname = any($2::text[])
           )
), shadow as (
    select 'function' as kind, v.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, s.rolname, p.oid
    from   visible v
    join   pg_catalog.pg_proc p on p.pronamespace = v.oid and p.proname = any($3::text[])
    join   stranger s on s.oid = p.proowner
    union  all
    select 'operator', v.nspname, o.oprname || '(' || format_type(o.oprleft, null) || ', ' || format_type(o.oprright, null) || ')', s.rolname, o.oid
    from   visible v
    join   pg_catalog.pg_operator o on o.oprnamespace = v.oid and o.oprname = any($4::text[])
    join   stranger s on s.oid = o.oprowner
)
select kind, (nspname || '.' || name)::text, rolname::text, nspname::text
from   shadow
where  not exists (select from pg_catalog.pg_depend d where d.objid = shadow.oid and d.deptype = 'e')
order  by 1, 2
limit  20;

-- name: read_schema_state
-- Returns the encodings, how far the schema is, and the owner of
-- passport_schema_version if that is a role that could not run code as this one
-- anyway.
--
--   $1 schema  $2 tables of the service
select pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('client_encoding'),
       (select count(*) from pg_catalog.pg_namespace n where n.nspname = $1::text),
       count(*) filter (where c.relname = 'passport_schema_version'),
       count(*) filter (where c.relname = 'passport_locks'),
       count(*) filter (where c.relname = any($2::text[])),
       coalesce(max(r.rolname::text) filter (
         where c.relname = 'passport_schema_version'
         and   not r.rolsuper
         and   r.rolname <> current_user
         and   r.oid <> n.nspowner
         and   r.oid <> (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
       ), '')
from   pg_catalog.pg_class c
join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
join   pg_catalog.pg_roles r on r.oid = c.relowner
where  n.nspname = $1::text
and    c.relkind in ('r', 'p');

-- name: read_schema_version
-- Returns the last version that the schema has.
select coalesce(max(version), 0) from /* schema */passport_schema_version;
