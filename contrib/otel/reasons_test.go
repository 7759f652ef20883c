package passportotel

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
)

// Each reason of the SDK has a time series of its own.
func TestReasons_Complete(t *testing.T) {
	for _, file := range []string{"../../result.go", "../../credential/errors.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		found := regexp.MustCompile(`Reason[A-Za-z]+ +Reason += "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
		require.NotEmpty(t, found)
		for _, reason := range found {
			assert.Equal(t, reason[1], bounded(passport.Reason(reason[1])))
		}
	}
}

func TestOutcomes(t *testing.T) {
	for want, o := range map[string]passport.Observation{
		"passing": {Result: &passport.Result{Passing: true}},
		"failing": {LastScore: &passport.LastScore{PassedWhenScored: true}},
		"error":   {Err: os.ErrInvalid},
	} {
		assert.Equal(t, want, outcomeOf(&o))
	}
}
