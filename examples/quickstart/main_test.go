package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }
	report, err := run(t.Context(), now)
	require.NoError(t, err)
	assert.Equal(t, `Alice scores 3.5 of 3.00000: passing
  Ens           0  left out      it expired on 2026-02-01
  Github        2  counted
  Google      1.5  counted

Bob scores 2 of 3.00000: not passing
  Biometrics    0  left out      its signature is not the issuer's over this text
  Github        2  counted
  Google        0  deduplicated  claimed by another wallet until 2100-01-01
  Twitter       0  left out      its issuer "did:ethr:0x4ab5d15f49487ccc8e4da0f14c7190d0cc38e774" is not trusted

Claims (who holds which nullifier, until when)
  v0:ceIuZjRNb…  0xa11ce0a1…  2100-01-01
  v0:oRqv/+pXH…  0xa11ce0a1…  2100-01-01
  v0:LZ0fJEAYa…  0xb0b00b0b…  2100-01-01
Events (SCU: a new score, LDP: a stamp that lost to an earlier claim)
  SCU  0xa11ce0a1…
  LDP  0xb0b00b0b…
  SCU  0xb0b00b0b…
`, report)
}
