package storetest_test

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// forgetful is a store in which Forget does something more to the content, with
// a look at what it was before.
func forgetful(more func(before, s *store.State)) broken {
	return instead("Forget", func(c *call) []reflect.Value {
		before := c.b.Good.State()
		results, err := c.good()
		if err == nil {
			c.b.Edit(func(s *store.State) { more(&before, s) })
		}
		return results
	})
}

// forgets is a store that forgets something else than it is asked to.
func forgets(change func(f *store.Forgetting)) broken {
	return given("Forget", func(f store.Forgetting) store.Forgetting {
		change(&f)
		return f
	})
}

// isUpper reports whether a row is of an address that is not in lower case.
func isUpper(address store.Address) bool { return !address.Valid() }

// brokenForgetting are stores that forget the rows of an address wrongly.
var brokenForgetting = map[string]fault{
	"forgets nothing":             {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { *s = *before })},
	"keeps forgotten credentials": {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Credentials = before.Credentials })},
	"keeps forgotten scores":      {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Scores = before.Scores })},
	"keeps forgotten events":      {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Events = before.Events })},
	"keeps forgotten points":      {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Points = before.Points })},
	"keeps qualifications":        {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Qualified = before.Qualified })},
	"keeps multipliers":           {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) { s.Multipliers = before.Multipliers })},
	"forgets the events of all":   {"forgetting/Forget removes every row of the address and no other", forgetful(func(_, s *store.State) { s.Events = nil })},
	"forgets live credentials only": {"forgetting/Forget removes every row of the address and no other", forgetful(func(before, s *store.State) {
		s.Credentials = slices.DeleteFunc(slices.Clone(before.Credentials), func(c store.StoredCredential) bool { return !c.Deleted && c.Address[2] == 'a' })
	})},
	"counts what it forgets twice": {"forgetting/Forget removes every row of the address and no other", returns("Forget", func(r *store.ForgetReceipt) *store.ForgetReceipt {
		r.Events *= 2
		return r
	})},
	"forgets lower case only": {"forgetting/Forget takes and finds any letter case", forgetful(func(before, s *store.State) {
		for _, event := range before.Events {
			if isUpper(event.Address) {
				s.Events = append(s.Events, event)
			}
		}
	})},
	"takes the address to forget in lower case only": {"forgetting/Forget takes and finds any letter case", forgets(func(f *store.Forgetting) {
		if isUpper(f.Address) {
			f.Address = "0x"
		}
	})},
	"misses an address that it forgets": {"forgetting/Forget of an unknown address changes nothing", instead("Forget", func(c *call) []reflect.Value {
		results, err := c.good()
		if receipt, is := reflect.TypeAssert[*store.ForgetReceipt](results[0]); is && err == nil && *receipt == (store.ForgetReceipt{At: receipt.At}) {
			return c.fail(store.Errorf("forget", store.ErrNotFound, "there is no such address"))
		}
		return results
	})},
	"forgets nothing in a deleted community": {"forgetting/Forget removes rows in a deleted community", forgetful(func(before, s *store.State) {
		if before.Communities[0].Deleted {
			s.Scores = before.Scores
		}
	})},
	"releases claims that are kept": {"forgetting/Forget keeps live claims if asked to", forgets(func(f *store.Forgetting) {
		if f.Claims == store.KeepClaims {
			f.Claims = store.ReleaseClaims
		}
	})},
	"keeps expired claims": {"forgetting/Forget keeps live claims if asked to", forgetful(func(before, s *store.State) { s.Claims = before.Claims })},
	"releases claims that are anonymous": {"forgetting/Forget gives each live claim to an address of its own", forgets(func(f *store.Forgetting) {
		if f.Claims == store.AnonymizeClaims {
			f.Claims = store.ReleaseClaims
		}
	})},
	"gives claims to one address": {"forgetting/Forget gives each live claim to an address of its own", forgetful(func(before, s *store.State) {
		for i := range s.Claims {
			if s.Claims[i].Nullifier == "n3a11c" {
				s.Claims[i].Address = claimOn(s, 1, "n1a11c").Address
			}
		}
	})},
	"writes a scoring of what is forgotten": {"forgetting/Forget makes a scoring conflict that was loaded before", func(b *brokenstore.Store) { b.On.Apply = b.ApplyLate }},
	"forgets any text": {"forgetting/Forget refuses a malformed address", forgets(func(f *store.Forgetting) {
		if _, err := store.ParseAddress(string(f.Address)); err != nil {
			f.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
		}
	})},
	"chooses what becomes of claims": {"forgetting/Forget refuses to choose for its caller", forgets(func(f *store.Forgetting) {
		if f.Claims == "" {
			f.Claims = store.ReleaseClaims
		}
	})},
	"brings back what it has forgotten":   {"contended forgetting/scorings beside Forget bring nothing back", forgetful(func(before, s *store.State) { s.Scores = before.Scores })},
	"forgets after the context has ended": {"forgetting/Forget returns the error of a context that has ended", given("Forget", context.WithoutCancel)},
}

// brokenForgettingOthers are stores that treat the rows of others wrongly that
// mention the address.
var brokenForgettingOthers = map[string]fault{
	"leaves the address in events of others":    {"forgetting/Forget replaces the address in events of others", forgetful(func(before, s *store.State) { s.Events = before.Events })},
	"removes events of others":                  {"forgetting/Forget replaces the address in events of others", forgetful(func(_, s *store.State) { s.Events = s.Events[2:] })},
	"leaves scores of others":                   {"forgetting/Forget removes scores of others that mention the address", forgetful(func(before, s *store.State) { s.Scores = before.Scores })},
	"removes every score of others":             {"forgetting/Forget removes scores of others that mention the address", forgetful(func(_, s *store.State) { s.Scores = nil })},
	"searches though it is asked not to":        {"forgetting/Forget without a search leaves what no index finds", forgets(func(f *store.Forgetting) { f.SkipSearch = false })},
	"searches usage though it is asked not to":  {"forgetting usage/Forget without a search leaves usage", forgets(func(f *store.Forgetting) { f.SkipSearch = false })},
	"never searches":                            {"forgetting usage/Forget removes usage that mentions the address anywhere", forgets(func(f *store.Forgetting) { f.SkipSearch = true })},
	"keeps the group claims of a canonical one": {"forgetting groups/Forget removes the group claims of the canonical wallet", forgetful(func(before, s *store.State) { s.GroupClaims = before.GroupClaims })},
	"keeps the key of a group":                  {"forgetting groups/Forget takes a wallet out of the key of its group", forgetful(func(before, s *store.State) { s.GroupClaims = before.GroupClaims })},
	"removes the claim of a group":              {"forgetting groups/Forget takes a wallet out of the key of its group", forgetful(func(_, s *store.State) { s.GroupClaims = nil })},
	"keeps a group of one":                      {"forgetting groups/Forget removes the claim of a group that is one wallet then", forgetful(shortensKeys)},
	"replaces the claim that has the key":       {"forgetting groups/Forget removes a group claim whose key would be taken", forgetful(func(before, s *store.State) { s.GroupClaims[0].Canonical = before.GroupClaims[0].Canonical })},
	"forgets the claims of every group":         {"forgetting groups/Forget leaves the group claims of others", forgetful(func(_, s *store.State) { s.GroupClaims = nil })},
	"finds linked wallets by a search only":     {"forgetting groups/Forget without a search finds the rows of linked wallets", forgetful(func(before, s *store.State) { s.Events = before.Events })},
	"leaves the address on lists":               {"forgetting lists/Forget removes the address from lists", forgetful(func(before, s *store.State) { s.Lists = before.Lists })},
	"finds usage by its path only": {"forgetting usage/Forget removes usage that mentions the address anywhere", forgetful(func(before, s *store.State) {
		s.Usage = slices.DeleteFunc(before.Usage, func(u store.Usage) bool { return strings.Contains(u.Path, "a11ce0") })
	})},
	"finds usage in one letter case": {"forgetting usage/Forget removes usage that mentions the address anywhere", forgetful(func(before, s *store.State) {
		s.Usage = slices.DeleteFunc(before.Usage, func(u store.Usage) bool {
			text := slices.Concat([]byte(u.Path+u.BasePath+u.Error), u.Segments, u.Query, u.Headers, u.Payload, u.Response)
			return bytes.Contains(text, []byte("a11ce0"))
		})
	})},
}

// shortensKeys leaves group claims of one wallet.
func shortensKeys(before, s *store.State) {
	for _, claim := range before.GroupClaims {
		claim.Key = string(claim.Canonical)
		s.GroupClaims = append(s.GroupClaims, claim)
	}
}

// pruning is a store in which Prune does something more to the content.
func pruning(more func(before, s *store.State)) broken {
	return instead("Prune", func(c *call) []reflect.Value {
		before := c.b.Good.State()
		results, err := c.good()
		if err == nil {
			c.b.Edit(func(s *store.State) { more(&before, s) })
		}
		return results
	})
}

// prunes is a store that takes another step than it is asked to.
func prunes(change func(p *store.Pruning)) broken {
	return given("Prune", func(p store.Pruning) store.Pruning {
		change(&p)
		return p
	})
}

// brokenPruning are stores that prune wrongly.
var brokenPruning = map[string]fault{
	"prunes nothing":            {"pruning/Prune removes older events in steps", pruning(func(before, s *store.State) { *s = *before })},
	"prunes no usage":           {"pruning usage/Prune removes older usage in steps", pruning(func(before, s *store.State) { *s = *before })},
	"prunes usage of the time":  {"pruning usage/Prune removes older usage in steps", prunes(func(p *store.Pruning) { p.Before = p.Before.Add(1000) })},
	"prunes events of the time": {"pruning/Prune removes older events in steps", prunes(func(p *store.Pruning) { p.Before = p.Before.Add(1000) })},
	"prunes all in one step": {"pruning/Prune removes older events in steps", prunes(func(p *store.Pruning) {
		if p.Limit > 0 && p.Limit < store.MaxPrune {
			p.Limit = store.MaxPrune
		}
	})},
	"prunes one step": {"pruning/Prune removes older events in steps", returns("Prune", func(p *store.Pruned) *store.Pruned {
		p.More = false
		return p
	})},
	"never ends to prune": {"pruning/Prune removes older events in steps", returns("Prune", func(p *store.Pruned) *store.Pruned {
		p.More = true
		return p
	})},
	"prunes every old score": {"pruning/Prune leaves the answers about later moments", instead("Prune", func(c *call) []reflect.Value {
		results, err := c.good()
		if p, is := reflect.TypeAssert[store.Pruning](c.args[1]); is && err == nil {
			c.b.Edit(func(s *store.State) {
				s.Events = slices.DeleteFunc(s.Events, func(e store.StoredEvent) bool { return e.At.Before(p.Before) })
			})
		}
		return results
	})},
	"keeps the newest score before the time": {"pruning/Prune keeps the newest score at the time itself", prunes(func(p *store.Pruning) {
		if p.Kind == store.PruneEvents {
			p.Before = p.Before.Add(-1000)
		}
	})},
	"prunes live claims": {"pruning/Prune removes expired claims and no live one", pruning(func(_, s *store.State) { s.Claims = nil })},
	"prunes no claims":   {"pruning/Prune removes expired claims and no live one", pruning(func(before, s *store.State) { *s = *before })},
	"writes a claim that was pruned": {"pruning/Prune makes a scoring conflict that would take a claim", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			b.Expect(c)
			return b.Good.Apply(ctx, c)
		}
	}},
	"corrects a step": {"pruning/Prune refuses a malformed step", prunes(func(p *store.Pruning) {
		p.Limit, p.After = max(1, min(p.Limit, store.MaxPrune)), max(0, p.After)
	})},
	"prunes after the context has ended": {"pruning/Prune returns the error of a context that has ended", given("Prune", context.WithoutCancel)},
}
