package credential_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// recorded is later than every proof among the verdicts.
var recorded = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// verdict is a credential, good or damaged, with what didkit 0.3.3 said of it
// and what is wanted of us.
type verdict struct {
	Credential, Mutation string
	Want                 string // accept, reject, either
	Didkit               string // accepts, rejects, panics
	Text                 string
}

func readVerdicts(tb testing.TB) []verdict {
	tb.Helper()
	verdicts, err := allVerdicts()
	require.NoError(tb, err)
	return verdicts
}

// allVerdicts unzips them once for all tests.
var allVerdicts = sync.OnceValues(func() (verdicts []verdict, err error) {
	file, err := os.Open("../testdata/didkit-verdicts.jsonl.gz")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, err
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, lines.Err()
})

// issued returns the text of a credential as it was issued.
func issued(tb testing.TB, name string) []byte {
	tb.Helper()
	for _, v := range readVerdicts(tb) {
		if v.Credential == name && v.Mutation == "as issued" {
			return []byte(v.Text)
		}
	}
	require.FailNow(tb, "no credential is called "+name)
	return nil
}

func verify(tb testing.TB, verifier *credential.Verifier, text []byte) error {
	tb.Helper()
	signed, err := credential.Parse(text)
	if err != nil {
		return err
	}
	return verifier.Verify(tb.Context(), signed, recorded)
}

func TestRecordedVerdicts(t *testing.T) {
	var verifier credential.Verifier
	wanted := map[string]int{}
	accepted := 0
	for _, v := range readVerdicts(t) {
		wanted[v.Want]++
		err := verify(t, &verifier, []byte(v.Text))
		switch v.Want {
		case "accept":
			assert.NoError(t, err, "%s | %s", v.Credential, v.Mutation)
		case "reject":
			assert.Error(t, err, "%s | %s", v.Credential, v.Mutation)
		}
		if err == nil {
			accepted++
			assert.Equal(t, "accepts", v.Didkit, "%s | %s: never accept what didkit rejects", v.Credential, v.Mutation)
			continue
		}
		var refused *credential.Error
		require.ErrorAs(t, err, &refused, "%s | %s", v.Credential, v.Mutation)
		assert.NotEmpty(t, refused.Reason)
		assert.NotEmpty(t, refused.Detail)
		assert.Less(t, len(refused.Error()), 500)
	}
	assert.Equal(t, map[string]int{"accept": 57, "reject": 1304, "either": 56}, wanted)
	assert.GreaterOrEqual(t, accepted, wanted["accept"])
}
