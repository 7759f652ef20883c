//go:build didkit

package didkit

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

var (
	credentials = flag.Int("credentials", 2000, "number of fresh credentials, each judged whole and damaged")
	seed        = flag.Uint64("seed", 1, "seed of the credentials")
)

func TestVerify_Didkit(t *testing.T) {
	var verifier credential.Verifier
	c := newComparison(t, newJudge(t), func(text string) *credential.Error { return refusal(t, &verifier, text) })
	require.NoError(t, c.run(t, *credentials))
	for _, verdict := range []string{"didkit accepts", "didkit rejects", "didkit panics"} {
		assert.NotZero(t, c.counts[verdict], "nothing that %s was compared", verdict)
	}
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		t.Logf("%7d %s", c.counts[what], what)
	}
	t.Logf("didkit was started again %d times", c.judge.crashes)
}

// A comparison that finds no difference proves something only if it would have
// found one.
func TestVerify_Differs(t *testing.T) {
	didkit := newJudge(t)
	var verifier credential.Verifier
	for name, refuse := range map[string]func(text string) *credential.Error{
		"that does not look at the signature": func(text string) *credential.Error {
			refused := refusal(t, &verifier, text)
			if refused != nil && refused.Reason == credential.ReasonBadSignature {
				return nil
			}
			return refused
		},
		"that takes any method": func(text string) *credential.Error {
			refused := refusal(t, &verifier, text)
			if refused != nil && refused.Reason == credential.ReasonWrongVerificationMethod {
				return nil
			}
			return refused
		},
		"that does not know offsets": func(text string) *credential.Error {
			if strings.Contains(text, "+05:30\"") || strings.Contains(text, "-05:30\"") {
				return &credential.Error{Reason: credential.ReasonBadSignature, Detail: "its signature is not the issuer's over this text"}
			}
			return refusal(t, &verifier, text)
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := newComparison(t, didkit, refuse).run(t, 3000)
			require.ErrorContains(t, err, "ours ")
		})
	}
}

// comparison compares our verdicts with didkit's.
type comparison struct {
	*maker

	refuse func(text string) *credential.Error // nil when it is accepted
	counts map[string]int
}

func newComparison(t *testing.T, didkit *judge, refuse func(text string) *credential.Error) *comparison {
	t.Helper()
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 0))
	return &comparison{&maker{r, didkit}, refuse, map[string]int{}}
}

// run compares that many fresh credentials, whole and damaged, until a verdict
// differs that must not.
func (c *comparison) run(t *testing.T, credentials int) error {
	t.Helper()
	another := c.whole(t)
	for range credentials {
		whole := c.whole(t)
		c.counts["from "+whole.from]++
		refused, err := c.compare(t, whole.text)
		if err == nil && whole.usual && refused != nil {
			err = fmt.Errorf("ours refuses what issuers sign: %w", refused)
		}
		if err != nil {
			return fmt.Errorf("%w\n%s, whole\n%s", err, whole.from, whole.text)
		}
		damaged, how := damage(t, c.Rand, whole.text, another.text)
		if _, err := c.compare(t, damaged); err != nil {
			return fmt.Errorf("%w\n%s, %q\n%s", err, whole.from, how, damaged)
		}
		another = whole
	}
	return nil
}

func (c *comparison) compare(t *testing.T, text string) (refused *credential.Error, err error) {
	t.Helper()
	theirs := c.judge.ask(t, map[string]any{"verify": text})
	c.counts["didkit "+theirs.Verdict]++
	refused = c.refuse(text)
	switch {
	case refused == nil && theirs.Verdict != "accepts":
		return nil, fmt.Errorf("ours accepts what didkit %s: %s", theirs.Verdict, theirs.Why)
	case refused != nil && theirs.Verdict == "accepts":
		why := strictnessOf(refused, text)
		if why == "" {
			return refused, fmt.Errorf("ours refuses what didkit accepts, for a reason that is not listed: %s: %w", refused.Reason, refused)
		}
		c.counts["stricter: "+why]++
	default:
		c.counts["same verdict"]++
	}
	return refused, nil
}

// refusal returns why the credential is refused, nil if it is not.
func refusal(t *testing.T, verifier *credential.Verifier, text string) *credential.Error {
	t.Helper()
	signed, err := credential.Parse([]byte(text))
	if err == nil {
		err = verifier.Verify(t.Context(), signed, time.Now())
	}
	if err == nil {
		return nil
	}
	refused, is := errors.AsType[*credential.Error](err)
	require.True(t, is, "%v", err)
	return refused
}
