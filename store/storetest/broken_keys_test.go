package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// findsKeys is a store whose keys are changed when they are found.
func findsKeys(change func(*store.Key)) broken {
	return returns("FindKey", func(key *store.Key) *store.Key {
		change(key)
		return key
	})
}

// addsKeys is a store that adds changed keys.
func addsKeys(change func(*store.Key)) broken {
	return given("AddKey", func(key store.Key) store.Key {
		change(&key)
		return key
	})
}

// hidesKeys is a store that does not find some keys.
func hidesKeys(hidden func(*store.Key) bool) broken {
	return instead("FindKey", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil && hidden(results[0].Interface().(*store.Key)) {
			return c.fail(store.Errorf("find", store.ErrNotFound, "it is hidden"))
		}
		return results
	})
}

// eachKey changes every stored key.
func eachKey(change func(*store.Key)) func(*store.State) {
	return func(s *store.State) {
		for i := range s.Keys {
			change(&s.Keys[i])
		}
	}
}

// brokenKeys are stores that keep API keys wrongly.
var brokenKeys = map[string]fault{
	"hides revoked keys":         {"keys/FindKey returns revoked keys", hidesKeys(func(k *store.Key) bool { return k.Revoked })},
	"hides expired keys":         {"keys/FindKey returns expired keys", hidesKeys(func(k *store.Key) bool { return k.ExpiresAt.Year() < 2026 })},
	"finds keys in any case":     {"keys/FindKey finds nothing for the prefix of no key", given("FindKey", strings.ToLower)},
	"finds keys that are padded": {"keys/FindKey finds nothing for the prefix of no key", given("FindKey", func(prefix string) string { return strings.TrimRight(prefix, " ") })},
	"refuses an odd prefix": {"keys/FindKey finds nothing for the prefix of no key", refuses("FindKey", store.ErrInvalid, func(prefix string) bool {
		return strings.Contains(prefix, "\x00")
	})},
	"finds prefixes of letters only": {"keys/FindKey finds a prefix of any text", hidesKeys(func(k *store.Key) bool { return strings.ContainsAny(k.Prefix, `'"%`) })},
	"finds no key and no error":      {"keys", hides("FindKey", store.ErrNotFound)},
	"finds keys without a SHA256":    {"keys", findsKeys(func(k *store.Key) { k.SHA256 = "" })},
	"finds keys that never expire":   {"keys", findsKeys(func(k *store.Key) { k.ExpiresAt = time.Time{} })},
	"finds keys without a limit":     {"keys", findsKeys(func(k *store.Key) { k.RateLimit = "" })},
	"limits unlimited keys": {"keys/FindKey returns keys that lack something", findsKeys(func(k *store.Key) {
		if k.RateLimit == "" {
			k.RateLimit = "125/15m"
		}
	})},
	"confuses permissions":            {"keys/FindKey returns the key with that prefix", findsKeys(func(k *store.Key) { k.ReadScores, k.Historical = k.Historical, k.ReadScores })},
	"finds keys in another zone":      {"keys/FindKey returns the key with that prefix", findsKeys(func(k *store.Key) { k.CreatedAt = k.CreatedAt.In(time.FixedZone("east", 3600)) })},
	"adds keys that never expire":     {"keys/AddKey inserts the key", addsKeys(func(k *store.Key) { k.ExpiresAt = time.Time{} })},
	"adds keys by its clock":          {"keys/AddKey inserts the key", addsKeys(func(k *store.Key) { k.CreatedAt = time.Time{} })},
	"adds keys without permission":    {"keys/AddKey keeps each permission apart", addsKeys(func(k *store.Key) { k.CreateScorers = false })},
	"adds no SHA256 for one":          {"keys/AddKey inserts a key that lacks something", after("AddKey", eachKey(func(k *store.Key) { k.SHA256 = "sha256$bb" }))},
	"cuts the names of keys":          {"keys/AddKey inserts a key of the full width", addsKeys(func(k *store.Key) { k.Name = k.Name[:min(len(k.Name), store.MaxKeyName)] })},
	"rounds the times of keys":        {"keys/AddKey keeps times in whole microseconds", addsKeys(func(k *store.Key) { k.CreatedAt = k.CreatedAt.Round(time.Microsecond) })},
	"passes over bad keys":            {"keys", hides("AddKey", store.ErrInvalid)},
	"passes over a key that is there": {"keys/AddKey refuses a prefix and an id that are taken", hides("AddKey", store.ErrConflict)},
	"passes over an unknown account":  {"keys/AddKey refuses an account that does not exist", hides("AddKey", store.ErrNotFound)},
	"adds all keys to the first":      {"keys/AddKey refuses an account that does not exist", addsKeys(func(k *store.Key) { k.Account = min(k.Account, 1) })},
	"creates keys in 1970": {"keys/AddKey takes the clock of the store for a creation that is zero", addsKeys(func(k *store.Key) {
		if k.CreatedAt.IsZero() {
			k.CreatedAt = time.Unix(0, 0)
		}
	})},
	"replaces keys": {"keys/AddKey refuses a prefix and an id that are taken", instead("AddKey", func(c *call) []reflect.Value {
		results, err := c.good()
		if errors.Is(err, store.ErrConflict) {
			c.b.Edit(eachKey(func(k *store.Key) { k.Revoked = false }))
		}
		return results
	})},
	"migrates again":   {"keys/MigrateKey leaves an SHA256 that exists", before("MigrateKey", eachKey(func(k *store.Key) { k.SHA256 = "" }))},
	"migrates nothing": {"keys/MigrateKey sets the SHA256 of that key alone", nothing("MigrateKey")},
	"migrates all keys": {"keys/MigrateKey sets the SHA256 of that key alone", after("MigrateKey", func(s *store.State) {
		for _, migrated := range s.Keys {
			eachKey(func(k *store.Key) { k.SHA256 += migrated.SHA256 })(s)
		}
	})},
	"migrates by prefix": {"keys/MigrateKey of an unknown key is no error", func(b *brokenstore.Store) {
		b.On.MigrateKey = func(ctx context.Context, id, sha256 string) error {
			prefix, _, _ := strings.Cut(id, ".")
			return b.Good.MigrateKey(ctx, prefix+".sha256$aa", sha256)
		}
	}},
	"misses keys that it cannot migrate": {"keys/MigrateKey of an unknown key is no error", func(b *brokenstore.Store) {
		b.On.MigrateKey = func(ctx context.Context, id, sha256 string) error {
			if prefix, _, _ := strings.Cut(id, "."); prefix != "abcd1234" {
				return store.Errorf("migrate", store.ErrNotFound, "there is none")
			}
			return b.Good.MigrateKey(ctx, id, sha256)
		}
	}},
	"passes over a bad SHA256": {"keys/MigrateKey refuses a malformed SHA256", hides("MigrateKey", store.ErrInvalid)},
	"revokes nothing":          {"keys/RevokeKey revokes that key alone", nothing("RevokeKey")},
	"revokes every key":        {"keys/RevokeKey revokes that key alone", after("RevokeKey", eachKey(func(k *store.Key) { k.Revoked = true }))},
	"revokes and renews":       {"keys/RevokeKey revokes that key alone", after("RevokeKey", eachKey(func(k *store.Key) { k.ExpiresAt = time.Time{} }))},
	"revokes once only": {"keys/RevokeKey revokes that key alone", func(b *brokenstore.Store) {
		b.On.RevokeKey = func(ctx context.Context, prefix string) error {
			if key, err := b.Good.FindKey(ctx, prefix); err == nil && key.Revoked {
				return store.Errorf("revoke", store.ErrNotFound, "it is revoked")
			}
			return b.Good.RevokeKey(ctx, prefix)
		}
	}},
	"is busy while it adds a key":      {"contended keys/keys of one prefix at once are one", oneAtATime("AddKey")},
	"is busy while it migrates a key":  {"contended keys/migrations at once set one SHA256", oneAtATime("MigrateKey")},
	"keeps the last of two migrations": {"contended keys/migrations at once set one SHA256", before("MigrateKey", eachKey(func(k *store.Key) { k.SHA256 = "" }))},
}

type usages = []store.Usage

// logs is a store that adds changed usages.
func logs(change func(*store.Usage)) broken {
	return given("AddUsage", func(given usages) usages {
		given = slices.Clone(given)
		for i := range given {
			change(&given[i])
		}
		return given
	})
}

// brokenUsage are stores that log usage wrongly.
var brokenUsage = map[string]fault{
	"loses headers":        {"usage/AddUsage inserts a usage", logs(func(u *store.Usage) { u.Headers = nil })},
	"loses the status":     {"usage/AddUsage inserts a usage", logs(func(u *store.Usage) { u.Status = 0 })},
	"skips every response": {"usage/AddUsage inserts a usage", logs(func(u *store.Usage) { u.ResponseSkipped = true })},
	"invents a status": {"usage/AddUsage inserts a usage that lacks everything", logs(func(u *store.Usage) {
		if u.Status == 0 {
			u.Status = 200
		}
	})},
	"logs backwards": {"usage/AddUsage inserts usages in their order", given("AddUsage", func(given usages) usages {
		given = slices.Clone(given)
		slices.Reverse(given)
		return given
	})},
	"logs by the time": {"usage/AddUsage inserts usages in their order", given("AddUsage", func(given usages) usages {
		return slices.SortedStableFunc(slices.Values(given), func(a, b store.Usage) int { return a.At.Compare(b.At) })
	})},
	"logs the first hundred": {"usage/AddUsage inserts usages in their order", given("AddUsage", func(given usages) usages { return given[:min(100, len(given))] })},
	"logs equal usages once": {"usage/AddUsage inserts equal usages each", given("AddUsage", func(given usages) usages {
		return slices.CompactFunc(slices.Clone(given), func(a, b store.Usage) bool { return a.Path == b.Path })
	})},
	"takes the payload for the query": {"usage/AddUsage keeps every text and every digit", logs(func(u *store.Usage) { u.Query = u.Payload })},
	"trims paths":                     {"usage/AddUsage keeps every text and every digit", logs(func(u *store.Usage) { u.Path = strings.TrimSpace(u.Path) })},
	"takes responses that are objects": {"usage/AddUsage takes a response of any JSON", refuses("AddUsage", store.ErrInvalid, func(given usages) bool {
		return slices.ContainsFunc(given, func(u store.Usage) bool { return !bytes.HasPrefix(u.Response, []byte("{")) })
	})},
	"cuts long errors":       {"usage/AddUsage takes the full width", logs(func(u *store.Usage) { u.Error = u.Error[:min(200, len(u.Error))] })},
	"rounds times of usages": {"usage/AddUsage keeps times in whole microseconds", logs(func(u *store.Usage) { u.At = u.At.Truncate(time.Hour) })},
	"wants a usage":          {"usage/AddUsage of none is no error", refuses("AddUsage", store.ErrInvalid, func(given usages) bool { return len(given) == 0 })},
	"logs the good usages only": {"usage", func(b *brokenstore.Store) {
		b.On.AddUsage = func(ctx context.Context, usages ...store.Usage) error {
			var failed error
			for _, u := range usages {
				failed = errors.Join(failed, b.Good.AddUsage(ctx, u))
			}
			return failed
		}
	}},
	"passes over unknown keys": {"usage/AddUsage refuses usages of an unknown key", hides("AddUsage", store.ErrNotFound)},
	"passes over bad usages":   {"usage", hides("AddUsage", store.ErrInvalid)},
}

// ledgers is a store whose ledgers are changed.
func ledgers(change func(*store.PointsLedger)) broken {
	return returns("LoadPoints", func(l *store.PointsLedger) *store.PointsLedger {
		change(l)
		return l
	})
}

// brokenLedgers are stores that return wrongly what an address has earned.
var brokenLedgers = map[string]fault{
	"finds no address without points": {"points ledger/an address without points is no error", instead("LoadPoints", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil && len(results[0].Interface().(*store.PointsLedger).Points) == 0 {
			return c.fail(store.Errorf("ledger", store.ErrNotFound, "there is none"))
		}
		return results
	})},
	"multiplies by 0": {"points ledger/an address without points is no error", ledgers(func(l *store.PointsLedger) {
		if l.Multiplier == 1 {
			l.Multiplier = 0
		}
	})},
	"forgets the chain": {"points ledger/LoadPoints returns the points of the address", ledgers(func(l *store.PointsLedger) {
		for i := range l.Points {
			l.Points[i].ChainID = 0
		}
	})},
	"returns the points of all": {"points ledger/LoadPoints returns the points of the address", func(b *brokenstore.Store) {
		b.On.LoadPoints = func(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
			return b.Like(func(s *store.State) {
				for i := range s.Points {
					s.Points[i].Address = address
				}
			}).LoadPoints(ctx, address)
		}
	}},
	"orders points by chain": {"points ledger/points are in the order of ComparePoints", ledgers(func(l *store.PointsLedger) {
		slices.SortStableFunc(l.Points, func(a, b store.HumanPoint) int { return a.ChainID - b.ChainID })
	})},
	"orders points without case": {"points ledger/points are in the order of ComparePoints", ledgers(func(l *store.PointsLedger) {
		slices.SortStableFunc(l.Points, func(a, b store.HumanPoint) int {
			return strings.Compare(strings.ToLower(a.Action+a.Provider), strings.ToLower(b.Action+b.Provider))
		})
	})},
	"returns points of another action": {"points ledger/LoadPoints returns the points of each active action", ledgers(func(l *store.PointsLedger) { l.Values["HPH"] = 5 })},
	"returns no points of 0": {"points ledger/LoadPoints returns the points of each active action", ledgers(func(l *store.PointsLedger) {
		for action, points := range l.Values {
			if points == 0 {
				delete(l.Values, action)
			}
		}
	})},
	"takes a multiplier of 0 for none": {"points ledger/LoadPoints returns the multiplier of the address", ledgers(func(l *store.PointsLedger) {
		if l.Multiplier == 0 {
			l.Multiplier = 1
		}
	})},
	"takes all for eligible": {"points ledger/an address that has qualified in any community is eligible", ledgers(func(l *store.PointsLedger) { l.Eligible = true })},
	"takes those with points for eligible": {"points ledger/an address that has qualified in any community is eligible", ledgers(func(l *store.PointsLedger) {
		l.Eligible = len(l.Points) > 0
	})},
	"takes none for eligible":       {"points ledger/LoadPoints returns what a scoring has awarded", ledgers(func(l *store.PointsLedger) { l.Eligible = false })},
	"removes points that were read": {"points ledger/LoadPoints changes nothing and shares nothing", after("LoadPoints", func(s *store.State) { s.Points = nil })},
	"shares the values of points": {"points ledger/LoadPoints changes nothing and shares nothing", func(b *brokenstore.Store) {
		shared := map[string]int{}
		b.On.LoadPoints = func(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
			ledger, err := b.Good.LoadPoints(ctx, address)
			if err == nil {
				maps.Copy(shared, ledger.Values)
				ledger.Values = shared
			}
			return ledger, err
		}
		b.On.State = func(context.Context) (store.State, error) {
			state := b.Good.State()
			maps.Copy(state.PointValues, shared)
			return state, nil
		}
	}},
}
