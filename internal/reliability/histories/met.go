package histories

import (
	"errors"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/passport-sdk/passport-go/store"
)

// Met counts the situations in the history, by name: histories in which little
// happens prove little. Situations of claims are counted in the order
// that was found, which an impossible history has only in part.
func (h *History) Met() map[string]int {
	met := map[string]int{}
	for i := range h.Operations {
		for _, name := range h.Operations[i].met() {
			met[name]++
		}
	}
	f := newFacts(h)
	for _, part := range partition[claim](f.claims) {
		_, info := porcupine.CheckOperationsVerbose(claimRules().model(), part, patience)
		for _, order := range info.PartialLinearizationsOperations()[0][:1] {
			meetClaims(met, order)
		}
	}
	return met
}

// Everything lists the names that [History.Met] counts.
func Everything() []string {
	return []string{
		metRepeated, metCancelled, metUnknown, metUnchanged, metTogether, metApart, metAtOnce,
		metFree, metAgain, metLonger, metNotShorter, metRenewed, metExpired, metOnTheDot,
		metClash, metKept, metGivenFree, metGivenExpired,
	}
}

const (
	metRepeated  = "a scoring lost a race and was repeated"
	metCancelled = "a scoring was cancelled before it wrote"
	metUnknown   = "a scoring's outcome is unknown"
	metUnchanged = "a score was left alone"
	metTogether  = "wallets were scored in one batch"
	metApart     = "a batch was divided"
	metAtOnce    = "batches of one client were under way at once"

	metFree       = "a free nullifier was taken"
	metAgain      = "an own claim was made again"
	metLonger     = "an own claim was lengthened"
	metNotShorter = "an own claim stayed longer than the credential"
	metRenewed    = "an own claim that had expired was renewed"
	metExpired    = "an expired claim of another was taken"
	metOnTheDot   = "a claim of another was taken at the moment that it expired"

	metClash        = "a live claim of another was in the way"
	metKept         = "an own claim stayed, though its credential does not count"
	metGivenFree    = "a free nullifier was given to the owner of the clash"
	metGivenExpired = "an expired claim was given to the owner of the clash"
)

func (op *Operation) met() []string {
	var met []string
	if op.Step.Action != Score {
		return nil
	}
	if op.Ended == Done && op.Attempts > 1 && op.Batch == 0 {
		met = append(met, metRepeated)
	}
	if op.Ended == Done && op.Result.Unchanged {
		met = append(met, metUnchanged)
	}
	if op.Ended == Done && op.Attempts > 0 && op.Batch > 0 {
		met = append(met, map[bool]string{false: metTogether, true: metApart}[op.Attempts > op.Batch])
		if op.Workers > 1 {
			met = append(met, metAtOnce)
		}
	}
	switch {
	case op.Ended == Unknown:
		met = append(met, metUnknown)
	case op.Ended == Failed && !errors.Is(op.Err, store.ErrConflict):
		met = append(met, metCancelled)
	}
	return met
}

// meetClaims follows a claim through the order. Where an unknown outcome leaves
// more than one state possible it looks away.
func meetClaims(met map[string]int, order []porcupine.Operation) {
	states := []claim{claimRules().start}
	for _, op := range order {
		what := from[claim](op).fact
		if len(states) == 1 {
			if name := meet(states[0], what); name != "" {
				met[name]++
			}
		}
		next := map[claim]bool{}
		for _, state := range states {
			for _, after := range what.after(state) {
				next[after] = true
			}
		}
		states = slices.Collect(maps.Keys(next))
	}
}

func meet(c claim, what fact[claim]) string {
	switch f := what.(type) {
	case took:
		if !f.preview {
			return meetTaking(c, f)
		}
	case lost:
		switch {
		case f.preview:
		case c.holder == noWallet:
			return metGivenFree
		case c.holder == f.wallet:
			return metKept
		case c.until > f.at:
			return metClash
		default:
			return metGivenExpired
		}
	}
	return ""
}

func meetTaking(c claim, f took) string {
	switch {
	case c.holder == noWallet:
		return metFree
	case c.holder != f.wallet && c.until == f.at:
		return metOnTheDot
	case c.holder != f.wallet:
		return metExpired
	case c.until <= f.at:
		return metRenewed
	case c.until == f.until:
		return metAgain
	case c.until < f.until:
		return metLonger
	}
	return metNotShorter
}
