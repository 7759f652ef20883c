package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

type inputs = []store.CredentialInput

// adds is a store that adds changed credentials.
func adds(change func(*store.CredentialInput)) broken {
	return given("AddCredentials", func(inputs inputs) inputs {
		inputs = slices.Clone(inputs)
		for i := range inputs {
			change(&inputs[i])
		}
		return inputs
	})
}

// addsFew is a store that passes over some of the credentials to be added.
func addsFew(passed func(*store.CredentialInput) bool) broken {
	return given("AddCredentials", func(given inputs) inputs {
		return slices.DeleteFunc(slices.Clone(given), func(c store.CredentialInput) bool { return passed(&c) })
	})
}

// replaces is a store that deletes more than AddCredentials should. The
// function is asked about each credential that is not deleted.
func replaces(also func(c *store.StoredCredential, address store.Address, providers []string) bool) broken {
	return instead("AddCredentials", func(c *call) []reflect.Value {
		var providers []string
		for _, input := range c.args[2].Interface().(inputs) {
			providers = append(providers, input.Provider)
		}
		c.b.Edit(func(s *store.State) {
			for i := range s.Credentials {
				stored := &s.Credentials[i]
				stored.Deleted = stored.Deleted || also(stored, c.args[1].Interface().(store.Address), providers)
			}
		})
		results, _ := c.good()
		return results
	})
}

// blind is a store in which a method does not see some credentials.
func blind(method string, hidden func(*store.StoredCredential) bool) broken {
	return instead(method, func(c *call) []reflect.Value {
		var out []store.StoredCredential
		c.b.Edit(func(s *store.State) {
			s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool {
				if hidden(&c) {
					out = append(out, c)
				}
				return hidden(&c)
			})
		})
		defer c.b.Edit(func(s *store.State) { s.Credentials = append(s.Credentials, out...) })
		results, _ := c.good()
		return results
	})
}

// odd reports whether one of the texts is in no column.
func odd(texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return len(text) > store.MaxProvider || text == "\xff" || strings.Contains(text, "\x00")
	})
}

// each changes every stored credential.
func each(change func(*store.StoredCredential)) func(*store.State) {
	return func(s *store.State) {
		for i := range s.Credentials {
			change(&s.Credentials[i])
		}
	}
}

// brokenCredentials are stores that add, delete and revoke wrongly.
var brokenCredentials = map[string]fault{
	"adds credentials without a proof": {"credentials/AddCredentials inserts live credentials", adds(func(c *store.CredentialInput) { c.ProofValue = "" })},
	"rounds times of credentials": {"credentials/AddCredentials keeps times in whole microseconds", adds(func(c *store.CredentialInput) {
		c.IssuedAt = c.IssuedAt.Round(time.Microsecond)
	})},
	"dates credentials": {"credentials/AddCredentials takes a credential without dates and proof", adds(func(c *store.CredentialInput) {
		if c.IssuedAt.IsZero() {
			c.IssuedAt = time.Now()
		}
	})},
	"reads numbers as doubles": {"credentials/AddCredentials keeps every digit and every text", adds(func(c *store.CredentialInput) {
		var document any
		if json.Unmarshal(c.Document, &document) == nil {
			c.Document, _ = json.Marshal(document)
		}
	})},
	"takes every exponent for huge": {
		"credentials/AddCredentials keeps every digit and every text",
		refuses("AddCredentials", store.ErrInvalid, func(inputs inputs) bool {
			return slices.ContainsFunc(inputs, func(c store.CredentialInput) bool { return bytes.Contains(c.Document, []byte("1e")) })
		}),
	},
	"adds no credential": {"credentials/Load returns credentials that were added", nothing("AddCredentials")},
	"removes what it replaces": {"credentials/AddCredentials deletes those of its providers", after("AddCredentials", func(s *store.State) {
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool { return c.Deleted })
	})},
	"replaces nothing": {"credentials/AddCredentials deletes those of its providers", before("AddCredentials", each(func(c *store.StoredCredential) {
		c.Foreign = true
	}))},
	"numbers credentials downwards": {"credentials/AddCredentials gives later credentials higher ids", after("AddCredentials", func(s *store.State) {
		newest := len(s.Credentials) - 1
		s.Credentials[newest].ID = int64(1000 - newest)
	})},
	"replaces in all wallets": {
		"credentials/AddCredentials leaves other wallets alone",
		replaces(func(c *store.StoredCredential, _ store.Address, providers []string) bool {
			return slices.Contains(providers, c.Provider)
		}),
	},
	"replaces those of other programs": {
		"credentials/AddCredentials leaves those of other programs alone",
		replaces(func(c *store.StoredCredential, address store.Address, providers []string) bool {
			return c.Address == address && slices.Contains(providers, c.Provider)
		}),
	},
	"replaces the whole wallet": {
		"credentials/AddCredentials of none changes nothing",
		replaces(func(c *store.StoredCredential, address store.Address, _ []string) bool { return c.Address == address }),
	},
	"revokes for good": {
		"credentials/a credential that is added again after its revocation is live",
		after("AddCredentials", func(s *store.State) {
			revoked := map[string]bool{}
			for i, c := range s.Credentials {
				revoked[c.ProofValue] = revoked[c.ProofValue] || c.Revoked
				s.Credentials[i].Revoked = revoked[c.ProofValue]
			}
		}),
	},
	"adds one of two of a provider": {"credentials/AddCredentials refuses two of one provider", given("AddCredentials", func(given inputs) inputs {
		return slices.CompactFunc(slices.Clone(given), func(a, b store.CredentialInput) bool { return a.Provider == b.Provider })
	})},
	"adds the good credentials only": {"credentials/AddCredentials refuses a credential that is not JSON", func(b *brokenstore.Store) {
		b.On.AddCredentials = func(ctx context.Context, address store.Address, credentials ...store.CredentialInput) (failed error) {
			for _, c := range credentials {
				failed = errors.Join(failed, b.Good.AddCredentials(ctx, address, c))
			}
			return failed
		}
	}},
	"passes over bad credentials": {"credentials", addsFew(func(c *store.CredentialInput) bool { return c.Validate() != nil })},
	"passes over huge numbers": {
		"credentials/AddCredentials refuses numbers that are huge when written out",
		addsFew(func(c *store.CredentialInput) bool { return bytes.Contains(c.Document, []byte("1e1001")) }),
	},

	"counts providers": {"credentials/DeleteCredentials deletes by provider and counts", instead("DeleteCredentials", func(c *call) []reflect.Value {
		results, _ := c.good()
		results[0] = reflect.ValueOf(c.args[2].Len())
		return results
	})},
	"deletes in all wallets": {"credentials/DeleteCredentials deletes by provider and counts", after("DeleteCredentials", func(s *store.State) {
		gone := map[string]bool{}
		for i, c := range s.Credentials {
			gone[c.Provider] = gone[c.Provider] || c.Deleted
			s.Credentials[i].Deleted = gone[c.Provider]
		}
	})},
	"deletes again": {
		"credentials/DeleteCredentials passes over deleted ones",
		before("DeleteCredentials", each(func(c *store.StoredCredential) { c.Deleted = false })),
	},
	"deletes no revoked credentials": {
		"credentials/DeleteCredentials deletes revoked ones too",
		blind("DeleteCredentials", func(c *store.StoredCredential) bool { return c.Revoked }),
	},
	"deletes its own credentials only": {
		"credentials/DeleteCredentials deletes those of other programs too",
		blind("DeleteCredentials", func(c *store.StoredCredential) bool { return c.Foreign }),
	},
	"wants something to delete": {"credentials/DeleteCredentials of none is no error", instead("DeleteCredentials", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil && results[0].Int() == 0 {
			return c.fail(store.Errorf("delete", store.ErrNotFound, "there is none"))
		}
		return results
	})},
	"refuses to delete an odd provider": {
		"credentials/DeleteCredentials finds nothing for a text that is no provider",
		refuses("DeleteCredentials", store.ErrInvalid, odd),
	},

	"counts what was revoked before": {
		"credentials/RevokeCredentials revokes all with the proof value and counts each once",
		before("RevokeCredentials", each(func(c *store.StoredCredential) { c.Revoked = false })),
	},
	"counts twice what is revoked twice": {
		"credentials/RevokeCredentials revokes all with the proof value and counts each once",
		instead("RevokeCredentials", func(c *call) []reflect.Value {
			results, _ := c.good()
			if n := results[0].Int(); n > 0 {
				results[0] = reflect.ValueOf(int(n) + c.args[1].Len() - 1)
			}
			return results
		}),
	},
	"revokes live credentials only": {
		"credentials/RevokeCredentials revokes deleted ones too",
		blind("RevokeCredentials", func(c *store.StoredCredential) bool { return c.Deleted }),
	},
	"refuses to revoke an odd proof": {
		"credentials/RevokeCredentials finds nothing for a text that is no proof value",
		refuses("RevokeCredentials", store.ErrInvalid, odd),
	},
	"passes over empty proof values": {"credentials/RevokeCredentials refuses an empty proof value", given("RevokeCredentials", func(values []string) []string {
		return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
	})},
}
