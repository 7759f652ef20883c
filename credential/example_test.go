package credential_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/passport-sdk/passport-go/credential"
)

// A stamp is read, and believed once its proof is verified.
func Example() {
	text, err := os.ReadFile("testdata/stamp.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := credential.Parse(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	var verifier credential.Verifier // keep it: it remembers types
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	if err := verifier.Verify(context.Background(), signed, now); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signed.Subject)
	fmt.Println(signed.Provider, "until", signed.ExpiresAt.Format(time.DateOnly))
	for _, nullifier := range signed.Nullifiers {
		fmt.Println("-", nullifier)
	}
	// Output:
	// did:pkh:eip155:1:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1
	// Discord until 2035-01-01
	// - v0:4EF7qfiUbeBG/8gH2mG9t5v1jAtmk22E3By4GDMmg10=
	// - v1:YYE51musy2fTz1erZn0QDBlN3AlAjv8PaZPvrp+p3dU=
	// - v2:plain
}

// An error has a reason to act on, and words to log.
func ExampleError() {
	text, err := os.ReadFile("testdata/stamp.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	forged := bytes.Replace(text, []byte("Discord"), []byte("Google"), 1)
	signed, err := credential.Parse(forged)
	if err == nil {
		var verifier credential.Verifier
		err = verifier.Verify(context.Background(), signed, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	}
	if refused, ok := errors.AsType[*credential.Error](err); ok {
		fmt.Println(refused.Reason)
		fmt.Println(refused)
	}
	// Output:
	// bad_signature
	// its signature is not the issuer's over this text
}
