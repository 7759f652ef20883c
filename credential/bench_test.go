package credential_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// One verification from the text on; what of it is the recovery of the key is
// told by the difference to the one whose recovery costs nothing.
func BenchmarkVerifyEIP712(b *testing.B) {
	text := issued(b, today)
	var whole credential.Verifier
	signer, err := signerOf(b, text)
	require.NoError(b, err)
	free := credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) { return signer, nil }}
	for _, c := range []struct {
		name     string
		verifier *credential.Verifier
	}{{"whole", &whole}, {"without the recovery", &free}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(b, c.verifier, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// signerOf returns the address that the issuer's DID names.
func signerOf(b *testing.B, text []byte) (address [20]byte, err error) {
	b.Helper()
	signed, err := credential.Parse(text)
	if err != nil {
		return address, err
	}
	const digits = "0123456789abcdef"
	did := signed.Issuer[len("did:ethr:0x"):]
	for i := range address {
		for _, digit := range []byte(did[2*i : 2*i+2]) {
			for value := range byte(len(digits)) {
				if digits[value] == digit {
					address[i] = address[i]<<4 | value
				}
			}
		}
	}
	return address, nil
}

func BenchmarkVerifyEd25519(b *testing.B) {
	text := issued(b, legacy)
	var verifier credential.Verifier
	b.ReportAllocs()
	for b.Loop() {
		if err := verify(b, &verifier, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := issued(b, today)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := credential.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
