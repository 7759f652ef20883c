package credential

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// A revoked credential must not live on in another spelling of its signature.
func TestParseSignature_OneSpelling(t *testing.T) {
	order := secp256k1.Params().N
	half := new(big.Int).Rsh(order, 1)
	plus := func(n *big.Int, by int64) *big.Int { return new(big.Int).Add(n, big.NewInt(by)) }
	spell := func(r, s *big.Int, v int) string { return fmt.Sprintf("0x%064x%064x%02x", r, s, v) }
	one := big.NewInt(1)

	for name, value := range map[string]string{
		"the least r and s":   spell(one, one, 27),
		"the other v":         spell(one, one, 28),
		"the largest r and s": spell(plus(order, -1), half, 27),
	} {
		signature, err := parseSignature(value)
		require.NoError(t, err, name)
		assert.Equal(t, value, "0x"+hex.EncodeToString(signature[:]), name)
	}
	good := spell(one, one, 27)
	for name, value := range map[string]string{
		"nothing":         "",
		"no digits":       "0x",
		"no 0x":           good[2:],
		"0X":              "0X" + good[2:],
		"too short":       good[:130],
		"a byte more":     good + "00",
		"capitals":        spell(plus(order, -1), half, 27)[:2] + strings.ToUpper(spell(plus(order, -1), half, 27)[2:]),
		"no hex":          good[:131] + "g",
		"no r":            spell(new(big.Int), one, 27),
		"no s":            spell(one, new(big.Int), 27),
		"r of the order":  spell(order, one, 27),
		"r above it":      spell(plus(order, 1), one, 27),
		"s of the order":  spell(one, order, 27),
		"s just too high": spell(one, plus(half, 1), 27),
		"the twin of s":   spell(one, plus(order, -1), 27),
		"v of 0":          spell(one, one, 0),
		"v of 26":         spell(one, one, 26),
		"v of 29":         spell(one, one, 29),
	} {
		signature, err := parseSignature(value)
		assert.EqualError(t, err, "its proofValue is not 0x and 65 bytes in lower-case hex, with v 27 or 28 and a low s", name)
		assert.Nil(t, signature, name)
	}
}

func TestRecoverDecred_NoPoint(t *testing.T) {
	signature, err := parseSignature(fmt.Sprintf("0x%064x%064x1b", 5, 1)) // no point has an x of 5
	require.NoError(t, err)
	address, err := recoverDecred(&[32]byte{}, signature)
	require.ErrorContains(t, err, "recovering the key: ")
	assert.Zero(t, address)
}

// As didkit signs it: dates as it prints them, without known members that are
// null, with unknown ones.
func TestMessage(t *testing.T) {
	signed, err := Parse([]byte(`{"@context":"https://www.w3.org/2018/credentials/v1","id":null,"more":null,"type":"VerifiableCredential",` +
		`"issuer":"did:x","issuanceDate":"2026-01-01T00:00:00.10Z","expirationDate":"2035-01-01T01:00:00.5+01:00","credentialSubject":{"x":1},` +
		`"proof":{"type":"T","nonce":null,"more":null,"created":"2026-01-01T01:00:00+01:00","proofValue":"v","eip712Domain":{}}}`))
	require.NoError(t, err)
	spelt := func(v *strictjson.Value) (members []string) {
		for _, m := range v.Members {
			members = append(members, m.Name+" "+m.Value.Kind.String()+" "+m.Value.Text)
		}
		return members
	}
	message := signed.message()
	assert.Equal(t, strictjson.Object, message.Kind)
	assert.Equal(t, []string{
		"@context a string https://www.w3.org/2018/credentials/v1", "more null ", "type a string VerifiableCredential", "issuer a string did:x",
		"issuanceDate a string 2026-01-01T00:00:00.100Z", "expirationDate a string 2035-01-01T01:00:00.500+01:00", "credentialSubject an object ",
		"proof an object ",
	}, spelt(message))
	assert.Equal(t, []string{"type a string T", "more null ", "created a string 2026-01-01T00:00:00Z"}, spelt(message.Get("proof")))
}

func TestTypeSet_Cached(t *testing.T) {
	document, err := strictjson.Parse([]byte(`{"A":[{"name":"x","type":"string"}]}`), strictjson.Limits{Size: 100, Depth: 4, Values: 10})
	require.NoError(t, err)
	var v Verifier
	first, remembered, err := v.typeSet(document)
	require.NoError(t, err)
	assert.False(t, remembered)
	v.types.Add(document.Raw, first)
	second, remembered, err := v.typeSet(document)
	require.NoError(t, err)
	assert.True(t, remembered)
	assert.Same(t, first, second)
}
