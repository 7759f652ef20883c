package store

import (
	"fmt"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Validate returns everything that no store could write, joined: malformed
// addresses, texts that no column of the service can hold, malformed JSON, a
// claim that is listed twice. Each problem wraps [ErrInvalid].
//
// Every store must call it first in Apply.
func (c *Changes) Validate() error {
	if c == nil {
		return fmt.Errorf("%w: there is no change set", ErrInvalid)
	}
	found := problems.New(ErrInvalid)
	checkTime(found, "the time of the change set", c.At)
	if len(c.Wallets) == 0 {
		found.Addf("the change set has no wallet")
	}
	failed := false
	limits := map[string]int{}
	scored := make(map[Address]bool, len(c.Wallets))
	for i := range c.Wallets {
		w := &c.Wallets[i]
		if scored[w.Address] {
			found.Addf("wallet %.100q is listed twice", w.Address)
		}
		scored[w.Address] = true
		failed = failed || w.Score.Status == StatusError
		w.validate(found)
		for _, award := range w.Awards {
			if limit, stated := limits[award.Action]; stated && award.Limit > 0 && award.Limit != limit {
				found.Addf("award %.60s has two limits, %d and %d", award.Action, limit, award.Limit)
			} else if award.Limit > 0 {
				limits[award.Action] = award.Limit
			}
		}
	}
	if failed && (len(c.Claims) > 0 || c.Groups != nil) {
		found.Addf("a failed scoring has claims")
	}
	if c.Groups != nil {
		c.Groups.validate(found, scored)
	}
	claimed := make(map[string]bool, len(c.Claims))
	for i := range c.Claims {
		swap := &c.Claims[i]
		if claimed[swap.Nullifier] {
			found.Addf("claim %d is of a nullifier that is listed twice", i)
		}
		claimed[swap.Nullifier] = true
		swap.validate(found)
	}
	return found.Err()
}

func (s *ClaimSwap) validate(found *problems.List) {
	checkText(found, "a nullifier", s.Nullifier, 1, MaxNullifier)
	if s.From.Equal(s.To) { // another program's claim, perhaps, which is only checked
		checkText(found, "the holder of a claim", string(s.To.Address), 1, MaxHolder)
		return
	}
	if !s.From.Equal(Holder{}) {
		checkText(found, "the holder of a claim", string(s.From.Address), 0, MaxHolder)
	}
	checkAddress(found, " of a claim", s.To.Address)
	checkTime(found, "the expiry of a claim", s.To.ExpiresAt)
}

func (w *WalletChanges) validate(found *problems.List) {
	checkAddress(found, "", w.Address)
	if w.Version == "" {
		found.Addf("wallet %.100q has no version", w.Address)
	}
	w.Score.validate(found)
	if w.Score.Status == StatusError && (len(w.Counted)+len(w.Events)+len(w.Awards) > 0 || w.Qualified) {
		found.Addf("a failed scoring of %.100q writes more than its score", w.Address)
	}
	counted := make(map[int64]bool, len(w.Counted))
	for _, id := range w.Counted {
		if id < 1 || counted[id] {
			found.Addf("the id %d of a counted credential is below 1 or listed twice", id)
		}
		counted[id] = true
	}
	for _, event := range w.Events {
		checkText(found, "the action of an event", event.Action, 1, MaxAction)
		checkObject(found, "the data of an event", event.Data)
		checkAddress(found, " of an event", event.Address)
	}
	type once struct{ action, provider string }
	given := make(map[once]bool, len(w.Awards))
	for _, award := range w.Awards {
		checkText(found, "the action of an award", award.Action, 1, MaxAction)
		checkText(found, "the provider of an award", award.Provider, 0, MaxPointsProvider)
		checkText(found, "the transaction hash of an award", award.TxHash, 0, MaxTxHash)
		if award.Limit < 0 || award.Communities < 0 {
			found.Addf("award %.60s has a negative condition", award.Action)
		}
		if given[once{award.Action, award.Provider}] {
			found.Addf("award %.60s is listed twice for provider %.100q", award.Action, award.Provider)
		}
		given[once{award.Action, award.Provider}] = true
	}
}

func checkAddress(found *problems.List, of string, address Address) {
	if !address.Valid() {
		found.Addf("address %.100q%s is not 0x and 40 lower-case hex digits", string(address), of)
	}
}
