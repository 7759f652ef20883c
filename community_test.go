package passport

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestCheckCommunity(t *testing.T) {
	tooMany := make([]string, 100)
	for i := range tooMany {
		tooMany[i] = fmt.Sprintf(`"p%d":"x"`, i)
	}
	for name, test := range map[string]struct {
		change func(*store.Community)
		want   error
		text   []string // one for each fault
	}{
		"good":                {func(*store.Community) {}, nil, nil},
		"numbers and strings": {func(c *store.Community) { c.Weights = []byte(`{"Google": 1.5, "Github": "2e0"}`) }, nil, nil},
		"a weight of 0":       {func(c *store.Community) { c.Weights = []byte(`{"Google": "3", "Github": "0"}`) }, nil, nil},
		"weighted":            {func(c *store.Community) { c.Scorer = store.ScorerWeighted }, nil, nil},
		"exactly reachable": {func(c *store.Community) {
			c.Threshold, c.Customization = "4.50000", map[string]string{"AllowList#vip": "2.5", "Google": "1"}
			c.Weights = []byte(`{"Google": "100", "Github": "1"}`)
		}, nil, nil},

		"unknown rule":      {func(c *store.Community) { c.Rule = "FIFO" }, ErrUnsupportedRule, []string{`"FIFO", only LIFO is known`}},
		"unknown scorer":    {func(c *store.Community) { c.Scorer = "SUM" }, store.ErrInvalid, []string{`scorer "SUM"`}},
		"no id":             {func(c *store.Community) { c.ID = 0 }, store.ErrInvalid, []string{"its id is not above 0"}},
		"no weights":        {func(c *store.Community) { c.Weights = nil }, ErrInvalidWeights, []string{"no JSON object of weights"}},
		"a list":            {func(c *store.Community) { c.Weights = []byte(`["Google"]`) }, ErrInvalidWeights, []string{"no JSON object of weights"}},
		"weights and more":  {func(c *store.Community) { c.Weights = []byte(`{"Google":"3"} {}`) }, ErrInvalidWeights, []string{"something follows"}},
		"no decimal":        {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","Github":"one"}`) }, ErrInvalidWeights, []string{`weight of "Github": invalid decimal: "one"`}},
		"a weight of null":  {func(c *store.Community) { c.Weights = []byte(`{"Google":null}`) }, ErrInvalidWeights, []string{`"Google" is neither`}},
		"provider twice":    {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","Google":"4"}`) }, ErrInvalidWeights, []string{`the name "Google" is there twice`}},
		"NUL in a provider": {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","a\u0000":"4"}`) }, ErrInvalidWeights, []string{"at byte"}},
		"provider too long": {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","` + strings.Repeat("é", 257) + `":"4"}`) }, ErrInvalidWeights, []string{"1 to 256 characters"}},
		"provider empty":    {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","":"4"}`) }, ErrInvalidWeights, []string{"1 to 256 characters"}},
		"document too large": {func(c *store.Community) {
			c.Weights = []byte(`{"Google":"3","a":"` + strings.Repeat("0", 1<<20) + `"}`)
		}, ErrInvalidWeights, []string{"characters, at most 100"}},
		"negative weight":         {func(c *store.Community) { c.Weights = []byte(`{"Google":"3","Github":"-1"}`) }, ErrInvalidWeights, []string{`weight of "Github" is below 0`}},
		"weights of 0":            {func(c *store.Community) { c.Weights = []byte(`{"Google":"0"}`) }, ErrInvalidWeights, []string{"all weights together are 0"}},
		"no weight":               {func(c *store.Community) { c.Weights = []byte(`{}`) }, ErrInvalidWeights, []string{"all weights together are 0"}},
		"out of reach":            {func(c *store.Community) { c.Threshold = "3.00001" }, ErrInvalidWeights, []string{"no address can pass the threshold 3.00001: all weights together are 3"}},
		"no threshold":            {func(c *store.Community) { c.Threshold = "" }, store.ErrInvalid, []string{"has no threshold"}},
		"threshold of 0":          {func(c *store.Community) { c.Threshold = "0.0" }, ErrInvalidWeights, []string{"every address would pass the threshold 0.0"}},
		"negative threshold":      {func(c *store.Community) { c.Threshold = "-1" }, ErrInvalidWeights, []string{"every address would pass the threshold -1"}},
		"threshold rounded":       {func(c *store.Community) { c.Threshold = "0.000001" }, ErrInvalidWeights, []string{"the threshold 0.000001 would be kept as 0.00000"}},
		"no number":               {func(c *store.Community) { c.Threshold = "twenty" }, store.ErrInvalid, []string{`"twenty" is not a decimal`}},
		"customization rounded":   {func(c *store.Community) { c.Customization = map[string]string{"x": "0.00004"} }, ErrInvalidWeights, []string{"would be kept as 0.0000"}},
		"customization no number": {func(c *store.Community) { c.Customization = map[string]string{"x": "NaN"} }, store.ErrInvalid, []string{`weight of "x": invalid request: "NaN" is not a decimal`}},
		"customization negative":  {func(c *store.Community) { c.Customization = map[string]string{"x": "-1"} }, ErrInvalidWeights, []string{`weight of "x" is below 0`}},
		"customization hides all": {func(c *store.Community) { c.Customization = map[string]string{"Google": "0"} }, ErrInvalidWeights, []string{"all weights together are 2"}},
		"all at once": {func(c *store.Community) {
			*c = store.Community{Name: strings.Repeat("n", 101), Rule: "FIFO", Scorer: "SUM", Weights: []byte(`{"a":"x","b":"-1","c":[]}`), Threshold: "-2"}
		}, ErrInvalidWeights, []string{`weight of "a"`, `weight of "c"`, "FIFO", "its id", "101 characters", `scorer "SUM"`, `weight of "b" is below 0`, "threshold -2"}},
		"many negative": {func(c *store.Community) {
			c.Weights = []byte("{" + strings.ReplaceAll(strings.Join(tooMany, ","), `"x"`, "-1") + `,"z":3}`)
		}, ErrInvalidWeights, slices.Repeat([]string{"is below 0"}, 19)},
		"very many": {func(c *store.Community) { c.Weights = []byte("{" + strings.Join(tooMany, ",") + "}") }, ErrInvalidWeights, slices.Repeat([]string{"invalid decimal"}, 20)},
	} {
		t.Run(name, func(t *testing.T) {
			community := store.Community{ID: 1, Name: "Demo", Weights: []byte(`{"Google": "1", "Github": "2"}`), Threshold: "3"}
			test.change(&community)
			err := CheckCommunity(community)
			if test.want == nil {
				require.NoError(t, err)
				stored, err := community.Stored()
				require.NoError(t, err)
				_, err = termsOf(&stored)
				require.NoError(t, err, "the engine can score it")
				return
			}
			require.ErrorIs(t, err, test.want)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(test.text), "%v", err)
			for i, text := range test.text {
				assert.Contains(t, lines[i], text)
				assert.Less(t, len(lines[i]), 1000)
			}
		})
	}
}
