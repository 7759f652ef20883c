package histories

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// NewLinkedPlan returns the plan of the seed for linked wallets: two to four
// clients with six to nine steps each, over five wallets that are linked in
// groups which change, and a stranger who wants the same nullifiers.
func NewLinkedPlan(seed uint64) *Plan {
	const wallets, nullifiers = 6, 5
	random := rand.New(rand.NewPCG(seed, 0x94d049bb133111eb)) //nolint:gosec // a seed must replay it
	p := &Plan{Seed: seed}
	for i := range wallets {
		p.Wallets = append(p.Wallets, store.Address(passporttest.Address(fmt.Sprint("linked ", seed, " wallet ", i))))
	}
	for i := range nullifiers {
		p.Nullifiers = append(p.Nullifiers, fmt.Sprintf("v0:linked %d nullifier %d", seed, i))
	}
	for wallet := range p.Wallets {
		for _, i := range random.Perm(len(providers()))[:random.IntN(3)] {
			p.First = append(p.First, p.add(random, wallet, providers()[i]))
		}
	}
	p.First = append(p.First, p.regroup(random))
	if len(p.Credentials) == 0 {
		p.First = append(p.First, p.add(random, 0, providers()[0]))
	}
	for range 2 + random.IntN(3) {
		var steps []Step
		for range 6 + random.IntN(4) {
			steps = append(steps, p.linkedStep(random))
		}
		p.Clients = append(p.Clients, steps)
	}
	return p
}

// regroup plans other groups. The last wallet has none.
func (p *Plan) regroup(random *rand.Rand) Step {
	parts := make([][]int, 2)
	for _, wallet := range random.Perm(len(p.Wallets) - 1) {
		// Three of four wallets are linked.
		switch n := random.IntN(8); {
		case n < 4:
			parts[0] = append(parts[0], wallet)
		case n < 6:
			parts[1] = append(parts[1], wallet)
		}
	}
	return Step{Action: Regroup, Groups: slices.DeleteFunc(parts, func(part []int) bool { return len(part) < 2 })}
}

func (p *Plan) linkedStep(random *rand.Rand) Step {
	step := Step{Wallet: random.IntN(len(p.Wallets)), Community: FirstCommunity}
	switch n := random.IntN(100); {
	case n < 54:
		step.Action = Score
		step.Leave, step.Forget = random.IntN(3) == 0, random.IntN(4) == 0
		if random.IntN(5) > 0 {
			p.disturb(random, &step)
			break
		}
		others := random.Perm(len(p.Wallets))
		others = slices.DeleteFunc(others, func(w int) bool { return w == step.Wallet })
		step.Others = others[:1+random.IntN(3)]
	case n < 60:
		step.Action = Preview
	case n < 70:
		return p.regroup(random)
	case n < 80:
		return p.add(random, step.Wallet, providers()[random.IntN(len(providers()))])
	case n < 83:
		step.Action, step.Provider = Delete, providers()[random.IntN(len(providers()))]
	case n < 89:
		step.Action, step.Credential = Revoke, random.IntN(len(p.Credentials))
		step.Wallet = p.Credentials[step.Credential].Wallet
	default:
		step.Action, step.Until = Wait, p.moment(random)
	}
	return step
}
