package pgstore_test

import (
	"regexp"
	"strings"
)

// rule is one that the statements keep so that every engine accepts them and
// answers alike. Each was broken once, and refused or answered wrongly by an
// engine with more than one node.
type rule struct {
	// faults returns the places that break the rule in a statement as
	// [normalized] returns it.
	faults func(sql string) []string
	// except has the statements that may break it, each with its reason.
	except map[string]string
	// bad are statements that break it, and good are some that do not.
	bad, good []string
}

const (
	anyOrder = "any order of the rows will do, if it is always the same"
	cursor   = "the ids are the cursor: a page is what lies behind one, whatever it means"
	newestOf = "of more than 1,000 credentials those with the highest ids are read, as package store has it"
	noTime   = "the rows have no time, and of one key there are two only if another program has written them"
	catalog  = "it reads the catalog of Postgres, whose partitions other engines do not have"
)

var rules = map[string]rule{
	// Citus refuses a correlated subquery in an insert … select, and a constant
	// condition beside one has it insert nothing.
	"what is there already is left out by an anti-join": {
		faults: func(sql string) (faults []string) {
			for _, insert := range inserts(sql) {
				faults = append(faults, regexp.MustCompile(`\bnot exists\b`).FindAllString(insert, -1)...)
			}
			return faults
		},
		bad: []string{
			`insert into t (a) select w.a from w where not exists (select from t where t.a = w.a)`,
			`with i as (insert into t (a) select w.a from w where b and  not  exists (select from t where t.a = w.a) returning a) select a from i`,
		},
		good: []string{
			`insert into t (a) select w.a from w left join t on t.a = w.a where t.a is null`,
			`with w as (select a from v where not exists (select from t)) insert into t (a) select a from w`,
		},
	},
	"VALUES has no subquery": { // which Citus refuses
		faults: func(sql string) (faults []string) {
			for _, at := range regexp.MustCompile(`\bvalues ?\(`).FindAllStringIndex(sql, -1) {
				if inner := parenthesized(sql[at[1]-1:]); strings.Contains(inner, "select ") {
					faults = append(faults, inner)
				}
			}
			return faults
		},
		bad:  []string{`insert into t (a, b) values ($1, (select u.b from u))`},
		good: []string{`insert into t (a, b) values ($1, coalesce($2, 0)); select 1`},
	},
	// The quotient of integers is a decimal on CockroachDB.
	"nothing is divided": {
		faults: func(sql string) []string { return regexp.MustCompile(`.{0,20}/.{0,20}`).FindAllString(sql, -1) },
		bad:    []string{`select 1 / count(*) from t`, `select 1/(a = b)::int from t`},
		good:   []string{`select '1 / 2' from t`},
	},
	// The cast of a text to a time depends on settings, and Citus refuses it of a
	// column in what writes. It is one of a parameter, or of a whole list.
	"times are cast as parameters and lists": {
		faults: func(sql string) (faults []string) {
			for _, at := range regexp.MustCompile(`::(pg_catalog\.)?timestamptz\b`).FindAllStringIndex(sql, -1) {
				if before := sql[:at[0]]; !regexp.MustCompile(`(\$\d+|\bnull|::(pg_catalog\.)?text\[\]|array_replace\([^()]*\))$`).MatchString(before) {
					faults = append(faults, before[max(0, len(before)-30):]+sql[at[0]:at[1]])
				}
			}
			return faults
		},
		except: map[string]string{"read_event_partitions": catalog},
		bad: []string{
			`insert into t (at) select new.at::timestamptz from unnest($1::text[]) as new (at)`,
			`insert into t (at) select nullif(new.at, '')::pg_catalog.timestamptz from new`,
		},
		good: []string{
			`select new.at from unnest($1::text[]::timestamptz[]) as new (at) where new.at < $2::timestamptz`,
			`select new.at from unnest(array_replace($1::pg_catalog.text[], '', null)::pg_catalog.timestamptz[]) as new (at)`,
		},
	},
	// CockroachDB refuses two changes of one table in one statement.
	"a table is changed once": {
		faults: func(sql string) (faults []string) {
			seen := map[string]bool{}
			for _, changed := range regexp.MustCompile(`\b(?:insert into|update|delete from|merge into) ("?\w+"?\."?\w+"?|\w+)`).FindAllStringSubmatch(sql, -1) {
				if table := changed[1]; seen[table] {
					faults = append(faults, table)
				} else if table != "set" && table != "of" && table != "skip" {
					seen[table] = true
				}
			}
			return faults
		},
		bad: []string{
			`with d as (delete from "public".t where a) insert into "public".t (a) select 1`,
			`with u as (update t set a = 1 returning b), d as (delete from t using u where t.b = u.b) select 1`,
		},
		good: []string{
			`with d as (delete from t where a) insert into u (a) select 1 on conflict (a) do update set a = 1`,
			`with l as (select a from t for update skip locked), m as (select a from t for update) delete from t where a`,
		},
	},
	// Each node, or each session, takes a range of a sequence.
	"an order by id alone is no order in time": {
		faults: func(sql string) []string {
			return append(
				regexp.MustCompile(`\border by (?:\w+\.)?id\b`).FindAllString(sql, -1),
				regexp.MustCompile(`\b(?:min|max)\((?:\w+\.)?id\)`).FindAllString(sql, -1)...)
		},
		except: map[string]string{
			"delete_stamps": anyOrder, "bulk_insert_stamps": anyOrder, "read_stamps": anyOrder, "revoke_credentials": anyOrder, "insert_forgotten_passports": anyOrder,
			"put_community": anyOrder, "pass_community": "it moves the sequence itself",
			"load_community": noTime,
			"load_wallets":   newestOf, "load_ceramic_cache": newestOf, "upsert_score": newestOf, "list_stamped_addresses": newestOf,
			"list_credentials": cursor, "list_credentials_after": cursor, "list_events": cursor, "list_events_after": cursor,
			"search_usage": cursor, "search_scores": cursor, "search_events": cursor,
			"prune_events": cursor, "prune_usage": cursor,
		},
		bad: []string{
			`select a from t order by t.id desc limit 1`, `select max(id) from t`, `select row_number() over (partition by a order by t.id) from t`,
		},
		good: []string{`select a from t order by t.created_at desc, t.id desc limit 1`, `select a from t order by t.identity`},
	},
	// Citus refuses it where a table is distributed.
	"no column is set to what differs from row to row by itself": {
		faults: func(sql string) []string {
			return regexp.MustCompile(`\bset \w+ = [^;]*?\b(?:gen_random_uuid|random|clock_timestamp|nextval)\(`).FindAllString(sets(sql), -1)
		},
		bad:  []string{`update t set a = left(gen_random_uuid()::text, 4) where b`},
		good: []string{`update t set a = u.a from (select gen_random_uuid() as a) as u where t.b = u.b`},
	},
}

// onDistributed are rules about the statements as engines with more than one
// node get them.
var onDistributed = map[string]rule{
	"a version is made of what rows hold": { // YugabyteDB and CockroachDB have no such columns
		faults: regexpFaults(`\b(?:xmin|xmax|cmin|cmax|ctid)\b`),
		bad:    []string{`select concat_ws(' ', s.id, s.xmin) from s`, `select ctid from t`},
		good:   []string{`select 'ctid' from t`},
	},
	"no lock is one node's": {
		faults: regexpFaults(`\bpg_(?:try_)?advisory\w*`),
		bad:    []string{`select pg_advisory_xact_lock(1)`},
		good:   []string{`select a from locks for update`},
	},
	"a digest is made by functions that all engines have": {
		faults: regexpFaults(`\b(?:hashtext\w*|int8send|timestamptz_send|\w+_send|pgp_\w+|digest)\(`),
		bad:    []string{`select hashtextextended(a, 0) from t`, `select int8send(a) from t`},
		good:   []string{`select encode(sha256(convert_to(a, 'UTF8'))::bytea, 'hex') from t`},
	},
}

func regexpFaults(pattern string) func(sql string) []string {
	expression := regexp.MustCompile(pattern)
	return func(sql string) []string { return expression.FindAllString(sql, -1) }
}
