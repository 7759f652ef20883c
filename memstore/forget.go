package memstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Forget implements [store.Forgetter]. The address is found in any letter case.
func (s *Store) Forget(ctx context.Context, f store.Forgetting) (receipt *store.ForgetReceipt, err error) {
	err = s.update(ctx, "forget", f.Validate(), func(d *data, now time.Time) error {
		w := newForgetting(&f, now)
		if err := d.rewrite(w.forget); err != nil {
			return err
		}
		receipt = &w.receipt
		return nil
	})
	return receipt, err
}

// rewrite changes the whole content. No id is given twice.
func (d *data) rewrite(change func(*store.State)) error {
	state := d.state()
	change(&state)
	changed, err := dataOf(&state)
	if err != nil {
		return err
	}
	changed.lastCredential = max(changed.lastCredential, d.lastCredential)
	changed.lastEvent = max(changed.lastEvent, d.lastEvent)
	*d = *changed
	return nil
}

// forgetting removes an address from a state.
type forgetting struct {
	*store.Forgetting

	address store.Address // in lower case
	digits  *regexp.Regexp
	linked  map[store.Address]bool // named beside the address, in lower case
	now     time.Time
	receipt store.ForgetReceipt
}

func newForgetting(f *store.Forgetting, now time.Time) *forgetting {
	address := store.Address(strings.ToLower(string(f.Address)))
	return &forgetting{
		Forgetting: f, address: address, digits: regexp.MustCompile("(?i)" + string(address[2:])),
		linked: map[store.Address]bool{}, now: now, receipt: store.ForgetReceipt{At: now},
	}
}

func (f *forgetting) is(address store.Address) bool {
	return strings.EqualFold(string(address), string(f.address))
}

// remove returns the list without those of the address, and counts them.
func remove[T any](list []T, count *int, is func(*T) bool) []T {
	kept := slices.DeleteFunc(list, func(one T) bool { return is(&one) })
	*count += len(list) - len(kept)
	return kept
}

func (f *forgetting) forget(s *store.State) {
	s.Credentials = remove(s.Credentials, &f.receipt.Credentials, func(c *store.StoredCredential) bool { return f.is(c.Address) })
	s.Points = remove(s.Points, &f.receipt.Points, func(p *store.StoredPoint) bool { return f.is(p.Address) })
	s.Qualified = remove(s.Qualified, &f.receipt.Qualified, func(q *store.Qualification) bool { return f.is(q.Address) })
	for i := range s.Lists {
		s.Lists[i].Members = remove(s.Lists[i].Members, &f.receipt.Lists, func(m *store.Address) bool { return f.is(*m) })
	}
	for address := range s.Multipliers {
		if f.is(address) {
			delete(s.Multipliers, address)
			f.receipt.Multipliers++
		}
	}
	f.claims(s)
	f.groupClaims(s)
	f.scores(s)
	f.events(s)
	if !f.SkipSearch {
		s.Usage = remove(s.Usage, &f.receipt.Usage, func(u *store.Usage) bool {
			return f.in(u.Segments, u.Query, u.Headers, u.Payload, u.Response) || f.digits.MatchString(u.Path+" "+u.BasePath+" "+u.Error)
		})
	}
}

// in reports whether one of the documents mentions the address.
func (f *forgetting) in(documents ...json.RawMessage) bool {
	return slices.ContainsFunc(documents, func(d json.RawMessage) bool { return f.digits.Match(d) })
}

func (f *forgetting) claims(s *store.State) {
	s.Claims = remove(s.Claims, &f.receipt.Claims, func(c *store.StoredClaim) bool {
		return f.is(c.Address) && (f.Claims == store.ReleaseClaims || !c.ExpiresAt.After(f.now))
	})
	for i := range s.Claims {
		switch claim := &s.Claims[i]; {
		case !f.is(claim.Address):
		case f.Claims == store.KeepClaims:
			f.receipt.ClaimsKept++
		default:
			claim.Address = randomAddress()
			f.receipt.ClaimsAnonymized++
		}
	}
}

func randomAddress() store.Address {
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails
	return "0x" + store.Address(hex.EncodeToString(random[:]))
}

func (f *forgetting) groupClaims(s *store.State) {
	type place struct {
		community int64
		key       string
	}
	taken := map[place]bool{}
	for _, claim := range s.GroupClaims {
		taken[place{claim.Community, claim.Key}] = true
	}
	var kept []store.StoredGroupClaim
	for _, claim := range s.GroupClaims {
		wallets := strings.Split(claim.Key, ",")
		others := slices.DeleteFunc(slices.Clone(wallets), func(w string) bool { return f.is(store.Address(w)) })
		if len(others) == len(wallets) && !f.is(claim.Canonical) {
			kept = append(kept, claim)
			continue
		}
		f.receipt.GroupClaims++
		for _, other := range append(others, string(claim.Canonical)) {
			f.linked[store.Address(strings.ToLower(other))] = true
		}
		at := place{claim.Community, strings.Join(others, ",")}
		if f.is(claim.Canonical) || len(others) < 2 || taken[at] {
			continue
		}
		taken[at], claim.Key = true, at.key
		kept = append(kept, claim)
	}
	s.GroupClaims = kept
}

// looksAt reports whether the documents of another wallet are looked at.
func (f *forgetting) looksAt(other store.Address) bool {
	return !f.SkipSearch || f.linked[store.Address(strings.ToLower(string(other)))]
}

func (f *forgetting) scores(s *store.State) {
	s.Scores = remove(s.Scores, &f.receipt.Scores, func(score *store.StoredScore) bool {
		if f.is(score.Address) {
			f.receipt.Stamps += len(score.Counted)
			return true
		}
		return false
	})
	s.Scores = remove(s.Scores, &f.receipt.OtherScores, func(score *store.StoredScore) bool {
		mentions := f.in(score.Evidence, score.StampScores, score.Stamps) || f.digits.MatchString(score.Error)
		return mentions && f.looksAt(score.Address)
	})
}

func (f *forgetting) events(s *store.State) {
	s.Events = remove(s.Events, &f.receipt.Events, func(e *store.StoredEvent) bool { return f.is(e.Address) })
	for i := range s.Events {
		if event := &s.Events[i]; f.looksAt(event.Address) && f.in(event.Data) {
			event.Data = f.digits.ReplaceAll(event.Data, []byte(store.ForgottenAddress[2:]))
			f.receipt.OtherEvents++
		}
	}
}
