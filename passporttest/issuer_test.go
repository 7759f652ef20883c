package passporttest_test

import (
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
)

func TestIssuer(t *testing.T) {
	issuer := passporttest.NewIssuerFromSeed("a seed")
	text, err := issuer.Issue(alice, `Zürich–東京 "<&>\`, "account", passporttest.Nullifiers("v0:a", "v1:b"))
	require.NoError(t, err)
	signed, err := credential.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, issuer.DID(), signed.Issuer)
	assert.Equal(t, "did:pkh:eip155:1:"+alice, signed.Subject)
	assert.Equal(t, `Zürich–東京 "<&>\`, signed.Provider)
	assert.Equal(t, []string{"v0:a", "v1:b"}, signed.Nullifiers)

	var verifier credential.Verifier
	require.NoError(t, verifier.Verify(t.Context(), signed, time.Now()))

	again, err := passporttest.NewIssuerFromSeed("a seed").Issue(alice, `Zürich–東京 "<&>\`, "account", passporttest.Nullifiers("v0:a", "v1:b"))
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again), "the same seed signs the same to the byte")
	assert.NotEqual(t, issuer.DID(), passporttest.NewIssuer().DID())
}

func TestIssuer_AnyText(t *testing.T) {
	issuer := passporttest.NewIssuer()
	var verifier credential.Verifier
	text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(r *rapid.T) {
		provider, nullifier := text.Draw(r, "provider"), text.Draw(r, "nullifier")
		signed, err := issuer.Issue(alice, provider, "account", passporttest.Nullifiers(nullifier))
		if !holdable(provider) || !holdable(nullifier) {
			require.Error(r, err)
			return
		}
		require.NoError(r, err)
		parsed, err := credential.Parse(signed)
		require.NoError(r, err)
		require.NoError(r, verifier.Verify(t.Context(), parsed, time.Now()))
		require.Equal(r, provider, parsed.Provider)
		require.Equal(r, []string{nullifier}, parsed.Nullifiers)
	})
}

// holdable reports whether a credential can hold the text: it is valid UTF-8
// without U+0000.
func holdable(text string) bool {
	for _, character := range text {
		if character == 0 {
			return false
		}
	}
	return utf8.ValidString(text)
}

func TestIssuer_Errors(t *testing.T) {
	issuer := passporttest.NewIssuer()
	for want, issue := range map[string]func() ([]byte, error){
		"U+0000":                      func() ([]byte, error) { return issuer.Issue(alice, "a\x00b", "account") },
		`"a\xffb" is not valid UTF-8`: func() ([]byte, error) { return issuer.Issue(alice, "a\xffb", "account") },
		`"0x\xff" is not valid UTF-8`: func() ([]byte, error) { return issuer.Issue("0x\xff", "Google", "account") },
		`"v0:\xff" is not valid UTF-8`: func() ([]byte, error) {
			return issuer.Issue(alice, "Google", "account", passporttest.Nullifiers("v0:\xff"))
		},
		`issuanceDate "" is not a date`: func() ([]byte, error) {
			return issuer.Issue(alice, "Google", "account", passporttest.IssuedAt(time.Time{}))
		},
		`expirationDate "10000-01-01`: func() ([]byte, error) {
			return issuer.Issue(alice, "Google", "account", passporttest.ExpiresAt(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)))
		},
	} {
		_, err := issue()
		require.ErrorContains(t, err, want)
	}
}

func TestIssuer_Concurrent(t *testing.T) {
	issuer := passporttest.NewIssuer()
	want, err := issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			got, err := issuer.Issue(alice, "Google", "account")
			if assert.NoError(t, err) {
				assert.Equal(t, want, got)
			}
		})
	}
	done.Wait()
}

func TestNullifier(t *testing.T) {
	issuer := passporttest.NewIssuer()
	for _, address := range []string{alice, bob} {
		text, err := issuer.Issue(address, "Google", "1")
		require.NoError(t, err)
		signed, err := credential.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, []string{passporttest.Nullifier("Google", "1")}, signed.Nullifiers)
	}
	assert.NotEqual(t, passporttest.Nullifier("Google", "1"), passporttest.Nullifier("Google", "2"))
	assert.NotEqual(t, passporttest.Nullifier("Google", "1"), passporttest.Nullifier("Github", "1"))
}
