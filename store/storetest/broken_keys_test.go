package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// brokenKeys is a store with functions in place of the methods of a role.
type brokenKeys struct {
	harness

	findKey    func(harness, context.Context, string) (*store.Key, error)
	addKey     func(harness, context.Context, store.Key) error
	migrateKey func(harness, context.Context, string, string) error
	revokeKey  func(harness, context.Context, string) error
	addUses    func(harness, context.Context, []store.Use) error
	loadPoints func(harness, context.Context, string) (*store.PointsLedger, error)
}

func (b brokenKeys) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b brokenKeys) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	if b.findKey == nil {
		return b.harness.FindKey(ctx, prefix)
	}
	return b.findKey(b.harness, ctx, prefix)
}

func (b brokenKeys) AddKey(ctx context.Context, key store.Key) error {
	if b.addKey == nil {
		return b.harness.AddKey(ctx, key)
	}
	return b.addKey(b.harness, ctx, key)
}

func (b brokenKeys) MigrateKey(ctx context.Context, id, sha256 string) error {
	if b.migrateKey == nil {
		return b.harness.MigrateKey(ctx, id, sha256)
	}
	return b.migrateKey(b.harness, ctx, id, sha256)
}

func (b brokenKeys) RevokeKey(ctx context.Context, prefix string) error {
	if b.revokeKey == nil {
		return b.harness.RevokeKey(ctx, prefix)
	}
	return b.revokeKey(b.harness, ctx, prefix)
}

func (b brokenKeys) AddUses(ctx context.Context, uses ...store.Use) error {
	if b.addUses == nil {
		return b.harness.AddUses(ctx, uses...)
	}
	return b.addUses(b.harness, ctx, uses)
}

func (b brokenKeys) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	if b.loadPoints == nil {
		return b.harness.LoadPoints(ctx, address)
	}
	return b.loadPoints(b.harness, ctx, address)
}

// findsKeys is a store whose keys are changed when they are found.
func findsKeys(change func(*store.Key)) brokenKeys {
	return brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		key, err := h.FindKey(ctx, prefix)
		if err == nil {
			change(key)
		}
		return key, err
	}}
}

// addsKeys is a store that adds changed keys.
func addsKeys(change func(*store.Key)) brokenKeys {
	return brokenKeys{addKey: func(h harness, ctx context.Context, key store.Key) error {
		change(&key)
		return h.AddKey(ctx, key)
	}}
}

// afterRevoking is a store that does something more once it has revoked.
func afterRevoking(more func(key row)) brokenKeys {
	return brokenKeys{revokeKey: func(h harness, ctx context.Context, prefix string) error {
		if err := h.RevokeKey(ctx, prefix); err != nil {
			return err
		}
		h.edit(func(t tables) {
			for _, key := range t["account_accountapikey"] {
				more(key)
			}
		})
		return nil
	}}
}

// addsUses is a store that adds changed uses.
func addsUses(change func([]store.Use) []store.Use) brokenKeys {
	return brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		return h.AddUses(ctx, change(slices.Clone(uses))...)
	}}
}

// eachUse is addsUses for one use after another.
func eachUse(change func(*store.Use)) brokenKeys {
	return addsUses(func(uses []store.Use) []store.Use {
		for i := range uses {
			change(&uses[i])
		}
		return uses
	})
}

// ledgers is a store whose ledgers are changed.
func ledgers(change func(*store.PointsLedger)) brokenKeys {
	return brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
		ledger, err := h.LoadPoints(ctx, address)
		if err == nil {
			change(ledger)
		}
		return ledger, err
	}}
}

// passesOver is err unless it is of the kind.
func passesOver(kind, err error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// storesWithBrokenKeys are stores whose roles are broken.
var storesWithBrokenKeys = map[string]fault{
	"hides revoked keys": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		key, err := h.FindKey(ctx, prefix)
		if err == nil && key.Revoked {
			return nil, store.ErrNotFound
		}
		return key, err
	}}},
	"hides expired keys": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		key, err := h.FindKey(ctx, prefix)
		if err == nil && !key.ExpiresAt.IsZero() && key.ExpiresAt.Before(time.Now()) {
			return nil, store.ErrNotFound
		}
		return key, err
	}}},
	"finds keys in any case": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		return h.FindKey(ctx, strings.ToLower(prefix))
	}}},
	"finds keys by what is padded": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		return h.FindKey(ctx, strings.TrimRight(prefix, " "))
	}}},
	"finds nothing, and no error": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		key, err := h.FindKey(ctx, prefix)
		return key, passesOver(store.ErrNotFound, err)
	}}},
	"chokes on a hostile prefix": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		if strings.Contains(prefix, "\x00") {
			return nil, store.ErrInvalid
		}
		return h.FindKey(ctx, prefix)
	}}},
	"finds keys without their SHA-256": {"keys", findsKeys(func(k *store.Key) { k.SHA256 = "" })},
	"finds keys that never expire":     {"keys", findsKeys(func(k *store.Key) { k.ExpiresAt = time.Time{} })},
	"finds keys without a limit":       {"keys", findsKeys(func(k *store.Key) { k.RateLimit = "" })},
	"has a limit for unlimited keys": {"keys", findsKeys(func(k *store.Key) {
		if k.RateLimit == "" {
			k.RateLimit = "125/15m"
		}
	})},
	"mixes permissions up":        {"keys", findsKeys(func(k *store.Key) { k.ReadScores, k.Historical = k.Historical, k.ReadScores })},
	"adds keys that never expire": {"keys", addsKeys(func(k *store.Key) { k.ExpiresAt = time.Time{} })},
	"adds keys by its own clock":  {"keys", addsKeys(func(k *store.Key) { k.CreatedAt = time.Time{} })},
	"adds keys without a moment of creation": {
		"keys/AddKey must set the moment of creation to the store's clock when it is zero",
		addsKeys(func(k *store.Key) {
			if k.CreatedAt.IsZero() {
				k.CreatedAt = time.Unix(0, 0)
			}
		}),
	},
	"rounds the moments of keys": {
		"keys/AddKey must keep moments in whole microseconds, in UTC",
		addsKeys(func(k *store.Key) { k.ExpiresAt = k.ExpiresAt.Round(time.Microsecond) }),
	},
	"finds keys in another zone": {
		"keys/AddKey must keep moments in whole microseconds, in UTC",
		findsKeys(func(k *store.Key) { k.CreatedAt = k.CreatedAt.In(time.FixedZone("east", 3600)) }),
	},
	"adds keys that expire out of range": {
		"keys/AddKey must return ErrInvalid when Validate refuses it, and change nothing",
		addsKeys(func(k *store.Key) {
			if k.ExpiresAt.Year() > 9999 {
				k.ExpiresAt = time.Time{}
			}
		}),
	},
	"adds keys without permission": {"keys", addsKeys(func(k *store.Key) { k.CreateScorers = false })},
	"adds every key to the first account": {"keys", addsKeys(func(k *store.Key) {
		if k.Account > 0 {
			k.Account = 1
		}
	})},
	"replaces keys": {"keys", brokenKeys{addKey: func(h harness, ctx context.Context, key store.Key) error {
		err := h.AddKey(ctx, key)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		h.edit(func(t tables) { t["account_accountapikey"][0]["revoked"] = false })
		return nil
	}}},
	"keeps silent about a taken prefix": {"keys", brokenKeys{addKey: func(h harness, ctx context.Context, key store.Key) error {
		return passesOver(store.ErrConflict, h.AddKey(ctx, key))
	}}},
	"adds what is invalid": {"keys", brokenKeys{addKey: func(h harness, ctx context.Context, key store.Key) error {
		return passesOver(store.ErrInvalid, h.AddKey(ctx, key))
	}}},
	"writes limits that are empty": {"keys", brokenKeys{addKey: func(h harness, ctx context.Context, key store.Key) error {
		if err := h.AddKey(ctx, key); err != nil {
			return err
		}
		h.edit(func(t tables) {
			for _, key := range t["account_accountapikey"] {
				key["analysis_rate_limit"] = ""
			}
		})
		return nil
	}}},
	"migrates again and again": {"keys", brokenKeys{migrateKey: func(h harness, ctx context.Context, id, sha256 string) error {
		if err := h.MigrateKey(ctx, id, sha256); err != nil {
			return err
		}
		h.edit(func(t tables) {
			for _, key := range t["account_accountapikey"] {
				if key["id"] == id {
					key["hashed_key_sha256"] = sha256
				}
			}
		})
		return nil
	}}},
	"migrates nothing": {"keys", brokenKeys{migrateKey: func(harness, context.Context, string, string) error { return nil }}},
	"migrates by prefix": {"keys", brokenKeys{migrateKey: func(h harness, ctx context.Context, id, sha256 string) error {
		prefix, _, _ := strings.Cut(id, ".")
		return h.MigrateKey(ctx, prefix+".sha256$aa", sha256)
	}}},
	"misses keys that it cannot migrate": {"keys", brokenKeys{migrateKey: func(h harness, ctx context.Context, id, sha256 string) error {
		if prefix, _, _ := strings.Cut(id, "."); prefix != "abcd1234" {
			return store.ErrNotFound
		}
		return h.MigrateKey(ctx, id, sha256)
	}}},
	"revokes nothing":       {"keys", brokenKeys{revokeKey: func(harness, context.Context, string) error { return nil }}},
	"revokes every key":     {"keys", afterRevoking(func(key row) { key["revoked"] = true })},
	"revokes and lets live": {"keys", afterRevoking(func(key row) { key["expiry_date"] = nil })},
	"revokes once only": {"keys", brokenKeys{revokeKey: func(h harness, ctx context.Context, prefix string) error {
		if key, err := h.FindKey(ctx, prefix); err == nil && key.Revoked {
			return store.ErrNotFound
		}
		return h.RevokeKey(ctx, prefix)
	}}},
	"looks keys up without the context": {"keys", brokenKeys{findKey: func(h harness, ctx context.Context, prefix string) (*store.Key, error) {
		return h.FindKey(context.WithoutCancel(ctx), prefix)
	}}},

	"adds the good uses only": {"uses/AddUses must return ErrInvalid when Validate refuses one, and insert none", brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		var failed error
		for _, use := range uses {
			failed = errors.Join(failed, h.AddUses(ctx, use))
		}
		return failed
	}}},
	"adds uses backwards": {"uses/AddUses must insert all of the uses in order", addsUses(func(uses []store.Use) []store.Use {
		slices.Reverse(uses)
		return uses
	})},
	"adds uses by their moment": {"uses/AddUses must insert all of the uses in order", addsUses(func(uses []store.Use) []store.Use {
		slices.SortFunc(uses, func(a, b store.Use) int { return a.At.Compare(b.At) })
		return uses
	})},
	"adds equal uses once": {"uses/AddUses must add to those that are there", addsUses(func(uses []store.Use) []store.Use {
		return slices.CompactFunc(uses, func(a, b store.Use) bool { return a.Path == b.Path })
	})},
	"adds the first hundred": {"uses/AddUses must insert all of the uses in order", addsUses(func(uses []store.Use) []store.Use { return uses[:min(100, len(uses))] })},
	"minds no use": {"uses/AddUses of no use is no error", brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		if len(uses) == 0 {
			return store.ErrInvalid
		}
		return h.AddUses(ctx, uses...)
	}}},
	"keeps silent about unknown keys": {"uses/AddUses must return ErrNotFound when a key does not exist, and insert none", brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		return passesOver(store.ErrNotFound, h.AddUses(ctx, uses...))
	}}},
	"keeps silent about what it cannot hold": {
		"uses/AddUses must return ErrInvalid for a document that the database cannot hold, and insert none",
		brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
			return passesOver(store.ErrInvalid, h.AddUses(ctx, uses...))
		}},
	},
	"loses headers":               {"uses/AddUses must insert each use as the service does", eachUse(func(u *store.Use) { u.Headers = nil })},
	"takes the payload for query": {"uses/AddUses must keep texts and documents as they are", eachUse(func(u *store.Use) { u.Query = u.Payload })},
	"takes objects for responses": {"uses/AddUses must take a response of any kind of JSON", brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		if slices.ContainsFunc(uses, func(u store.Use) bool { return !bytes.HasPrefix(u.Response, []byte("{")) }) {
			return store.ErrInvalid
		}
		return h.AddUses(ctx, uses...)
	}}},
	"loses the status": {"uses/AddUses must insert each use as the service does", eachUse(func(u *store.Use) { u.Status = 0 })},
	"makes a status up": {"uses/AddUses must write NULL for what is empty, but for the path", eachUse(func(u *store.Use) {
		if u.Status == 0 {
			u.Status = 200
		}
	})},
	"skips every response":        {"uses/AddUses must insert each use as the service does", eachUse(func(u *store.Use) { u.ResponseSkipped = true })},
	"cuts long errors":            {"uses/AddUses must take the widest of everything", eachUse(func(u *store.Use) { u.Error = u.Error[:min(200, len(u.Error))] })},
	"takes a moment for the hour": {"uses/AddUses must take the widest of everything", eachUse(func(u *store.Use) { u.At = u.At.Truncate(time.Hour) })},
	"adds uses without the context": {"uses/AddUses must return context.Canceled when the context has ended, and insert none", brokenKeys{addUses: func(h harness, ctx context.Context, uses []store.Use) error {
		return h.AddUses(context.WithoutCancel(ctx), uses...)
	}}},

	"orders points by chain": {"points ledger", ledgers(func(l *store.PointsLedger) {
		slices.SortStableFunc(l.Awards, func(a, b store.Award) int { return a.ChainID - b.ChainID })
	})},
	"orders points without case": {"points ledger", ledgers(func(l *store.PointsLedger) {
		slices.SortStableFunc(l.Awards, func(a, b store.Award) int {
			return strings.Compare(strings.ToLower(a.Action+a.Provider), strings.ToLower(b.Action+b.Provider))
		})
	})},
	"forgets the chain": {"points ledger", ledgers(func(l *store.PointsLedger) { noChains(l.Awards) })},
	"tells everybody's points": {
		"points ledger/LoadPoints must return the points rows of the address and of no other",
		brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
			ledger, err := h.LoadPoints(ctx, address)
			other, failed := h.LoadPoints(ctx, "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00")
			if err == nil && failed == nil {
				ledger.Awards = slices.Concat(ledger.Awards, other.Awards)
			}
			return ledger, err
		}},
	},
	"takes nobody for eligible": {
		"points ledger/LoadPoints must return what a scoring has awarded",
		ledgers(func(l *store.PointsLedger) { l.Eligible = false }),
	},
	"notes who asks for points": {
		"points ledger/LoadPoints must change nothing",
		brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
			h.edit(func(t tables) {
				t["registry_event"] = append(t["registry_event"], row{"action": "GET", "address": address, "data": row{}})
			})
			return h.LoadPoints(ctx, address)
		}},
	},
	"tells points of inactive actions": {"points ledger", ledgers(func(l *store.PointsLedger) { l.Values["HPH"] = 5 })},
	"tells no points of 0": {"points ledger", ledgers(func(l *store.PointsLedger) {
		for action, points := range l.Values {
			if points == 0 {
				delete(l.Values, action)
			}
		}
	})},
	"multiplies by 0 when there is no multiplier": {"points ledger", ledgers(func(l *store.PointsLedger) {
		if l.Multiplier == 1 {
			l.Multiplier = 0
		}
	})},
	"takes a multiplier of 0 for none": {"points ledger", ledgers(func(l *store.PointsLedger) {
		if l.Multiplier == 0 {
			l.Multiplier = 1
		}
	})},
	"takes everyone for eligible": {"points ledger", ledgers(func(l *store.PointsLedger) { l.Eligible = true })},
	"takes who has points for eligible": {"points ledger", ledgers(func(l *store.PointsLedger) {
		l.Eligible = len(l.Awards) > 0
	})},
	"knows no address without points": {"points ledger", brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
		ledger, err := h.LoadPoints(ctx, address)
		if err == nil && len(ledger.Awards) == 0 {
			return nil, store.ErrNotFound
		}
		return ledger, err
	}}},
	"takes addresses in any case": {"points ledger", brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
		return h.LoadPoints(ctx, strings.ToLower(address))
	}}},
	"loads points without the context": {"points ledger", brokenKeys{loadPoints: func(h harness, ctx context.Context, address string) (*store.PointsLedger, error) {
		return h.LoadPoints(context.WithoutCancel(ctx), address)
	}}},
}
