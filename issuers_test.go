package passport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
)

func TestIssuers(t *testing.T) {
	for _, did := range []string{passport.HumanPassportIssuer, passport.HumanPassportEd25519Issuer} {
		_, err := passport.New(memstore.New(), passport.WithTrustedIssuers(did))
		require.NoError(t, err, did)
	}
	_, err := passport.New(memstore.New())
	require.ErrorIs(t, err, passport.ErrMisconfigured, "none is trusted by default")
}
