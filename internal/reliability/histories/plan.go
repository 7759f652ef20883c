package histories

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// Plan is the work of the clients of one history. The same seed is the same
// plan, to the byte of every credential.
type Plan struct {
	Seed uint64
	// Wallets are the addresses. A wallet goes by its place here.
	Wallets []store.Address
	// Nullifiers are those that the wallets want. They go by their place here.
	Nullifiers []string
	// Credentials are all that will be added. They go by their place here.
	Credentials []Credential
	// First are the steps before those of the clients, one after the other.
	First []Step
	// Clients are the steps of each client, in order.
	Clients [][]Step
}

// Credential is one that a wallet will have.
type Credential struct {
	Wallet   int
	Provider string
	// Nullifiers are one or two, so that a scoring's answer implies who was given
	// which: see lost.
	Nullifiers []int
	// Expires counts from [Start]. No two credentials of a plan have the same,
	// so that an expiry identifies a claim's holder.
	Expires time.Duration
}

// Step is one call of a client.
type Step struct {
	Action    Action
	Community int64
	Wallet    int
	// Credential is the one to add or to revoke.
	Credential int
	// Provider is the one whose credential is deleted.
	Provider string
	// Until is the time that [Wait] waits for.
	Until time.Duration
	// Cancel, when above 0, is the number of pauses after which a scoring's
	// context ends.
	Cancel int
	// Lose says how the answer to a scoring's Apply is lost, if it is.
	Lose Loss
	// Others are wallets that are scored in one batch with this one, after it.
	Others []int
	// Leave has a scoring leave an unchanged score alone that is younger than
	// [Age].
	Leave bool
	// Forget has a scoring be that of an engine which remembers nothing.
	Forget bool
	// Groups are the wallets that are linked once it is done, in the host's order.
	Groups [][]int
}

// Age is the age up to which a scoring leaves an unchanged score alone.
const Age = 150 * time.Minute

// Action is the kind of a step.
type Action string

// The actions.
const (
	Score       Action = "score"
	Preview     Action = "preview"
	Latest      Action = "latest"
	Claims      Action = "list claims"
	Credentials Action = "list credentials"
	Add         Action = "add"
	Delete      Action = "delete"
	Revoke      Action = "revoke"
	Wait        Action = "wait" // the clock moves on
	Regroup     Action = "link" // the host links other wallets; in linked plans only
)

// Loss is the way in which the answer to an Apply gets lost.
type Loss string

// The losses.
const (
	Kept       Loss = ""
	LostBefore Loss = "lost before it was done"
	LostAfter  Loss = "lost after it was done"
)

// The communities of every history. They weigh alike, and both are in the
// human points program.
const (
	FirstCommunity  int64 = 1
	SecondCommunity int64 = 2
)

// Threshold is the lowest passing score.
const Threshold = 2

// Weights are those of the providers. No two sets of them have the same sum.
func Weights() map[string]int { return map[string]int{"Discord": 1, "Github": 2, "Google": 4} }

// Start is the time at which every history begins.
func Start() time.Time { return time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) }

// NewPlan returns the plan of the seed: three to six clients with five to eight
// steps each, over two or three wallets and as many nullifiers.
func NewPlan(seed uint64) *Plan {
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) //nolint:gosec // a seed must replay it
	p := &Plan{Seed: seed}
	for i := range 2 + random.IntN(2) {
		p.Wallets = append(p.Wallets, store.Address(passporttest.Address(fmt.Sprint("history ", seed, " wallet ", i))))
	}
	for i := range 2 + random.IntN(2) {
		p.Nullifiers = append(p.Nullifiers, fmt.Sprintf("v0:history %d nullifier %d", seed, i))
	}
	for wallet := range p.Wallets {
		for _, i := range random.Perm(len(providers()))[:1+random.IntN(2)] {
			p.First = append(p.First, p.add(random, wallet, providers()[i]))
		}
	}
	for range 3 + random.IntN(4) {
		var steps []Step
		for range 5 + random.IntN(4) {
			steps = append(steps, p.step(random))
		}
		p.Clients = append(p.Clients, steps)
	}
	return p
}

func communities() []int64 { return []int64{FirstCommunity, SecondCommunity} }

// providers are the names of Weights, in order.
func providers() []string { return []string{"Discord", "Github", "Google"} }

// add plans another credential, and returns the step that adds it.
func (p *Plan) add(random *rand.Rand, wallet int, provider string) Step {
	c := Credential{Wallet: wallet, Provider: provider, Nullifiers: random.Perm(len(p.Nullifiers))}
	c.Nullifiers = c.Nullifiers[:1+random.IntN(2)]
	// The hours are few, so that one wait lets several expire; the minutes are
	// the credential's own.
	c.Expires = time.Duration(1+random.IntN(5))*time.Hour + time.Duration(len(p.Credentials))*time.Minute
	p.Credentials = append(p.Credentials, c)
	return Step{Action: Add, Wallet: wallet, Credential: len(p.Credentials) - 1}
}

func (p *Plan) step(random *rand.Rand) Step {
	wallet := random.IntN(len(p.Wallets))
	step := Step{Wallet: wallet, Community: FirstCommunity}
	if random.IntN(4) == 0 {
		step.Community = SecondCommunity
	}
	switch n := random.IntN(100); {
	case n < 44:
		step.Action = Score
		step.Leave, step.Forget = random.IntN(3) == 0, random.IntN(4) == 0
		if random.IntN(4) > 0 {
			p.disturb(random, &step)
			break
		}
		others := random.Perm(len(p.Wallets))
		others = slices.DeleteFunc(others, func(w int) bool { return w == wallet })
		step.Others = others[:1+random.IntN(len(others))]
		if random.IntN(12) == 0 {
			step.Cancel = 1 + random.IntN(3)
		}
	case n < 51:
		step.Action = Preview
	case n < 57:
		step.Action = Latest
	case n < 64:
		step.Action = Claims
	case n < 67:
		step.Action = Credentials
	case n < 81:
		return p.add(random, wallet, providers()[random.IntN(len(providers()))])
	case n < 84:
		step.Action, step.Provider = Delete, providers()[random.IntN(len(providers()))]
	case n < 89:
		step.Action, step.Credential = Revoke, random.IntN(len(p.Credentials))
		step.Wallet = p.Credentials[step.Credential].Wallet
	default:
		step.Action, step.Until = Wait, p.moment(random)
	}
	return step
}

// disturb has some scorings cancelled, and the answers of some lost.
func (p *Plan) disturb(random *rand.Rand, step *Step) {
	switch n := random.IntN(100); {
	case n < 6:
		step.Cancel = 1 + random.IntN(3)
	case n < 9:
		step.Lose = LostBefore
	case n < 12:
		step.Lose = LostAfter
	}
}

// moment is the time at which a credential expires, or the next that a column
// can hold.
func (p *Plan) moment(random *rand.Rand) time.Duration {
	const column = time.Microsecond
	at := p.Credentials[random.IntN(len(p.Credentials))].Expires
	// The earlier of two: a clock that is soon at the end lets everything expire.
	at = min(at, p.Credentials[random.IntN(len(p.Credentials))].Expires)
	return at + time.Duration(random.IntN(3)-1)*column
}

// expiring returns the credential that expires at that time.
func (p *Plan) expiring(at time.Duration) (credential int, found bool) {
	credential = slices.IndexFunc(p.Credentials, func(c Credential) bool { return c.Expires == at })
	return credential, credential >= 0
}

// like returns the first credential that differs from the given one in its
// expiry at most, or -1.
func (p *Plan) like(c Credential) int {
	return slices.IndexFunc(p.Credentials, func(other Credential) bool {
		return other.Wallet == c.Wallet && other.Provider == c.Provider && slices.Equal(other.Nullifiers, c.Nullifiers)
	})
}

// String is the step in words.
func (s Step) String() string {
	switch s.Action {
	case Add, Revoke:
		return fmt.Sprintf("%s c%d of %s", s.Action, s.Credential, walletName(s.Wallet))
	case Delete:
		return fmt.Sprintf("%s %s's %s", s.Action, walletName(s.Wallet), s.Provider)
	case Wait:
		return fmt.Sprintf("%s until +%v", s.Action, s.Until)
	case Credentials:
		return fmt.Sprintf("%s of %s", s.Action, walletName(s.Wallet))
	case Regroup:
		return fmt.Sprintf("%s %v", s.Action, s.Groups)
	case Score, Preview, Latest, Claims:
	}
	text := fmt.Sprintf("%s %s in %d", s.Action, walletName(s.Wallet), s.Community)
	if s.Leave {
		text += " unless it is unchanged"
	}
	return text
}

// String is the credential in words.
func (c Credential) String() string {
	return fmt.Sprintf("%s's %s, nullifiers %v, until +%v", walletName(c.Wallet), c.Provider, c.Nullifiers, c.Expires)
}

// noWallet is the holder of a free nullifier.
const noWallet = -1

func walletName(wallet int) string {
	if wallet == noWallet {
		return "no wallet"
	}
	return []string{"alice", "bob", "carol", "dave", "erin", "frank"}[wallet]
}
