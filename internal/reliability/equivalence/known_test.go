package equivalence

import (
	"cmp"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

// memory is what a side remembers of a wallet that it has read or scored.
type memory struct {
	version     string
	credentials []store.Credential
}

// recall is what a query knows of an address: the version of a memory, which
// both sides have at the same place, or one that never was.
type recall struct {
	of         store.Address // whose memory it is
	back       int           // how many memories ago
	odd        string        // unless it is empty, the version that never was
	nullifiers []string
}

// drawRecalls draws what a query of the addresses knows.
func drawRecalls(t *rapid.T, addresses []store.Address) map[store.Address]recall {
	if oneIn(t, 3, "knows nothing") {
		return nil
	}
	named := nullifiers
	named.odd = append(slices.Clone(named.odd), "\x00", "\xff", "V0:A")
	recalls := map[store.Address]recall{}
	for _, address := range append(slices.Clone(addresses), carol) {
		if oneIn(t, 4, "is not known") {
			continue
		}
		r := recall{of: address, nullifiers: some(t, named, 0, 4, "known nullifiers")}
		r.back = rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5}).Draw(t, "memories ago")
		if oneIn(t, 12, "of another") {
			r.of = choice[store.Address]{usual: []store.Address{alice, bob, carol}}.draw(t, "of")
		}
		if oneIn(t, 12, "never was") {
			r.odd = rapid.SampledFrom([]string{" ", "an older one", "\x00", "\xff"}).Draw(t, "version")
		}
		recalls[address] = r
	}
	return recalls
}

// known returns the recalls with the versions of the side.
func (s *side) known(recalls map[store.Address]recall) map[store.Address]store.Known {
	known := map[store.Address]store.Known{}
	for address, r := range recalls {
		k := store.Known{Version: r.odd, Nullifiers: r.nullifiers}
		if at := len(s.memories[r.of]) - 1 - r.back; r.odd == "" && at >= 0 {
			k.Version = s.memories[r.of][at].version
		}
		known[address] = k
	}
	return known
}

func (s *side) remember(address store.Address, version string, credentials []store.Credential) {
	s.memories[address] = append(s.memories[address], memory{version, slices.Clone(credentials)})
}

// recalled returns the credentials that the version stands for, one of another
// wallet if the address never had it: those without credentials may share one.
func (s *side) recalled(address store.Address, version string) (credentials []store.Credential, is bool) {
	for _, of := range []store.Address{address, alice, bob, carol} {
		for _, m := range s.memories[of] {
			if m.version == version {
				return slices.Clone(m.credentials), true
			}
		}
	}
	return nil, false
}

// complete makes the snapshot what it would be if nothing had been known: an
// unchanged wallet gets the credentials that the side remembers of its version,
// and the claims are those on the nullifiers of all credentials. It returns how
// many wallets were unchanged, and an error if the snapshot lacks something
// that the query needs, or has more.
func (s *side) complete(q *store.Query, snapshot *store.Snapshot) (unchanged int, err error) {
	var needed, all []string
	for i := range snapshot.Wallets {
		w, known := &snapshot.Wallets[i], q.Known[snapshot.Wallets[i].Address]
		isUnchanged := w.Unchanged
		if isUnchanged {
			credentials, is := s.recalled(w.Address, known.Version)
			if len(w.Credentials) > 0 || !is || w.Version == "" {
				return 0, fmt.Errorf("wallet %s is unchanged since version %q, and has %d credentials", w.Address, known.Version, len(w.Credentials))
			}
			w.Unchanged, w.Credentials = false, credentials
			needed = append(needed, known.Nullifiers...)
			unchanged++
		}
		sortCredentials(w.Credentials)
		for _, c := range w.Credentials {
			listed := store.Nullifiers(w.Address, c.Provider, c.Document)
			all = append(all, listed...)
			if !isUnchanged {
				needed = append(needed, listed...)
			}
		}
		s.remember(w.Address, w.Version, w.Credentials)
	}
	return unchanged, s.completeClaims(snapshot, needed, all)
}

// completeClaims replaces the claims on the nullifiers that were needed by
// those on all.
func (s *side) completeClaims(snapshot *store.Snapshot, needed, all []string) error {
	on := func(nullifiers []string) (claims []store.Claim) {
		for _, c := range s.claims {
			if c.Community == snapshot.Community.ID && slices.Contains(nullifiers, c.Nullifier) {
				claims = append(claims, c.Claim)
			}
		}
		slices.SortFunc(claims, byNullifier)
		return claims
	}
	slices.SortFunc(snapshot.Claims, byNullifier)
	same := func(a, b store.Claim) bool { return a.Nullifier == b.Nullifier && a.Equal(b.Holder) }
	if want := on(needed); !slices.EqualFunc(want, snapshot.Claims, same) {
		return fmt.Errorf("wanted are the claims %v, returned %v", want, snapshot.Claims)
	}
	snapshot.Claims = on(all)
	return nil
}

func byNullifier(a, b store.Claim) int { return cmp.Compare(a.Nullifier, b.Nullifier) }

// applied remembers the wallets of a change set that was written, at the
// versions of the receipt, by which later changes go if they go by receipts.
func (s *side) applied(c *store.Changes, r *store.Receipt, byReceipt bool) {
	for i, w := range c.Wallets {
		read := s.walletRead(w.Address)
		version := cmp.Or(r.Wallets[i].Version, w.Version)
		s.remember(w.Address, version, read.Credentials)
		if byReceipt {
			read.Version = version
		}
	}
}

// walletRead returns the wallet of the last snapshot.
func (s *side) walletRead(address store.Address) *store.Wallet {
	i := slices.IndexFunc(s.read.Wallets, func(w store.Wallet) bool { return w.Address == address })
	return &s.read.Wallets[i]
}
