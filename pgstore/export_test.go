package pgstore

import (
	"maps"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Texts are the texts of all statements in the usual schema, by name.
func Texts() map[string]string { return usualTexts() }

// TextsOf are the texts for an engine.
func TextsOf(engine Engine) map[string]string { return readTexts(defaultSchema, dialects[engine]) }

// Guards are the texts of the statements' guards, by the statement's name.
func Guards() map[string]string {
	texts := map[string]string{}
	for name, guard := range guards {
		texts[name] = guard.text
	}
	return texts
}

// Version returns the version of a wallet with those credentials.
func Version(credentials ...store.Credential) string {
	const ofNoRows = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	v := walletVersion{rows: ofNoRows, ids: readable(credentials)}
	return v.String()
}

// WithoutAdvisoryLocks returns the store as it would be on a server, or on as
// many nodes, that advisory locks do not hold on.
func (s *Store) WithoutAdvisoryLocks() *Store {
	return s.with(func(_, sql string) string { return strings.ReplaceAll(sql, "pg_advisory_xact_lock", "") })
}

// WithoutLockCounts returns the store as it would be on a server that reports
// another isolation than it has.
func (s *Store) WithoutLockCounts() *Store {
	return s.with(func(name, sql string) string {
		if name == "lock_counts" {
			return "select $1::text[], $2::text[]"
		}
		return sql
	})
}

func (s *Store) with(change func(name, sql string) string) *Store {
	changed := *s
	changed.texts = maps.Clone(s.texts)
	for name, sql := range changed.texts {
		changed.texts[name] = change(name, sql)
	}
	return &changed
}

// At returns the partitioning as of the time.
func At(p Partitioning, now time.Time) Partitioning {
	p.now = func() time.Time { return now }
	return p
}
