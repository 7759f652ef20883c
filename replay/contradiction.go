package replay

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// The fields of a replay, beside those of package shadow.
const (
	// FieldRecord: parts of the record contradict each other. Primary is what is
	// recorded, and Ours what follows from the rest of the record.
	FieldRecord shadow.Field = "record"
	// FieldEvent: the event of a score, or of a deduplicated stamp, is not what
	// the score is. Primary is that of the event, and Ours that of the score.
	FieldEvent = shadow.FieldEvent
)

// contradiction is a part of a record that does not follow from its other
// parts.
type contradiction struct {
	shadow.Difference

	of shadow.Field // which part
}

// contradictions returns what no later change of stamps or terms can explain. A
// member of linked wallets may reach the threshold and not pass.
func (r *record) contradictions(member bool) (found []contradiction) {
	add := func(of shadow.Field, provider, what, recorded, follows string) {
		found = append(found, contradiction{shadow.Difference{
			Field: FieldRecord, Provider: provider, Primary: what + recorded, Ours: what + follows, Class: shadow.Real,
		}, of})
	}
	if r.unknown || r.Failed || r.Malformed {
		return nil
	}
	if reaches := r.Score.Cmp(r.Threshold) >= 0; !r.summed && r.Passing != reaches && (r.Passing || !member) {
		add(shadow.FieldPassing, "", "passing ", strconv.FormatBool(r.Passing), strconv.FormatBool(reaches))
	}
	if value := verdict(r.Passing); !r.summed && r.value != "" && !same(r.value, value) {
		add(FieldRecord, "", "value ", r.value, value)
	}
	if r.bare {
		return found
	}
	sum, first, counted := new(big.Rat), time.Time{}, int64(0)
	for _, provider := range slices.Sorted(maps.Keys(r.Stamps)) {
		s := r.Stamps[provider]
		number, has := r.numbers[provider]
		if r.numbers != nil && (has == s.Deduplicated || has && !within(rat(number), rat(s.Score), 1)) {
			add(FieldRecord, provider, "weight ", text(number, has), text(s.Score, !s.Deduplicated))
		}
		if s.Deduplicated {
			continue
		}
		counted++
		sum.Add(sum, rat(s.Score))
		if first.IsZero() || !s.ExpiresAt.IsZero() && s.ExpiresAt.Before(first) {
			first = s.ExpiresAt
		}
	}
	if !within(sum, rat(r.Score), counted) {
		add(shadow.FieldScore, "", "score ", r.Score.String(), sum.FloatString(places))
	}
	if r.ExpiresAt.Sub(first).Abs() >= time.Second {
		add(shadow.FieldExpiry, "", "expiry ", moment(r.ExpiresAt), moment(first))
	}
	return found
}

// within reports whether the numbers differ by at most that many units of the
// last decimal of a stamp.
func within(a, b *big.Rat, units int64) bool {
	return new(big.Rat).Abs(new(big.Rat).Sub(a, b)).Cmp(big.NewRat(units, 100_000)) <= 0
}

// verdict returns the value of a score.
func verdict(passing bool) string {
	if passing {
		return "1"
	}
	return "0"
}

// same reports whether both texts spell the same number.
func same(a, b string) bool {
	var x, y passport.Decimal
	return x.UnmarshalText([]byte(a)) == nil && y.UnmarshalText([]byte(b)) == nil && x.Cmp(y) == 0
}

func text(d passport.Decimal, has bool) string {
	if !has {
		return "none"
	}
	return d.String()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return store.FormatTime(t)
}
