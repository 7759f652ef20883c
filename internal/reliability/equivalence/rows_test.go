package equivalence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type row = map[string]any

// book names the rows of a store by what they are, not by their number, which is
// the store's own affair.
type book struct {
	names map[string]map[string]string // table, id → name
	// ids are the numbers of the rows that are known by their place, in order.
	ids map[string][]int64
	// own is when the stores began to work: moments from then to now are of
	// their own clocks. What the sequences ask for lies years ahead.
	own time.Time
}

// ordered are the tables whose rows are in the order in which they were asked
// for, and so are known by their place.
var ordered = []string{"ceramic_cache_ceramiccache", "registry_event", "account_accountapikeyanalytics"}

// references are the columns that name a row, and the table that it is in.
var references = map[string]string{
	"account_id": "account_account", "user_id": "auth_user", "passport_id": "registry_passport",
	"ceramic_cache_id": "ceramic_cache_ceramiccache", "scorer_ptr_id": "scorer_weighted_scorer",
	"customization_id": "account_customization", "address_list_id": "account_addresslist", "list_id": "account_addresslist",
	"platform_id": "account_customplatform", "ruleset_id": "account_customcredentialruleset",
	"account_community.scorer_id": "scorer_weighted_scorer",
}

// readBook reads a store's rows, and returns them with every number replaced by
// a name, in an order that does not depend on numbers: one line a row.
func readBook(document []byte, own time.Time) (*book, map[string][]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	tables := map[string][]row{}
	if err := decoder.Decode(&tables); err != nil {
		return nil, nil, err
	}
	b := &book{names: map[string]map[string]string{}, ids: map[string][]int64{}, own: own}
	for _, table := range ordered {
		b.nameByPlace(table, tables[table])
	}
	text := func(column string) func(row) string {
		return func(r row) string { return fmt.Sprint(r[column]) }
	}
	b.name("auth_user", tables, text("username"))
	b.name("account_account", tables, func(r row) string { return "account of " + b.of("auth_user", r["user_id"]) })
	b.name("registry_passport", tables, func(r row) string { return fmt.Sprintf("%v in %v", r["address"], r["community_id"]) })
	b.name("account_customization", tables, func(r row) string { return fmt.Sprintf("customization of %v", r["scorer_id"]) })
	b.name("account_addresslist", tables, text("name"))
	b.name("account_customplatform", tables, text("name"))
	b.name("account_customcredentialruleset", tables, text("provider_id"))
	users := map[string]string{}
	for _, c := range tables["account_community"] {
		users[fmt.Sprint(c["scorer_id"])] += fmt.Sprintf("of community %v ", c["id"])
	}
	b.name("scorer_weighted_scorer", tables, func(r row) string { return "scorer " + users[fmt.Sprint(r["id"])] })
	b.name("registry_score", tables, func(r row) string { return "score of " + b.of("registry_passport", r["passport_id"]) })

	lines := make(map[string][]string, len(tables))
	for table, rows := range tables {
		lines[table] = b.lines(table, rows)
	}
	return b, lines, nil
}

func (b *book) nameByPlace(table string, rows []row) {
	slices.SortFunc(rows, func(x, y row) int { return cmp.Compare(number(x["id"]), number(y["id"])) })
	b.names[table] = map[string]string{}
	for i, r := range rows {
		b.ids[table] = append(b.ids[table], number(r["id"]))
		b.names[table][fmt.Sprint(r["id"])] = fmt.Sprintf("%s %d", table, i)
	}
}

func (b *book) name(table string, tables map[string][]row, name func(row) string) {
	b.names[table] = map[string]string{}
	for _, r := range tables[table] {
		b.names[table][fmt.Sprint(r["id"])] = name(r)
	}
}

// of returns the name of the row of the table.
func (b *book) of(table string, id any) string {
	if name, found := b.names[table][fmt.Sprint(id)]; found {
		return name
	}
	return "no row of " + table
}

func number(id any) int64 {
	n, _ := id.(json.Number)
	i, _ := n.Int64()
	return i
}

func (b *book) lines(table string, rows []row) []string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		named := maps.Clone(r)
		if _, is := r["id"].(json.Number); is && table != "account_community" {
			delete(named, "id")
		}
		for column, value := range named {
			named[column] = b.value(table, column, value)
		}
		text, err := json.Marshal(named)
		if err != nil {
			panic(err) // it was JSON before
		}
		lines[i] = string(text)
	}
	if !slices.Contains(ordered, table) {
		slices.Sort(lines)
	}
	return lines
}

// value returns what the column holds, told the same whatever the store.
func (b *book) value(table, column string, value any) any {
	to, refers := references[table+"."+column]
	if !refers {
		to, refers = references[column]
	}
	switch v := value.(type) {
	case json.Number:
		if refers {
			return b.of(to, v)
		}
		return v.String()
	case string:
		if moment, err := time.Parse(time.RFC3339, v); err == nil {
			return b.moment(moment)
		}
	case map[string]any:
		if fields, is := v["fields"].(map[string]any); is && v["pk"] != nil {
			// The event of a score names its rows.
			told, inside := maps.Clone(v), maps.Clone(fields)
			told["pk"], inside["passport"] = b.of("registry_score", v["pk"]), b.of("registry_passport", fields["passport"])
			told["fields"] = inside
			return told
		}
	}
	return value
}

// moment tells a moment of a store's own clock from those that were asked for.
func (b *book) moment(moment time.Time) string {
	if !moment.Before(b.own) && moment.Before(b.own.Add(365*24*time.Hour)) {
		return "by its own clock"
	}
	return moment.UTC().Format(time.RFC3339Nano)
}

// compare returns how the rows differ, table by table. A table that only one of
// the stores has must be empty: memstore carries some of the service's that the
// SDK has no use for.
func compare(mem, pg map[string][]string) string {
	tables := maps.Clone(mem)
	maps.Copy(tables, pg)
	var differ strings.Builder
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		if !slices.Equal(mem[table], pg[table]) {
			fmt.Fprintf(&differ, "\n%s\n  memstore: %s\n  pgstore:  %s", table,
				strings.Join(without(mem[table], pg[table]), "\n            "), strings.Join(without(pg[table], mem[table]), "\n            "))
		}
	}
	return differ.String()
}

// without returns the lines that the other does not have; all, if it has all.
func without(lines, other []string) []string {
	only := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(other, l) })
	if len(only) == 0 {
		return lines
	}
	return only
}
