package pgstore_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// The recorded answers and rows of the service, over TCP, on the schema that
// Migrate makes and on the service's own.
func TestServedScenarios(t *testing.T) {
	for schema, fresh := range map[string]func(t *testing.T) string{
		"embedded schema":  func(t *testing.T) string { return pgtest.New(t) },
		"service's schema": newServiceDatabase,
	} {
		for mode, open := range someOf(storeModes(), map[bool]string{true: "pgx", false: "database/sql, lib/pq"}[schema == "embedded schema"]) {
			t.Run(schema+", "+mode, func(t *testing.T) {
				storetest.ServedScenarios(t, reused(t, func() emptied {
					url := fresh(t)
					return &harness{open(t, url), pgtest.NewTables(t, url, "public")}
				}), served)
			})
		}
	}
}

func TestServedForms(t *testing.T) {
	for mode, open := range someOf(storeModes(), "pgx") {
		t.Run(mode, func(t *testing.T) {
			storetest.ServedForms(t, harnesses(t, open), served)
		})
	}
}

func served(t testing.TB, h storetest.Harness, engine *passport.Engine) http.Handler {
	t.Helper()
	handler, err := passporthttp.New(engine, h.(*harness), passporthttp.WithRateLimits())
	require.NoError(t, err)
	return handler
}

// newServiceDatabase returns a database with every table, key and index that
// the service has, made from the facts and not by Migrate.
func newServiceDatabase(t *testing.T) string {
	t.Helper()
	url, facts := pgtest.NewEmpty(t), serviceFacts(t)
	var script, references []string
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		var parts []string
		for _, c := range facts[name].Columns {
			parts = append(parts, columnOf(c))
		}
		for _, c := range facts[name].Constraints {
			constraint := fmt.Sprintf("constraint %s %s", pgx.Identifier{c.Name}.Sanitize(), c.Definition)
			switch {
			case strings.Contains(c.Definition, "registry_stampmetadata"): // of which there are no facts
				require.Contains(t, notMade, name)
			case c.Kind == "foreign key": // which needs the other table
				references = append(references, fmt.Sprintf("alter table %s add %s", name, constraint))
			default:
				parts = append(parts, constraint)
			}
		}
		script = append(script, fmt.Sprintf("create table %s (%s)", name, strings.Join(parts, ", ")))
		for _, index := range facts[name].Indexes {
			script = append(script, index.Definition)
		}
	}
	script = append(script, references...)
	script = append(script, `insert into registry_humanpointsconfig (action, points, active) values
		('CSB', 100, true), ('CSE', 200, true), ('CST', 500, true), ('HIM', 1000, true), ('HKY', 100, true),
		('ISB', 100, true), ('ISG', 500, true), ('ISS', 200, true), ('PMT', 300, true), ('SCB', 500, true)`)
	pool := openPool(t, url)
	_, err := pool.Exec(t.Context(), strings.Join(script, ";\n"), pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	require.NoError(t, pgstore.CheckSchema(t.Context(), pool))
	return url
}

func columnOf(c columnFacts) string {
	text := pgx.Identifier{c.Name}.Sanitize() + " " + c.Type
	if !c.Nullable {
		text += " not null"
	}
	if c.Default != nil {
		text += " default " + *c.Default
	}
	if c.Identity != "" {
		text += " generated " + c.Identity + " as identity"
	}
	return text
}
