package pgstore

import (
	"maps"
	"regexp"
	"slices"
)

// readShadows answers with the functions and operators on the session's search
// path that have a name which the statements use, and that belong to a role which
// could not do as it likes with the tables anyway. What belongs to an extension is
// the extension's. It answers with the first of them.
//
// The path was reduced before this statement, and is set again within it.
//
//	$1 schema  $2 tables  $3 functions  $4 operators
var readShadows = statement{name: "check_search_path", sql: `
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
             and    n.nspname = $1::pg_catalog.text
             and    c.relname = any($2::pg_catalog.text[])
           )
), shadow as (
    select 'function' as kind, v.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, s.rolname, p.oid
    from   visible v
    join   pg_catalog.pg_proc p on p.pronamespace = v.oid and p.proname = any($3::pg_catalog.text[])
    join   stranger s on s.oid = p.proowner
    union  all
    select 'operator', v.nspname, o.oprname || '(' || format_type(o.oprleft, null) || ', ' || format_type(o.oprright, null) || ')', s.rolname, o.oid
    from   visible v
    join   pg_catalog.pg_operator o on o.oprnamespace = v.oid and o.oprname = any($4::pg_catalog.text[])
    join   stranger s on s.oid = o.oprowner
)
select kind, (nspname || '.' || name)::pg_catalog.text, rolname::pg_catalog.text, nspname::pg_catalog.text
from   shadow
where  not exists (select from pg_catalog.pg_depend d where d.objid = shadow.oid and d.deptype = 'e')
order  by 1, 2
limit  20`}

// shadowsInto returns what takes a row of readShadows.
func shadowsInto(found *differences) func(scanFunc) error {
	return func(scan scanFunc) error {
		var kind, name, owner, schema string
		if err := scan(&kind, &name, &owner, &schema); err != nil {
			return err
		}
		found.addf("%s %q of role %q is on the search path under a name that the SDK uses: drop it, and let no such role create objects in schema %q", kind, name, owner, schema)
		return nil
	}
}

var (
	stringLiteral = regexp.MustCompile(`'[^']*'|::`)
	functionName  = regexp.MustCompile(`\b[a-z_][a-z0-9_]*\(`)
	operatorName  = regexp.MustCompile(`[-+*/<>=~!@#%^&|?]+`)
)

// names returns the functions and operators of the statements. Some of the
// functions are keywords, such as "any", of which there can be none.
func (s *statements) names() (functions, operators []string) {
	called, used := map[string]bool{}, map[string]bool{"=": true} // as in USING
	for _, sql := range s.texts {
		sql = stringLiteral.ReplaceAllString(sql, " ")
		for _, name := range functionName.FindAllString(sql, -1) {
			called[name[:len(name)-1]] = true
		}
		for _, name := range operatorName.FindAllString(sql, -1) {
			used[name] = true
		}
	}
	return slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(used))
}
