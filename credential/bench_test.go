package credential_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// One verification from the text on, and its two parts: the aim is that all but
// the recovery of the key costs less than half of the recovery.
func BenchmarkVerifyEIP712(b *testing.B) {
	text := issued(b, today)
	signer := signerOf(b, text)
	var (
		whole     credential.Verifier
		digest    [32]byte
		signature [65]byte
	)
	free := credential.Verifier{Recover: func(d *[32]byte, s *[65]byte) ([20]byte, error) {
		digest, signature = *d, *s
		return signer, nil
	}}
	for _, c := range []struct {
		name     string
		verifier *credential.Verifier
	}{{"whole", &whole}, {"all but the recovery", &free}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(b, c.verifier, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	require.NoError(b, verify(b, &free, text))
	b.Run("the recovery alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if address, err := credential.RecoverDecred(&digest, &signature); err != nil || address != signer {
				b.Fatal(address, err)
			}
		}
	})
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
