//go:build didkit

package didkit

import (
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

var (
	credentials = flag.Int("credentials", 2000, "number of fresh credentials, each judged whole and damaged")
	seed        = flag.Uint64("seed", uint64(time.Now().UnixNano()), "what chance begins with")
)

func TestTheVerdictIsDidkitsSaveForOurStrictnesses(t *testing.T) {
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 0))
	m := &maker{r, newJudge(t)}
	var verifier credential.Verifier
	counts := map[string]int{}

	compare := func(text, from string, how []string) (accepted bool) {
		told := m.judge.ask(t, map[string]any{"verify": text})
		refused := verify(t, &verifier, text)
		counts["didkit "+told.Verdict]++
		switch {
		case refused == nil && told.Verdict != "accepts":
			assert.Fail(t, "ours accepts what didkit refuses", "%s, %q\ndidkit %s: %s\n%s", from, how, told.Verdict, told.Why, text)
		case refused != nil && told.Verdict == "accepts":
			s := strictnessOf(refused, text)
			if s == "" {
				assert.Fail(t, "ours refuses what didkit accepts, for a reason that is not listed", "%s, %q\nours: %s: %s\n%s",
					from, how, refused.Reason, refused.Detail, text)
			}
			counts["stricter: "+s]++
		default:
			counts["same verdict"]++
		}
		return refused == nil
	}
	another := m.whole(t)
	for range *credentials {
		whole := m.whole(t)
		counts["from "+whole.from]++
		if accepted := compare(whole.text, whole.from, nil); whole.usual {
			assert.True(t, accepted, "%s\n%s", whole.from, whole.text)
		}
		damaged, how := damage(t, r, whole.text, another.text)
		compare(damaged, whole.from, how)
		another = whole
		if t.Failed() {
			break
		}
	}
	for _, verdict := range []string{"didkit accepts", "didkit rejects", "didkit panics"} {
		assert.NotZero(t, counts[verdict], "nothing that %s was compared", verdict)
	}
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%7d %s", counts[what], what)
	}
	t.Logf("didkit was started anew %d times", m.judge.crashes)
}

// verify returns why the credential is refused, nil if it is not.
func verify(t *testing.T, verifier *credential.Verifier, text string) *credential.Error {
	t.Helper()
	signed, err := credential.Parse([]byte(text))
	if err == nil {
		err = verifier.Verify(t.Context(), signed, time.Now())
	}
	if err == nil {
		return nil
	}
	var refused *credential.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	return refused
}
