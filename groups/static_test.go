package groups_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/store"
)

const (
	alice passport.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   passport.Address = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
	carol passport.Address = "0xca401ca401ca401ca401ca401ca401ca401ca401"
)

func ExampleParse() {
	const file = `[
		{"id": "ada", "wallets": ["0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c", "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"]}
	]`
	linked, err := groups.Parse(strings.NewReader(file))
	if err != nil {
		panic(err)
	}
	// passport.New(db, passport.WithGroups(linked, passport.FailScoring))
	of, err := linked.GroupsOf(context.Background(), "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00")
	if err != nil {
		panic(err)
	}
	fmt.Println(of[0].ID, of[0].Wallets[0])
	// Output: ada 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c
}

func TestParse(t *testing.T) {
	linked, err := groups.Parse(strings.NewReader(
		`[{"wallets": ["0xB0B` + string(bob[5:]) + `", "` + string(alice) + `"], "id": "1"}, {"wallets": ["` + string(carol) + `"]}]`))
	require.NoError(t, err)
	first := passport.Group{ID: "1", Wallets: []passport.Address{bob, alice}}
	got, err := linked.GroupsOf(t.Context(), carol, alice, "0x", bob)
	require.NoError(t, err)
	assert.Equal(t, []passport.Group{{Wallets: []passport.Address{carol}}, first, {}, first}, got)

	got[1].Wallets[0] = carol
	got, err = linked.GroupsOf(t.Context(), bob)
	require.NoError(t, err)
	assert.Equal(t, []passport.Group{first}, got, "a caller has changed its copy")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = linked.GroupsOf(ctx, bob)
	require.ErrorIs(t, err, context.Canceled)
}

func TestParse_Invalid(t *testing.T) {
	group := func(wallets ...passport.Address) string {
		quoted := make([]string, len(wallets))
		for i, wallet := range wallets {
			quoted[i] = `"` + string(wallet) + `"`
		}
		return `{"wallets": [` + strings.Join(quoted, ",") + `]}`
	}
	many := make([]passport.Address, store.MaxGroup+1)
	for i := range many {
		many[i] = passport.Address(fmt.Sprintf("0x%040x", i))
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {``, "a list of groups"},
		"an object":         {`{}`, "the groups are an object, not a list"},
		"no object":         {`[[]]`, "group 1 is a list, not"},
		"another member":    {`[{"id": "a", "wallet": []}]`, `group 1 is an object with "wallet": a list, not`},
		"an id twice":       {`[{"id": "a", "id": "b"}]`, "twice"},
		"a numeric id":      {`[{"id": 1}]`, `with "id": a number`},
		"a numeric wallet":  {`[{"wallets": [1]}]`, "a number among its wallets"},
		"more than a value": {`[] []`, "at byte"},
		"no wallets":        {`[{"id": "a"}]`, `group 1 ("a") has 0 wallets`},
		"too many wallets":  {`[` + group(many...) + `]`, fmt.Sprintf("has %d wallets, want 1 to %d", len(many), store.MaxGroup)},
		"a long id":         {`[{"id": "` + strings.Repeat("a", groups.MaxID+1) + `", "wallets": ["` + string(bob) + `"]}]`, "the id has 257 bytes"},
		"no address":        {`[` + group(alice) + `,` + group("0xb0b") + `]`, `group 2 (""): "0xb0b": `},
		"one in two groups": {`[` + group(alice, bob) + `,` + group(carol, bob) + `]`, `group 2 (""): ` + string(bob) + " is listed twice"},
		"one twice":         {`[` + group(alice, "0xA11CE"+alice[7:]) + `]`, string(alice) + " is listed twice"},
		"two of one id":     {`[{"id":"a","wallets":["` + string(bob) + `"]},{"id":"a","wallets":["` + string(alice) + `"]}]`, `another with the id "a"`},
		"too large":         {`[` + strings.Repeat(" ", groups.MaxSize), "more than 16777216 bytes"},
		"deep":              {strings.Repeat(`[`, 1000), "beyond limits"},
	} {
		t.Run(name, func(t *testing.T) {
			linked, err := groups.Parse(strings.NewReader(c.text))
			require.ErrorIs(t, err, passport.ErrMisconfigured)
			assert.ErrorContains(t, err, c.want)
			assert.Nil(t, linked)
		})
	}
	_, err := groups.Parse(strings.NewReader(`[` + group("0xb0b") + `,` + group(alice, alice) + `]`))
	assert.ErrorContains(t, err, "group 1")
	assert.ErrorContains(t, err, "group 2", "every problem is reported")
	broken := errors.New("of the disk")
	_, err = groups.Parse(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}
