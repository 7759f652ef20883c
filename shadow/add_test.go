package shadow_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

func TestVerdict_Add(t *testing.T) {
	alice := passporttest.Address("alice")
	difference := func(field shadow.Field, class shadow.Class) shadow.Difference {
		d := shadow.Difference{Field: field, Class: class, Primary: "1", Ours: "2"}
		if field == shadow.FieldCanonical {
			d.Primary = alice
		}
		return d
	}
	var v shadow.Verdict
	for _, c := range []shadow.Comparison{
		{Address: alice},
		{Address: alice, Err: shadow.ErrNotCompared},
		{Address: alice, Err: errors.New("away")},
		{Address: alice, Differences: []shadow.Difference{difference(shadow.FieldScore, shadow.Rounding)}},
		{Address: alice, Differences: []shadow.Difference{
			difference(shadow.FieldScore, shadow.Rounding), difference(shadow.FieldCanonical, shadow.Real), difference(shadow.FieldExpiry, shadow.Real),
		}},
		{Address: alice, Differences: []shadow.Difference{difference(shadow.FieldExpiry, shadow.Real)}},
	} {
		v.Add(&c, 1)
	}
	v.Settle()
	assert.Equal(t, [5]uint64{4, 1, 1, 1, 4}, [5]uint64{v.Compared, v.Agreed, v.Skipped, v.Failed, v.Settled})
	assert.InDelta(t, shadow.Bound(2, 4, shadow.Confidence), v.Bound, 1e-9)
	assert.Equal(t, shadow.Real, v.Classes[0].Class)
	assert.Equal(t, shadow.Rounding, v.Classes[1].Class)
	assert.Equal(t, map[shadow.Field]uint64{shadow.FieldCanonical: 1, shadow.FieldExpiry: 2}, v.Classes[0].Fields)
	assert.Len(t, v.Classes[0].Samples, 1)

	anonymous := v.WithoutAddresses()
	assert.NotContains(t, textOf(anonymous), "0x")
	assert.Contains(t, textOf(&v), alice, "the verdict itself has not changed")
	assert.Equal(t, shadow.Real, shadow.Worst(v.Classes[0].Samples[0].Differences))
	assert.Empty(t, shadow.Worst(nil))
}
