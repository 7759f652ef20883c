package equivalence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// kinds are all errors that a caller can distinguish.
var kinds = []struct {
	name string
	err  error
}{
	{"ErrCommunityNotFound", store.ErrCommunityNotFound},
	{"ErrNotFound", store.ErrNotFound},
	{"ErrConflict", store.ErrConflict},
	{"ErrUnavailable", store.ErrUnavailable},
	{"ErrUnknownOutcome", store.ErrUnknownOutcome},
	{"ErrInvalid", store.ErrInvalid},
	{"ErrInternal", store.ErrInternal},
	{"ErrInvalidAddress", passport.ErrInvalidAddress},
	{"ErrUnsupportedRule", passport.ErrUnsupportedRule},
	{"ErrInvalidWeights", passport.ErrInvalidWeights},
	{"ErrNeverScored", passport.ErrNeverScored},
	{"Canceled", context.Canceled},
	{"DeadlineExceeded", context.DeadlineExceeded},
}

// kind names the sentinels that errors.Is finds in the error.
func kind(err error) string {
	if err == nil {
		return "no error"
	}
	var found []string
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			found = append(found, k.name)
		}
	}
	if scoringError, is := errors.AsType[*passport.ScoringError](err); is {
		found = append(found, "ScoringError of "+string(scoringError.Address)+": "+scoringError.Err.Error())
	}
	if len(found) == 0 {
		return "an error of no kind"
	}
	return strings.Join(found, ", ")
}

// account is the id of an account.
type account int64

// text writes an answer, a line for each value: the same for both stores if it
// means the same. It leaves out what the stores are free to choose.
func (n *naming) text(answer any) string {
	switch a := answer.(type) {
	case *store.Snapshot:
		if a != nil {
			sortSnapshot(a)
		}
	case *store.RecordedScore:
		if a != nil {
			slices.Sort(a.Live)
			a.Value = plain(a.Value)
		}
	}
	w := writer{naming: n}
	w.write("", reflect.ValueOf(&answer).Elem())
	return w.text.String()
}

// plain returns the decimal in one notation; another text as it is.
func plain(decimal string) string {
	if value, is := new(big.Rat).SetString(decimal); is {
		return value.RatString()
	}
	return decimal
}

// sortSnapshot sorts the lists of which the order means nothing, and writes
// decimals in one notation.
func sortSnapshot(s *store.Snapshot) {
	slices.SortFunc(s.Claims, byNullifier)
	slices.SortFunc(s.GroupClaims, func(a, b store.GroupClaim) int { return strings.Compare(a.Key, b.Key) })
	for i := range s.Wallets {
		sortCredentials(s.Wallets[i].Credentials)
		if last := s.Wallets[i].LastScore; last != nil {
			last.Value = plain(last.Value)
		}
	}
	if s.Points != nil {
		for i := range s.Points.Wallets {
			history := &s.Points.Wallets[i]
			slices.SortFunc(history.Points, store.ComparePoints)
			slices.Sort(history.Communities)
			slices.Sort(history.Lists)
		}
	}
}

func sortCredentials(credentials []store.Credential) {
	slices.SortFunc(credentials, func(a, b store.Credential) int { return cmp.Compare(a.ID, b.ID) })
}

// writer writes a value.
type writer struct {
	naming *naming
	text   strings.Builder
}

func (w *writer) line(path string, value any) { fmt.Fprintf(&w.text, "%s: %v\n", path, value) }

func (w *writer) write(path string, v reflect.Value) {
	if !v.IsValid() {
		w.line(path, "nothing")
		return
	}
	switch x := v.Interface().(type) {
	case time.Time:
		w.line(path, w.naming.time(x))
		return
	case json.RawMessage:
		w.line(path, document(x))
		return
	case passport.Decimal:
		w.line(path, x)
		return
	case account:
		w.line(path, w.naming.usernames[int64(x)])
		return
	case store.RecordedEvent:
		w.line(path, place(w.naming.events, x.ID))
		w.line(path, w.naming.time(x.At))
		x.Data = withoutIDs(x.Data)
		w.write(path, reflect.ValueOf(x.Event))
		return
	}
	switch v.Kind() { //nolint:exhaustive // the others are values
	case reflect.Pointer, reflect.Interface:
		w.write(path, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			w.field(path, v, v.Type().Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.write(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	default: // maps are written in the order of their keys
		w.line(path, v.Interface())
	}
}

// field writes a field of the structure, ids as names.
func (w *writer) field(path string, of reflect.Value, field reflect.StructField) {
	v := of.FieldByIndex(field.Index)
	switch path += "." + field.Name; {
	case field.Name == "Version": // opaque
	case field.Name == "Account":
		w.line(path, w.naming.usernames[v.Int()])
	case of.Type() == reflect.TypeFor[store.Credential]() && field.Name == "ID":
		w.line(path, place(w.naming.credentials, v.Int()))
	default:
		w.write(path, v)
	}
}

// withoutIDs returns the data of an event without the ids of a score's rows.
func withoutIDs(data json.RawMessage) json.RawMessage {
	var event map[string]json.RawMessage
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &event) != nil || json.Unmarshal(event["fields"], &fields) != nil {
		return data
	}
	delete(event, "pk")
	delete(fields, "passport")
	event["fields"], _ = json.Marshal(fields) //nolint:errchkjson // it was JSON
	text, _ := json.Marshal(event)            //nolint:errchkjson // it was JSON
	return text
}
