package credential_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// respell writes the same JSON with the members of every object in reverse,
// and with white space.
func respell(v *strictjson.Value, out *strings.Builder) {
	quote := func(text string) string {
		quoted, err := json.Marshal(text)
		if err != nil {
			panic(err) // strings always marshal
		}
		return string(quoted)
	}
	switch v.Kind {
	case strictjson.Null:
		out.WriteString("null")
	case strictjson.Bool:
		if v.Bool {
			out.WriteString("true")
		} else {
			out.WriteString("false")
		}
	case strictjson.Number:
		out.WriteString(v.Text)
	case strictjson.String:
		out.WriteString(quote(v.Text))
	case strictjson.Array:
		out.WriteString("[ ")
		for i := range v.Items {
			if i > 0 {
				out.WriteString(" ,\n")
			}
			respell(&v.Items[i], out)
		}
		out.WriteString("\t]")
	case strictjson.Object:
		out.WriteString("{ ")
		for i, m := range slices.Backward(v.Members) {
			out.WriteString(quote(m.Name) + " :\r\n")
			respell(&m.Value, out)
			if i > 0 {
				out.WriteString(" , ")
			}
		}
		out.WriteString(" }")
	}
}

// FuzzVerify: no text makes us panic, and the order of keys and white space
// make no difference.
func FuzzVerify(f *testing.F) {
	for _, name := range []string{today, legacy, "eip712, issued by did:pkh", "eip712, allow list provider, non-ascii text"} {
		text := string(issued(f, name))
		f.Add([]byte(text))
		f.Add([]byte(strings.Replace(text, `"type":"string[]"`, `"type":"string[2][]"`, 1)))
		f.Add([]byte(strings.Replace(text, `{"name":"nullifiers","type":"string[]"}`, `{"name":"nullifiers","type":"bytes[]"}`, 1)))
		f.Add([]byte(strings.Replace(text, `#`, `#x`, 1)))
		f.Add([]byte(text[:len(text)/2]))
	}
	f.Add([]byte(`{"@context":"https://www.w3.org/2018/credentials/v1","type":"VerifiableCredential","issuer":":","issuanceDate":"2026-01-01T00:00:00Z",` +
		`"credentialSubject":{},"proof":{"type":"EthereumEip712Signature2021","created":"2026-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var verifier credential.Verifier
		verdict := reasonOf(t, verify(t, &verifier, text))

		tree, err := strictjson.Parse(text, strictjson.Limits{Size: credential.MaxSize, Depth: credential.MaxDepth, Values: credential.MaxValues})
		if err != nil {
			require.NotEmpty(t, verdict)
			return
		}
		var other strings.Builder
		respell(tree, &other)
		if other.Len() <= credential.MaxSize {
			require.Equal(t, verdict, reasonOf(t, verify(t, &verifier, []byte(other.String()))))
		}
	})
}

func TestVerify_OrderAndWhiteSpace(t *testing.T) {
	var verifier credential.Verifier
	for _, v := range readVerdicts(t) {
		tree, err := strictjson.Parse([]byte(v.Text), strictjson.Limits{Size: credential.MaxSize, Depth: credential.MaxDepth, Values: credential.MaxValues})
		if err != nil {
			continue
		}
		var other strings.Builder
		respell(tree, &other)
		require.Equal(t,
			reasonOf(t, verify(t, &verifier, []byte(v.Text))),
			reasonOf(t, verify(t, &verifier, []byte(other.String()))),
			"%s | %s", v.Credential, v.Mutation)
	}
}
