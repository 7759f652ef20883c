package histories

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// History is the course of a plan that was carried out.
type History struct {
	Plan *Plan
	// Operations are the steps of all clients, in the order of their returns.
	Operations []Operation
	// Readings are of when all clients were done, and of the end.
	Readings []Reading
	// Alone is the number of the client that works before and after all others.
	Alone int
}

// Reading is the content at one time, with no client at work.
type Reading struct {
	*Rows

	Call, Return int64
	At           time.Duration // by the clock
}

// Operation is a step that was done, and its answer.
type Operation struct {
	Client int
	Step   Step
	// Call and Return count; a step that returned before another was called has
	// the lower number.
	Call, Return int64
	// From and To are the times of the clock then.
	From, To time.Duration
	// Visit is the row that the host wrote beside it.
	Visit string
	Ended Ending
	// Err is set unless it is done.
	Err error
	// Attempts counts how often the wallet was read.
	Attempts int
	// Batch is the number of wallets that were scored together, 0 if it is not one
	// of several, and Workers the number of batches under way at once.
	Batch, Workers int

	// The answer, by action.
	Result *passport.Result
	Latest *passport.LastScore // nil: never scored
	Claims []store.Claim
	Page   *store.CredentialPage
	Count  int
}

// Ending is how an operation ended.
type Ending string

// The endings. An operation that failed has changed nothing; one whose outcome
// is unknown did all of its work or nothing, now or later.
const (
	Done    Ending = "done"
	Failed  Ending = "failed"
	Unknown Ending = "unknown"
)

// String writes the history down, for a person to follow.
func (h *History) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d\n", h.Plan.Seed)
	for i, c := range h.Plan.Credentials {
		fmt.Fprintf(&text, "c%d: %v\n", i, c)
	}
	for i := range h.Operations {
		op := &h.Operations[i]
		fmt.Fprintf(&text, "%4d-%-4d client %d: %v → %s\n", op.Call, op.Return, op.Client, op.Step, h.answer(op))
	}
	for _, reading := range h.Readings {
		fmt.Fprintf(&text, "%4d-%-4d rows:\n", reading.Call, reading.Return)
		for _, row := range reading.Claims {
			fmt.Fprintf(&text, "\t%v\n", row)
		}
		for _, row := range reading.Scores {
			fmt.Fprintf(&text, "\t%v: %v\n", row.WalletPlace, row.Standing)
		}
	}
	return text.String()
}

// answer is the answer to the operation's client, in words.
func (h *History) answer(op *Operation) string {
	if op.Ended != Done {
		return fmt.Sprintf("%s: %v", op.Ended, op.Err)
	}
	switch op.Step.Action {
	case Score, Preview:
		return h.resultText(op)
	case Latest:
		if op.Latest == nil {
			return "never scored"
		}
		return fmt.Sprintf("%s at +%v", op.Latest.Score, since(op.Latest.ScoredAt))
	case Claims:
		var claims []string
		for _, c := range op.Claims {
			claims = append(claims, fmt.Sprintf("n%d until +%v", slices.Index(h.Plan.Nullifiers, c.Nullifier), since(c.ExpiresAt)))
		}
		return strings.Join(claims, ", ")
	case Credentials:
		return fmt.Sprintf("%d credentials", len(op.Page.Credentials))
	case Delete, Revoke:
		return strconv.Itoa(op.Count)
	case Add, Wait, Regroup:
	}
	return "done"
}

func (h *History) resultText(op *Operation) string {
	parts := []string{fmt.Sprintf("%s at +%v, attempt %d:", op.Result.Score, since(op.Result.ScoredAt), op.Attempts)}
	if op.Result.Unchanged {
		parts = append(parts, "unchanged")
	}
	for _, s := range op.Result.Stamps {
		name := s.Provider
		if i, found := h.Plan.expiring(since(s.ExpiresAt)); found {
			name = fmt.Sprintf("c%d", i)
		}
		part := fmt.Sprintf("%s %s", name, s.Outcome)
		if s.Outcome == passport.Deduplicated {
			part += fmt.Sprintf(" until +%v", since(s.ClaimedUntil))
		}
		parts = append(parts, part)
	}
	for _, award := range op.Result.Points {
		parts = append(parts, award.Action+" "+award.Provider)
	}
	return strings.Join(parts, " ")
}
