package shadow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/logattr"
)

// Comparison is the outcome for one answer of the primary.
type Comparison struct {
	Community int64
	Address   string // as it was given
	// Class is the most serious one of the differences, empty if there are none.
	Class       Class
	Differences []Difference
	// Primary and Ours are how long the primary's first answer and the first plan
	// took.
	Primary, Ours time.Duration
	// Answer and Plan are the primary's first decision and that of the first
	// plan. They are nil if Err is set.
	Answer, Plan *Decision
	// Records is how many of the row and the event of the primary's first answer
	// were compared; see [WithRecords].
	Records int
	// Err is set if there was nothing to compare: [ErrNotCompared], or the error
	// of the planner, of the source of an offline run, or of the timeout.
	Err error
}

// Errors of comparisons.
var (
	// ErrNotCompared: the primary's answer is not about the wallet, or nothing
	// can be learned from it: its status is another one than 200, 400 and 500.
	ErrNotCompared = errors.New("the answer is not about the wallet")
	// ErrPanic: the planner, the primary in a second look, or a function of the
	// host panicked.
	ErrPanic = errors.New("a comparison panicked")
)

// answered is a decision of the primary, and when it was asked for.
type answered struct {
	Decision
	records

	asked time.Time // by this machine's clock
	took  time.Duration
}

// question is an answer that is to be compared.
type question struct {
	community int64
	address   string
	first     answered
	// fetch completes the first answer.
	fetch func(ctx context.Context) error
	// ask asks the primary again; nil if it must not be asked.
	ask func(ctx context.Context) (Decision, error)
}

// secondLooks is how often the primary is asked again while the input changes.
// The first one can end with another version of the same credentials, since a
// store may give a wallet one when it has written its score.
const secondLooks = 3

// judge compares.
func (s *Shadow) judge(ctx context.Context, q *question) (c Comparison) {
	c = Comparison{Community: q.community, Address: q.address}
	defer func() {
		if thrown := recover(); thrown != nil {
			c.Err, c.Differences, c.Class, c.Answer, c.Plan = ErrPanic, nil, "", nil, nil
			s.logger.LogAttrs(ctx, slog.LevelError, "a comparison panicked", slog.Int64("community", q.community),
				slog.String("panic", fmt.Sprint(thrown)), slog.String("stack", string(debug.Stack())))
		}
	}()
	if c.Err = q.fetch(ctx); c.Err != nil {
		return c
	}
	c.Primary = q.first.took
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c.Differences, c.Err = s.settle(ctx, q, &c)
	c.Class = Worst(c.Differences)
	return c
}

// settle returns the differences, each with its final class.
func (s *Shadow) settle(ctx context.Context, q *question, c *Comparison) ([]Difference, error) {
	if !decides(q.first.Status) {
		return nil, ErrNotCompared
	}
	var err error
	if q.first.records, err = s.readRecords(ctx, q, &q.first.Decision); err != nil {
		return nil, err
	}
	began := time.Now()
	ours, err := s.plan(ctx, q)
	c.Ours = time.Since(began)
	if err != nil {
		return nil, err
	}
	c.Answer, c.Plan = &q.first.Decision, &ours.Decision
	found, records := s.compare(&q.first, &ours)
	c.Records = records
	if Worst(found) != Real {
		return found, nil
	}
	if s.once || q.ask == nil {
		return become(found, Unconfirmed), nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return become(found, Unconfirmed), nil
	}
	return s.lookAgain(ctx, q, found), nil
}

// lookAgain asks the primary between two plans until these are equal: then the
// three rest on the same input.
func (s *Shadow) lookAgain(ctx context.Context, q *question, found []Difference) []Difference {
	before, err := s.plan(ctx, q) // not the first one: this comparison may have waited for its turn
	for n := 0; err == nil && n < secondLooks; n++ {
		var again answered
		var ours look
		if again, ours, err = s.askBetween(ctx, q); err != nil {
			break
		}
		if ours.sameAs(&before) {
			return s.conclude(q, found, &again, &ours)
		}
		before = ours
	}
	if err != nil {
		return become(found, Unconfirmed)
	}
	return become(found, Changed)
}

// askBetween asks the primary again, and then plans again.
func (s *Shadow) askBetween(ctx context.Context, q *question) (again answered, ours look, err error) {
	again.asked = time.Now()
	if again.Decision, err = q.ask(ctx); err != nil {
		return again, ours, err
	}
	if !decides(again.Status) {
		return again, ours, ErrNotCompared
	}
	if again.records, err = s.readRecords(ctx, q, &again.Decision); err != nil {
		return again, ours, err
	}
	ours, err = s.plan(ctx, q)
	return again, ours, err
}

// conclude returns the differences that the primary has repeated. If there are
// none, those of its first answer are no longer real.
func (s *Shadow) conclude(q *question, found []Difference, again *answered, ours *look) []Difference {
	if confirmed, _ := s.compare(again, ours); len(confirmed) > 0 {
		return confirmed
	}
	if isClaimOrder(found, &q.first.Decision, &ours.Decision) {
		return become(found, ClaimOrder)
	}
	return become(found, Unrepeated)
}

// decides reports whether an answer with the status is a decision about the
// wallet. 404 may be about the caller, who has no such community.
func decides(status int) bool {
	switch status {
	case http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError:
		return true
	}
	return false
}

// plan returns our decision. A wallet that cannot be scored is a decision too.
func (s *Shadow) plan(ctx context.Context, q *question) (look, error) {
	plan, err := s.planner.Plan(ctx, q.community, q.address)
	var impossible *passport.ScoringError
	switch {
	case err == nil && (plan == nil || plan.Result == nil):
		return look{}, errors.New("the planner returned no plan")
	case err == nil:
		l := lookAt(plan)
		if s.recorder != nil {
			l.row, l.event = planned(plan, plan.Result.Address)
		}
		return l, nil
	case errors.Is(err, passport.ErrInvalidAddress):
		return look{Decision: Decision{Status: http.StatusBadRequest}}, nil
	case errors.Is(err, passport.ErrCommunityNotFound):
		return look{Decision: Decision{Status: http.StatusNotFound}}, nil
	case errors.As(err, &impossible) && s.scoringErrorStatus:
		return look{Decision: Decision{Status: http.StatusInternalServerError}}, nil
	case errors.As(err, &impossible):
		return look{Decision: Decision{Status: http.StatusOK, Failed: true}}, nil
	}
	return look{}, err
}

// compare returns the differences, and how many records were compared.
func (s *Shadow) compare(primary *answered, ours *look) ([]Difference, int) {
	rules := s.rules
	rules.Elapsed = time.Since(primary.asked)
	recorded, n := rules.compareRecords(primary, ours)
	return append(rules.compare(&primary.Decision, &ours.Decision, ours.before), recorded...), n
}

// become gives the differences that seem to be real the class.
func become(found []Difference, class Class) []Difference {
	for i := range found {
		if found[i].Class == Real {
			found[i].Class = class
		}
	}
	return found
}

// report records the outcome.
func (s *Shadow) report(ctx context.Context, c *Comparison) {
	s.tally.add(c)
	address, describe := c.Address, logattr.Error
	if s.hide {
		address, describe = "hidden", logattr.Cause // the text of an error has the address
	}
	about := []slog.Attr{slog.Int64("community", c.Community), slog.String("address", address), logattr.Duration(c.Ours)}
	switch {
	case c.Class == Real:
		s.logger.LogAttrs(ctx, slog.LevelWarn, "the decisions differ", append(about, slog.Int("differences", len(c.Differences)))...)
	case c.Err != nil && !errors.Is(c.Err, ErrNotCompared):
		s.logger.LogAttrs(ctx, slog.LevelError, "a comparison failed", append(about, describe(c.Err))...)
	}
}
