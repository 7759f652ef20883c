package store

import "fmt"

// Validate reports, joined, every fault that would make a store write
// nonsense: malformed addresses, texts that no column of the service can hold,
// JSON that is none, a claim listed twice. Each wraps [ErrInvalid].
//
// Of a stamp's credential that has its CredentialID, and so just came out of the
// store, it looks at both ends only.
//
// Every store must call it first in Apply.
func (c *Changes) Validate() error {
	if c == nil {
		return fmt.Errorf("%w: there is no change set", ErrInvalid)
	}
	var found faults
	fault := found.addf
	checkMoment(fault, "the moment of the change set", c.At)
	if len(c.Wallets) == 0 {
		fault("the change set has no wallet")
	}
	failed := false
	limits := map[string]int{}
	scored := make(map[string]bool, len(c.Wallets))
	for i := range c.Wallets {
		w := &c.Wallets[i]
		if scored[w.Address] {
			fault("wallet %.100q is there twice", w.Address)
		}
		scored[w.Address] = true
		failed = failed || w.Score.Status == StatusError
		w.validate(fault)
		for _, award := range w.Awards {
			if limit, stated := limits[award.Action]; stated && award.Limit > 0 && award.Limit != limit {
				fault("award %.60s has two limits, %d and %d", award.Action, limit, award.Limit)
			} else if award.Limit > 0 {
				limits[award.Action] = award.Limit
			}
		}
	}
	if failed && len(c.Claims) > 0 {
		fault("a failed scoring claims nothing")
	}
	claimed := make(map[string]bool, len(c.Claims))
	for i, claim := range c.Claims {
		if claimed[claim.Nullifier] {
			fault("claim %d is of a nullifier that is claimed twice", i)
		}
		claimed[claim.Nullifier] = true
		claim.validate(fault)
	}
	for i, held := range c.Held {
		if claimed[held.Nullifier] {
			fault("held claim %d is of a nullifier that is claimed too", i)
		}
		checkText(fault, "a nullifier", held.Nullifier, 1, MaxNullifier)
		checkText(fault, "the holder of a claim", held.Address, 0, MaxHolder)
	}
	return found.err()
}

func (w *WalletChanges) validate(fault faultFunc) {
	checkAddress(fault, "", w.Address)
	if w.Version == "" {
		fault("wallet %.100q has no version", w.Address)
	}
	w.Score.validate(fault)
	if w.Score.Status == StatusError && (len(w.Stamps)+len(w.Events)+len(w.Awards) > 0 || w.Qualified) {
		fault("a failed scoring of %.100q writes its score and nothing else", w.Address)
	}
	for _, stamp := range w.Stamps {
		checkText(fault, "the provider of a stamp", stamp.Provider, 1, MaxProvider)
		if stamp.CredentialID < 0 {
			fault("the credential of a stamp has id %d", stamp.CredentialID)
		}
		switch n := len(stamp.Credential); {
		case n < 2 || stamp.Credential[0] != '{' || stamp.Credential[n-1] != '}':
			fault("the credential of a stamp is not a JSON object")
		case stamp.CredentialID == 0:
			checkObject(fault, "the credential of a stamp", stamp.Credential)
		}
	}
	for _, event := range w.Events {
		checkText(fault, "the action of an event", event.Action, 1, MaxAction)
		checkObject(fault, "the data of an event", event.Data)
		checkAddress(fault, " of an event", event.Address)
	}
	type once struct{ action, provider string }
	given := make(map[once]bool, len(w.Awards))
	for _, award := range w.Awards {
		checkText(fault, "the action of an award", award.Action, 1, MaxAction)
		checkText(fault, "the provider of an award", award.Provider, 0, MaxPointsProvider)
		checkText(fault, "the transaction hash of an award", award.TxHash, 0, MaxTxHash)
		if award.ChainID != 0 || award.Limit < 0 || award.Communities < 0 {
			fault("award %.60s has a chain or a negative limit", award.Action)
		}
		if given[once{award.Action, award.Provider}] {
			fault("award %.60s is there twice for provider %.100q", award.Action, award.Provider)
		}
		given[once{award.Action, award.Provider}] = true
	}
}

func (c *Claim) validate(fault faultFunc) {
	checkText(fault, "a nullifier", c.Nullifier, 1, MaxNullifier)
	checkAddress(fault, " of a claim", c.Address)
	checkMoment(fault, "the expiry of a claim", c.ExpiresAt)
}
