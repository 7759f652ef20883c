// Package logattr has the attributes that the logs of several packages share:
// one key for one thing.
//
//	operation        the call of the engine: score, preview, latest, score_all
//	community        its number
//	address          the wallet's
//	wallets          how many there are
//	attempts         how many there were, this one included
//	duration_ms      milliseconds, with fractions
//	kind             of the error, by store.KindOf
//	store_operation  the operation of the store that failed, such as upsert_score
//	sqlstate         the code of the database
//	error            the text of the error
//	key_prefix       the part of an API key that is no secret
//
// No attribute has a key, a credential or a nullifier.
package logattr

import (
	"errors"
	"log/slog"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// KeyPrefix is the key of the prefix of an API key.
const KeyPrefix = "key_prefix"

// Duration returns the duration in milliseconds. A [slog.Duration] would be
// nanoseconds in JSON and "1.5ms" in text; a number whose unit is in the key is
// the same in both, and can be summed.
func Duration(d time.Duration) slog.Attr {
	return slog.Float64("duration_ms", float64(d.Microseconds())/1000)
}

// Error returns the attributes of [Cause], and the text of the error.
func Error(err error) slog.Attr {
	return slog.Group("", Cause(err), slog.Any("error", err))
}

// Cause returns the kind of the error and, if it is a store's, the operation
// and the SQLSTATE, without any text. Like Error it is several attributes, in
// place of one.
func Cause(err error) slog.Attr {
	facts := []any{slog.String("kind", string(store.KindOf(err)))}
	if detail, is := errors.AsType[*store.Error](err); is {
		facts = append(facts, slog.String("store_operation", detail.Op))
		if detail.SQLState != "" {
			facts = append(facts, slog.String("sqlstate", detail.SQLState))
		}
	}
	return slog.Group("", facts...)
}
