package passporttest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
)

var writeEvidence = flag.Bool("write-evidence", false, "rewrite didkit/credentials.jsonl; run didkit/verify.py afterwards")

// specimen is a credential that didkit is to judge.
type specimen struct {
	Name       string `json:"name"`
	Want       string `json:"want"` // accept or reject
	Credential string `json:"credential"`
}

// specimens returns credentials of every shape that the issuer makes, and some
// that were damaged afterwards: didkit must also be seen to reject.
func specimens(t *testing.T) []specimen {
	issuer := passporttest.NewIssuerFromSeed("evidence")
	year := func(y int) time.Time { return time.Date(y, 5, 6, 7, 8, 9, 987, time.FixedZone("east", 7200)) }
	var list []specimen
	add := func(name, provider string, options ...passporttest.CredentialOption) {
		text, err := issuer.Issue(alice, provider, "account", options...)
		require.NoError(t, err)
		list = append(list, specimen{name, "accept", string(text)})
	}
	add("as it comes", "Google")
	add("three nullifiers", "Github", passporttest.Nullifiers("v0:a", "v1:b", "v2:c"))
	add("one nullifier twice", "Github", passporttest.Nullifiers("v0:a", "v0:a"))
	add("no nullifier", "Github", passporttest.Nullifiers())
	add("other dates", "Discord", passporttest.IssuedAt(year(2020)), passporttest.ExpiresAt(year(2035)))
	add("expired", "Discord", passporttest.ExpiresAt(year(2024)))
	add("an allow list", "AllowList#team")
	add("text of other scripts", "Zürich–東京 \U0001F600", passporttest.Nullifiers("v0:ü"))
	add("text that needs escapes", "\"\\/\b\f\n\r\t<>&\u2028\u007f", passporttest.Nullifiers("v0:\"\\\n"))
	for provider := range strings.SplitSeq("Ens Twitter Linkedin Facebook Poh Biometrics HolonymPhone CleanHands", " ") {
		add("provider "+provider, provider)
	}
	good := list[0].Credential
	for _, damage := range []struct{ name, old, new string }{
		{"another provider", `"provider":"Google"`, `"provider":"Gitcoin"`},
		{"another subject", alice, bob},
		{"a later expiry", "2100-01-01", "2101-01-01"},
		{"another nullifier", `"nullifiers":["v0:`, `"nullifiers":["v1:`},
		{"another issuer", issuer.DID(), passporttest.NewIssuerFromSeed("other").DID()},
		{"another signature", proofValue(t, good), proofValue(t, list[1].Credential)},
	} {
		require.Contains(t, good, damage.old)
		list = append(list, specimen{"damaged: " + damage.name, "reject", strings.ReplaceAll(good, damage.old, damage.new)})
	}
	return list
}

func proofValue(t *testing.T, text string) string {
	signed, err := credential.Parse([]byte(text))
	require.NoError(t, err)
	return signed.ProofValue
}

// didkit/verify.py judged didkit/credentials.jsonl; the issuer must still make
// the same credentials.
func TestIssuer_Didkit(t *testing.T) {
	var today bytes.Buffer
	encoder := json.NewEncoder(&today)
	list := specimens(t)
	for _, s := range list {
		require.NoError(t, encoder.Encode(s))
	}
	if *writeEvidence {
		require.NoError(t, os.WriteFile("didkit/credentials.jsonl", today.Bytes(), 0o644))
	}
	judged, err := os.ReadFile("didkit/credentials.jsonl")
	require.NoError(t, err)
	require.Equal(t, string(judged), today.String(), "the issuer signs other bytes now: see didkit/README.md")

	var verdicts struct {
		Didkit   string `json:"didkit"`
		Verdicts []struct {
			Name    string `json:"name"`
			SHA256  string `json:"sha256"`
			Verdict string `json:"verdict"`
		} `json:"verdicts"`
	}
	document, err := os.ReadFile("didkit/verdicts.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(document, &verdicts))
	assert.Equal(t, "0.3.3", verdicts.Didkit)
	require.Len(t, verdicts.Verdicts, len(list))
	for i, s := range list {
		verdict := verdicts.Verdicts[i]
		digest := sha256.Sum256([]byte(s.Credential))
		assert.Equal(t, s.Name, verdict.Name)
		assert.Equal(t, hex.EncodeToString(digest[:]), verdict.SHA256, s.Name)
		assert.Equal(t, s.Want, verdict.Verdict, s.Name)
	}
}

func TestVerifier_Didkit(t *testing.T) {
	var verifier credential.Verifier
	for _, s := range specimens(t) {
		signed, err := credential.Parse([]byte(s.Credential))
		require.NoError(t, err, s.Name)
		err = verifier.Verify(t.Context(), signed, time.Now())
		if s.Want == "accept" {
			require.NoError(t, err, s.Name)
			continue
		}
		var refused *credential.Error
		require.ErrorAs(t, err, &refused, s.Name)
		assert.Equal(t, credential.ReasonBadSignature, refused.Reason, s.Name)
	}
}
