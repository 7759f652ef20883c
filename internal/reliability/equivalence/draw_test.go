package equivalence

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// choice draws an argument: mostly something usual, of which there is little,
// so that operations meet; now and then something odd, that no column holds or
// that looks like something else.
type choice[T any] struct{ usual, odd []T }

func (c choice[T]) draw(t *rapid.T, what string) T {
	if len(c.odd) > 0 && oneIn(t, 25, "odd") {
		return rapid.SampledFrom(c.odd).Draw(t, what)
	}
	return rapid.SampledFrom(c.usual).Draw(t, what)
}

// oneIn is true once in n draws.
func oneIn(t *rapid.T, n int, what string) bool { return rapid.IntRange(1, n).Draw(t, what) == n }

var (
	alice = store.Address(passporttest.Address("alice"))
	bob   = store.Address(passporttest.Address("bob"))
	carol = store.Address(passporttest.Address("carol"))
)

var (
	addresses = choice[store.Address]{
		[]store.Address{alice, bob, carol},
		[]store.Address{"0x" + store.Address(strings.ToUpper(string(alice[2:]))), store.Address(strings.ToUpper(string(alice))), "0xA11CE", "", alice + "\x00"},
	}
	communities = choice[int64]{[]int64{1, 1, 1, 2, 2, 3}, []int64{0, -1, 99, 1 << 62}}
	providers   = choice[string]{
		[]string{"Google", "Github", "AllowList#team", "SelfStakingGold", "é'\"\\%_{},NULL"},
		[]string{strings.Repeat("ü", 101), strings.Repeat("ü", 256), strings.Repeat("p", 257), "", "a\x00b", "\xff", " Google"},
	}
	nullifiers = choice[string]{
		[]string{"v0:a", "v0:b", "v1:a", "v1:b", "v2:c", "東京 \U0001F600 \"\\ '"},
		[]string{strings.Repeat("ü", 100), "", strings.Repeat("n", 101)},
	}
	names = choice[string]{
		[]string{"One", "Two", "Three", "Four"},
		[]string{"", strings.Repeat("ü", 100), strings.Repeat("c", 101), "\x00", "\xff"},
	}
	externalIDs = choice[string]{[]string{"", "", "ext", "1", "2", "é"}, []string{strings.Repeat("ü", 42), strings.Repeat("e", 43), "\x00"}}
	lists       = choice[string]{
		[]string{"team", "MetaMaskOG2", "SeasonedPassportOGs"}, []string{"", strings.Repeat("ü", 100), strings.Repeat("l", 101), "\x00"},
	}
	usernames = choice[string]{[]string{"ann", "ben", "communities"}, []string{"", strings.Repeat("ü", 150), strings.Repeat("u", 151), "\x00"}}
	// accounts go by their user; "" is none.
	accounts = choice[string]{[]string{"", "", "ann", "ben", "communities"}, []string{"no user", "below 0"}}
	decimals = choice[string]{
		[]string{"0", "1", "2.5", "1.25", "3.00", "0.1"},
		[]string{
			"-1", "1e2", "12e-1", "0.000049", "0.000005", "-0.000005", "+.5", "5.", "99999.999994", "1e-7", "", "99999.999995", "1000", "abc",
			"NaN", "Infinity", "1e999999999", " 1", "0x10", "1_0", "999.99994999", "999.99995", "-0", "1e5", "100000",
		},
	}
	proofs = choice[string]{[]string{"0x01", "0x02", "0x03"}, []string{"", strings.Repeat("ü", 256), strings.Repeat("p", 257), "\x00"}}
	// whens are lengths of time from now on.
	whens = choice[time.Duration]{
		[]time.Duration{-time.Hour, 0, time.Minute, time.Hour, 24 * time.Hour},
		[]time.Duration{-time.Microsecond, time.Microsecond, 999 * time.Nanosecond, 1500 * time.Nanosecond},
	}
	moments = choice[time.Time]{
		[]time.Time{begin, begin.Add(1500 * time.Nanosecond), begin.AddDate(0, -1, 0), {}},
		[]time.Time{
			time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
			time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
			time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("west", -7200)),
		},
	}
)

// begin is the time of the first scoring: years from the clocks of the stores.
var begin = time.Date(2040, 6, 1, 12, 0, 0, 0, time.UTC)

// options are those of the engines. The proofs of credentials are not checked:
// that is no matter of stores.
func options(now func() time.Time, groups passport.Groups) []passport.Option {
	return []passport.Option{
		passport.WithTrustedIssuers(issuer),
		passport.WithVerifier(believing{}),
		passport.WithClock(now),
		passport.WithGroups(groups, passport.FailScoring),
		passport.WithHumanPoints(passport.HumanPoints{Capped: &passport.CappedAward{List: "MetaMaskOG2", Action: "MM2", Limit: 2}}),
	}
}

const issuer = "did:ethr:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7"

// input draws a credential to be added, and sometimes another document.
func input(t *rapid.T, address store.Address, now time.Time) store.CredentialInput {
	c := store.CredentialInput{
		Provider: providers.draw(t, "provider"), ProofValue: proofs.draw(t, "proof"),
		IssuedAt: moments.draw(t, "issued"), ExpiresAt: now.Add(whens.draw(t, "expires")),
	}
	c.Document = signed(t, address, c.Provider, c.ProofValue, c.ExpiresAt)
	if oneIn(t, 8, "odd") {
		c.ExpiresAt, c.Document = moments.draw(t, "expires"), oddities.Draw(t, "stamp")
	}
	return c
}

// signed is a credential as the engine reads it.
func signed(t *rapid.T, address store.Address, provider, proof string, expires time.Time) []byte {
	subject := map[string]any{"id": address.DID(), "provider": provider}
	if oneIn(t, 5, "with a hash") {
		subject["hash"] = nullifiers.draw(t, "hash")
	} else {
		subject["nullifiers"] = some(t, nullifiers, 0, 3, "nullifiers")
	}
	text, err := json.Marshal(map[string]any{
		"@context": []string{"https://www.w3.org/2018/credentials/v1"}, "type": []string{"VerifiableCredential"}, "issuer": issuer,
		"issuanceDate": "2040-01-01T00:00:00Z", "expirationDate": expires.UTC().Format(time.RFC3339Nano), "credentialSubject": subject,
		"proof": map[string]any{"type": "any", "proofPurpose": "assertionMethod", "created": "2040-01-01T00:00:00Z", "proofValue": proof},
	})
	if err != nil {
		panic(err) // texts always marshal
	}
	return text
}

// oddities are documents that a column may or may not hold.
var oddities = rapid.SampledFrom([][]byte{
	[]byte(`{}`), []byte(`{"b": 2, "a": {"y": [1, null, true], "x": ""}, "b": 1}`), []byte(` {"a" : "\u00e9\ud83d\ude00\/"} `),
	[]byte(`{"n": [1.50, 0.0, -0, -0.0, 1e2, 1E-3, 1.0e+2, 12345678901234567890.123456789, 100e-2, 0e5]}`),
	[]byte(`{"credentialSubject": {"nullifiers": ["v0:a", 1, null, ["v0:b"], {"a": "v1:a"}], "hash": 5}}`),
	[]byte(`{"credentialSubject": {"nullifiers": "v0:a", "hash": "v0:b"}}`),
	[]byte(`{"credentialSubject": [{"nullifiers": ["v0:a"]}]}`), []byte(`{"credentialSubject": null}`),
	[]byte(`{"credentialSubject": {"nullifiers": ["v1:a"]}, "credentialSubject": {"nullifiers": ["v1:b"]}}`),
	[]byte(`{"a": "\u0000"}`), []byte(`{"a": "\ud800"}`), []byte(`{"a": "\udc00\ud800"}`), []byte("{\"a\": \"\xff\"}"), []byte(`{"a": "\\u0000"}`),
	[]byte(`[]`), []byte(`null`), []byte(`{"a": 1} x`), []byte(`{"a": NaN}`), []byte(`{'a': 1}`), []byte(``), []byte(`{"a": 1e400}`),
	[]byte(`{"<&>": "<&>\u2028\u007f"}`), []byte(`{"": 1, "A": 2, "a": 3, "aa": 4, "é": 5, "\ud83d\ude00": 6}`),
	[]byte(`{"a": "` + strings.Repeat("x", 3000) + `"}`),
})

// weights are a community's, and sometimes another document.
func weights(t *rapid.T) []byte {
	switch rapid.IntRange(0, 9).Draw(t, "weights") {
	case 0:
		return nil
	case 1:
		return oddities.Draw(t, "weights")
	case 2:
		return []byte(`null`)
	}
	entries := []string{}
	for _, provider := range []string{"Google", "Github", "AllowList#team", "SelfStakingGold", "Unknown"} {
		if oneIn(t, 5, "left out") {
			continue
		}
		text := rapid.SampledFrom([]string{"1", "2.50", "0.10", "1e0", "1E1", "25e-1", "0", "-1", "100", "0.00001", "-0"}).Draw(t, "weight")
		if oneIn(t, 2, "as a string") {
			text = `"` + text + `"`
		}
		entries = append(entries, fmt.Sprintf("%q: %s", provider, text))
	}
	return []byte("{" + strings.Join(entries, ", ") + "}")
}

// some draws several.
func some[T any](t *rapid.T, from choice[T], least, most int, what string) []T {
	drawn := []T{}
	for range rapid.IntRange(least, most).Draw(t, "number of "+what) {
		drawn = append(drawn, from.draw(t, what))
	}
	return drawn
}

// community draws one, without its account.
func community(t *rapid.T) store.Community {
	c := store.Community{
		ID:          communities.draw(t, "community"),
		Name:        names.draw(t, "name"),
		ExternalID:  externalIDs.draw(t, "external id"),
		Rule:        choice[string]{[]string{"", "LIFO"}, []string{"FIFO", "lifo", strings.Repeat("r", 101)}}.draw(t, "rule"),
		HumanPoints: rapid.Bool().Draw(t, "points"),
		Scorer:      choice[string]{[]string{"", store.ScorerBinary, store.ScorerWeighted}, []string{"OTHER"}}.draw(t, "scorer"),
		Weights:     weights(t),
		Threshold:   decimals.draw(t, "threshold"),
	}
	if !oneIn(t, 3, "with a customization") {
		return c
	}
	c.Customization = map[string]string{}
	for range rapid.IntRange(1, 3).Draw(t, "weights of the customization") {
		key := providers.draw(t, "provider of the customization")
		if oneIn(t, 2, "a list") {
			key = store.AllowListPrefix + lists.draw(t, "list of the customization")
		}
		c.Customization[key] = decimals.draw(t, "weight of the customization")
	}
	return c
}
