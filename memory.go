package passport

import (
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// memory remembers what was verified of wallets. It is bounded by the number of
// their credentials, and forgets the least recently scored wallets. It is safe
// for concurrent use.
type memory struct {
	mu      sync.Mutex
	wallets *simplelru.LRU[Address, *remembered] // nil: nothing is remembered
	size    int                                  // of all wallets
	most    int
}

// remembered is what was verified of a wallet. It is immutable.
type remembered struct {
	// version is the store's, empty if it must not be relied on.
	version string
	// candidates are those of each provider, by provider, without documents.
	// Only the verdict and the expiry are kept of those that are not proven.
	candidates []candidate
	nullifiers []string // those of the proven ones, sorted, each once
}

func newMemory(most int) *memory {
	m := &memory{most: most}
	// No more wallets than credentials. It fails for a size of 0, and then nothing
	// is remembered.
	m.wallets, _ = simplelru.NewLRU(most, func(_ Address, r *remembered) { m.size -= len(r.candidates) })
	return m
}

// content returns the content of a candidate with the same document that is
// proven. A nil r has none.
func (r *remembered) content(c *candidate) (credential.Credential, bool) {
	if r == nil {
		return credential.Credential{}, false
	}
	i, found := slices.BinarySearchFunc(r.candidates, c.row.Provider, func(c candidate, provider string) int {
		return strings.Compare(c.row.Provider, provider)
	})
	if !found || !r.candidates[i].proven || r.candidates[i].digest != c.digest {
		return credential.Credential{}, false
	}
	return r.candidates[i].content, true
}

// recall returns what is remembered of the wallet, or nil.
func (m *memory) recall(address Address) *remembered {
	if m.wallets == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known, _ := m.wallets.Get(address)
	return known
}

// remember keeps the verdicts of a wallet whose documents were read. Its
// version is relied on only if every credential that could count is proven: a
// refused proof is checked again on each scoring, and needs the document.
func (m *memory) remember(address Address, version string, candidates []candidate) *remembered {
	if m.wallets == nil {
		return nil
	}
	r := &remembered{version: version, candidates: slices.Clone(candidates)}
	for i := range r.candidates {
		c := &r.candidates[i]
		c.row.Document, c.valid = nil, false
		if c.proven {
			r.nullifiers = append(r.nullifiers, c.content.Nullifiers...)
		} else {
			c.content = credential.Credential{ExpiresAt: c.content.ExpiresAt}
		}
		if c.refused {
			r.version = ""
		}
	}
	slices.Sort(r.nullifiers)
	r.nullifiers = slices.Compact(r.nullifiers)
	m.put(address, r)
	return r
}

// renew relies on another version of what is remembered, or with an empty one
// on none.
func (m *memory) renew(address Address, known *remembered, version string) {
	if known != nil && known.version != version {
		m.put(address, &remembered{version, known.candidates, known.nullifiers})
	}
}

func (m *memory) put(address Address, r *remembered) {
	if len(r.candidates) > m.most {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wallets.Remove(address)
	m.size += len(r.candidates)
	m.wallets.Add(address, r)
	for m.size > m.most {
		m.wallets.RemoveOldest()
	}
}

// forget drops what is remembered of the wallet.
func (m *memory) forget(address Address) {
	if m.wallets == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wallets.Remove(address)
}

// known returns what a query may say about the wallet, if anything.
func (r *remembered) known() (store.Known, bool) {
	if r == nil || r.version == "" {
		return store.Known{}, false
	}
	return store.Known{Version: r.version, Nullifiers: r.nullifiers}, true
}
