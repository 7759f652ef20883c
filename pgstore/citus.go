package pgstore

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// CitusLayout is a way to spread the tables over the nodes of a Citus cluster.
// The file citus.sql says what each costs and what it is for.
type CitusLayout string

// The layouts.
const (
	// CitusOneNode has all tables on one worker, with every key as it is.
	CitusOneNode CitusLayout = "one node"
	// CitusByCommunity has the events and claims of a community together on a
	// worker, communities on every node, and the rest on the coordinator.
	CitusByCommunity CitusLayout = "by community"
)

// CitusStatements returns the statements of citus.sql that put the tables into
// the layout, for the schema of [WithSchema]. They are to be run in order, in
// one transaction on the coordinator, after [Migrate], by the owner of the
// tables. A layout or a schema that cannot be is [store.ErrInvalid].
func CitusStatements(layout CitusLayout, options ...Option) ([]string, error) {
	const op = "citus"
	c := newConfig(options)
	if err := c.validate(); err != nil {
		return nil, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	file := readCitus()
	part, known := map[CitusLayout]string{CitusOneNode: file.oneNode, CitusByCommunity: file.byCommunity}[layout]
	if !known {
		return nil, store.Errorf(op, store.ErrInvalid, "there is no layout %q", layout)
	}
	text := strings.ReplaceAll(file.both+part, `:"schema"`, pgx.Identifier{c.schema}.Sanitize())
	return statementsIn(text), nil
}

// citusFile is citus.sql, cut where psql chooses.
type citusFile struct{ both, byCommunity, oneNode string }

func readCitus() citusFile {
	text, err := embedded.ReadFile("citus.sql")
	if err != nil {
		panic(err) // it is embedded
	}
	both, choice, begun := strings.Cut(string(text), "\\if :by_community\n")
	byCommunity, oneNode, chosen := strings.Cut(choice, "\\else\n")
	oneNode, _, ended := strings.Cut(oneNode, "\\endif\n")
	if !begun || !chosen || !ended {
		panic(fmt.Sprintf("citus.sql is not in three parts: %t, %t, %t", begun, chosen, ended)) // it is embedded
	}
	return citusFile{both, byCommunity, oneNode}
}
