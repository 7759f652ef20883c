package storetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// equalStates fails the test unless both states have the same content. It
// prints the paths that differ, not the states.
func equalStates(t testing.TB, want, got store.State) {
	t.Helper()
	if different := Compare(want, got); len(different) > 0 {
		t.Errorf("the content of the store differs:\n%s", strings.Join(different, "\n"))
	}
}

// Compare returns how the two states differ, a line for each path, at most 20
// of them. It passes over the order of lists that mean nothing by their order,
// the ids of events, the form of JSON documents, the notation of decimals and
// address lists without members.
func Compare(want, got store.State) []string {
	d := differ{}
	w, g := reflect.ValueOf(normalized(want)), reflect.ValueOf(normalized(got))
	for i := range w.NumField() {
		d.compare(w.Type().Field(i).Name, w.Field(i), g.Field(i))
	}
	return d.lines
}

// normalized returns the state in the one form that states are compared in.
func normalized(s store.State) store.State {
	s.Accounts = sorted(s.Accounts, func(a store.Account) string { return key(a.ID) })
	s.Communities = sorted(s.Communities, func(c store.StoredCommunity) string { return key(c.ID) })
	for i := range s.Communities {
		c := &s.Communities[i]
		c.Threshold = plain(c.Threshold)
		customization := map[string]string{}
		for provider, weight := range c.Customization {
			customization[provider] = plain(weight)
		}
		c.Customization = customization
	}
	s.Lists = slices.DeleteFunc(sorted(s.Lists, func(l store.AddressList) string { return l.Name }),
		func(l store.AddressList) bool { return len(l.Members) == 0 })
	for i := range s.Lists {
		s.Lists[i].Members = sorted(s.Lists[i].Members, func(a store.Address) string { return string(a) })
	}
	s.Credentials = sorted(s.Credentials, func(c store.StoredCredential) string { return key(c.ID) })
	s.Scores = sorted(s.Scores, func(r store.StoredScore) string { return key(r.Community, r.Address) })
	for i := range s.Scores {
		s.Scores[i].Value = plain(s.Scores[i].Value)
		s.Scores[i].Counted = sorted(s.Scores[i].Counted, func(c store.CountedCredential) string { return c.Provider })
	}
	s.Claims = sorted(s.Claims, func(c store.StoredClaim) string { return key(c.Community, c.Nullifier) })
	s.GroupClaims = sorted(s.GroupClaims, func(c store.StoredGroupClaim) string { return key(c.Community, c.Key) })
	s.Events = slices.Clone(s.Events)
	for i := range s.Events {
		s.Events[i].ID = 0
		s.Events[i].Data = withoutIDs(s.Events[i].Data)
	}
	s.Points = sorted(s.Points, func(p store.StoredPoint) string { return key(p.Address, p.Action, p.Provider, p.TxHash, p.ChainID) })
	s.Qualified = sorted(s.Qualified, func(q store.Qualification) string { return key(q.Address, q.Community) })
	s.Keys = sorted(s.Keys, func(k store.Key) string { return k.Prefix })
	return s
}

func sorted[T any](list []T, by func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(by(a), by(b)) })
}

func key(parts ...any) string {
	var text strings.Builder
	for _, part := range parts {
		if n, is := part.(int64); is {
			fmt.Fprintf(&text, "%020d\x00", n)
		} else {
			fmt.Fprintf(&text, "%v\x00", part)
		}
	}
	return text.String()
}

// plain returns the decimal in one notation; another text as it is.
func plain(decimal string) string {
	if number, is := new(big.Rat).SetString(decimal); is {
		return number.RatString()
	}
	return decimal
}

// withoutIDs returns the data of an event without the ids that a store may add
// to it.
func withoutIDs(data json.RawMessage) json.RawMessage {
	var event map[string]json.RawMessage
	if json.Unmarshal(data, &event) != nil || string(event["model"]) != `"registry.score"` {
		return data
	}
	delete(event, "pk")
	var fields map[string]json.RawMessage
	if json.Unmarshal(event["fields"], &fields) == nil {
		delete(fields, "passport")
		event["fields"], _ = json.Marshal(fields) //nolint:errchkjson // it was JSON
	}
	text, _ := json.Marshal(event) //nolint:errchkjson // it was JSON
	return text
}

// differ collects differences.
type differ struct{ lines []string }

func (d *differ) add(path string, want, got any) {
	const most = 20
	if len(d.lines) < most {
		d.lines = append(d.lines, fmt.Sprintf("%s: want %s, got %s", path, shown(want), shown(got)))
	}
}

func shown(v any) string {
	const most = 300
	text := fmt.Sprintf("%+v", v)
	if raw, is := v.(json.RawMessage); is {
		text = string(raw)
	}
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

var (
	typeTime = reflect.TypeFor[time.Time]()
	typeJSON = reflect.TypeFor[json.RawMessage]()
)

func (d *differ) compare(path string, want, got reflect.Value) {
	switch {
	case want.Type() == typeTime:
		if w, g := want.Interface().(time.Time), got.Interface().(time.Time); !w.Equal(g) {
			d.add(path, w, g)
		}
	case want.Type() == typeJSON:
		if w, g := want.Interface().(json.RawMessage), got.Interface().(json.RawMessage); !sameJSON(w, g) {
			d.add(path, w, g)
		}
	case want.Kind() == reflect.Struct:
		for i := range want.NumField() {
			d.compare(path+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i))
		}
	case want.Kind() == reflect.Slice:
		if want.Len() != got.Len() {
			d.lengths(path, want, got)
			return
		}
		for i := range want.Len() {
			d.compare(fmt.Sprintf("%s[%d]", path, i), want.Index(i), got.Index(i))
		}
	case want.Kind() == reflect.Map:
		if want.Len() != got.Len() || want.Len() > 0 && !reflect.DeepEqual(want.Interface(), got.Interface()) {
			d.add(path, want.Interface(), got.Interface())
		}
	default:
		if !want.Equal(got) {
			d.add(path, want.Interface(), got.Interface())
		}
	}
}

// lengths reports lists of different lengths: the first elements that the other
// list lacks, each with the nearest element of the other and how that differs.
func (d *differ) lengths(path string, want, got reflect.Value) {
	d.add("len("+path+")", want.Len(), got.Len())
	const most = 3
	missing := d.unmatched(path, want, got, most, func(element any) (any, any) { return element, "nothing" })
	d.unmatched(path, got, want, most-missing, func(element any) (any, any) { return "nothing", element })
}

// unmatched reports the elements of the list that the other one lacks, at most
// that many, and returns their number.
func (d *differ) unmatched(path string, list, other reflect.Value, most int, sides func(any) (want, got any)) int {
	found := 0
	for i := 0; i < list.Len() && found < most; i++ {
		at := fmt.Sprintf("%s[%d]", path, i)
		var nearest []string
		for j := 0; j < other.Len() && (nearest == nil || len(nearest) > 0); j++ {
			one := differ{lines: []string{}}
			one.compare(fmt.Sprintf("  the nearest is %s[%d]", path, j), list.Index(i), other.Index(j))
			if nearest == nil || len(one.lines) < len(nearest) {
				nearest = one.lines
			}
		}
		if nearest != nil && len(nearest) == 0 {
			continue // the other has it
		}
		found++
		want, got := sides(list.Index(i).Interface())
		d.add(at, want, got)
		d.lines = append(d.lines, nearest...)
	}
	return found
}

func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, err := store.CanonicalJSON(a)
	y, other := store.CanonicalJSON(b)
	if err != nil || other != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x, y)
}
