package invariants

import (
	"encoding/json"

	"github.com/passport-sdk/passport-go/store"
)

// Actions of the human points program.
const (
	actionKey        = "HKY" // for each provider that counts
	actionBonus      = "SCB" // for qualifying in bonusCommunities
	bonusCommunities = 4
)

// award is what an address gets at most once.
type award struct {
	address          store.Address
	action, provider string
}

func (c *check) checkPoints() {
	qualified, communities := map[Place]bool{}, map[store.Address]int{}
	for _, q := range c.state.Qualified {
		at := Place{q.Community, q.Address}
		if qualified[at] {
			c.breaksf(qualifies, "%v has twice", at)
		}
		qualified[at] = true
		communities[q.Address]++
		if c.passed[at] == nil {
			c.breaksf(qualifies, "%v has, and never passed", at)
		}
	}
	given, count := map[award]bool{}, map[string]int{}
	for _, p := range c.state.Points {
		this := award{p.Address, p.Action, p.Provider}
		if given[this] {
			c.breaksf(oneAward, "%v was", this)
		}
		given[this] = true
		count[p.Action]++
		if communities[p.Address] == 0 {
			c.breaksf(earned, "%v has not", this)
		}
		if p.Action == actionBonus && communities[p.Address] < bonusCommunities {
			c.breaksf(bonus, "%s qualified in %d", p.Address, communities[p.Address])
		}
		if p.Action == actionKey && (p.TxHash == "" || !c.counted(p.Address, p.Provider)) {
			c.breaksf(keys, "%s has one for %s of %q", p.Address, p.Provider, p.TxHash)
		}
	}
	for action, limit := range c.rules.Limits {
		if count[action] > limit {
			c.breaksf(limited, "%s was given %d times, %d at most", action, count[action], limit)
		}
	}
	if c.rules.Steady {
		c.checkDue(qualified, communities, given)
	}
}

// counted reports whether the provider has ever counted in a passing score of
// the address.
func (c *check) counted(address store.Address, provider string) bool {
	for at, providers := range c.passed {
		if at.Address == address && providers[provider] {
			return true
		}
	}
	return false
}

// checkDue checks that every wallet has the points that it has earned.
func (c *check) checkDue(qualified map[Place]bool, communities map[store.Address]int, given map[award]bool) {
	for at, providers := range c.passed {
		if !qualified[at] {
			c.breaksf(qualifies, "%v has passed and not qualified", at)
		}
		for provider := range providers {
			if !given[award{at.Address, actionKey, provider}] {
				c.breaksf(keys, "%v has none for %s", at, provider)
			}
		}
	}
	for address, n := range communities {
		if n >= bonusCommunities && !given[award{address, actionBonus, ""}] {
			c.breaksf(bonus, "%s qualified in %d and has none", address, n)
		}
	}
}

// lostProvider returns the provider of the credential that lost in the event.
func lostProvider(data json.RawMessage) string {
	var lost struct {
		Provider string `json:"provider"`
	}
	_ = json.Unmarshal(data, &lost) // a provider that no score has
	return lost.Provider
}
