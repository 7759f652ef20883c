package faults_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/tables"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/store"
)

// effect is the effect of a scoring on the tables.
type effect string

const (
	nothing    effect = "nothing" // they are as before
	everything effect = "everything"
	either     effect = "nothing or everything"
)

// outcome is one that a disturbed scoring may have.
type outcome struct {
	// errs are those that the error must be, all of them; none for a success.
	errs   []error
	effect effect
}

var (
	success     = outcome{nil, everything}
	unavailable = outcome{[]error{store.ErrUnavailable}, nothing}
	lost        = outcome{[]error{store.ErrUnknownOutcome}, nothing}
	committed   = outcome{[]error{store.ErrUnknownOutcome}, everything}
	cancelled   = outcome{[]error{context.Canceled}, nothing}
)

// and returns the outcome whose error is one more.
func (o outcome) and(err error) outcome {
	return outcome{append(slices.Clone(o.errs), err), o.effect}
}

func (o outcome) String() string {
	text := "success"
	for i, err := range o.errs {
		if i == 0 {
			text = ""
		} else {
			text += " and "
		}
		text += err.Error()
	}
	return text + "; " + string(o.effect) + " written"
}

// experiment is one scoring by one way.
type experiment struct {
	*lab

	way     *way
	address string // the first one
	course  *course
	// engine is the one that scores, nil for a new one.
	engine *passport.Engine
	// skip is the number of scorings before the one that is disturbed.
	skip int
	// on is the way's store, or one that a test puts around it.
	on store.Store
	// ctx is the scoring's.
	ctx    context.Context
	cancel context.CancelFunc
	struck atomic.Bool // the disturbance has happened
}

// experiment puts the tables back to what they were before.
func (l *lab) experiment(by *way, address string) *experiment {
	l.t.Helper()
	l.Restore()
	x := &experiment{lab: l, way: by, on: by.store}
	x.goes(address)
	x.within(time.Minute)
	return x
}

// goes sets the course of the experiment.
func (x *experiment) goes(name string) {
	x.course = x.want[name]
	x.address = x.course.addresses[0]
}

// knowing is a course of an engine that has scored the wallet before.
func (x *experiment) knowing() {
	x.goes(again)
	x.engine = x.atNoon(x.on)
	_, err := x.engine.Score(x.ctx, world.One, x.address)
	require.NoError(x.t, err, x.way.name)
}

// within gives the scoring so much time.
func (x *experiment) within(limit time.Duration) {
	x.ctx, x.cancel = context.WithTimeout(x.t.Context(), limit)
	x.t.Cleanup(x.cancel)
}

// run scores, and returns everything that is wrong.
func (x *experiment) run(want outcome) []string {
	var result results
	var err error
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		result, err = x.score()
	}()
	var late []string
	select {
	case <-returned:
	case <-x.overdue():
		if !x.way.pq {
			late = []string{"the scoring went on after its context had ended"}
		}
		x.heal()
		<-returned
	}
	return append(late, x.judge(want, result, err)...)
}

func (x *experiment) score() (results, error) {
	engine := x.engine
	if engine == nil {
		engine = x.atNoon(x.on, x.course.options()...)
	}
	return x.course.score(x.ctx, engine.On(x.on))
}

// overdue is closed when a scoring has gone on for long after its context has
// ended.
func (x *experiment) overdue() <-chan struct{} {
	long := x.patience
	if x.way.pq {
		long = 50 * time.Millisecond
	}
	overdue := make(chan struct{})
	context.AfterFunc(x.ctx, func() { time.AfterFunc(long, func() { close(overdue) }) })
	return overdue
}

// mustBe scores, and reports everything that is wrong.
func (x *experiment) mustBe(want outcome) {
	assert.Empty(x.t, x.run(want), x.way.name)
}

// mustHave lets everything pass again, and reports everything that is wrong.
func (x *experiment) mustHave(want outcome, result results, err error) {
	assert.Empty(x.t, x.judge(want, result, err), x.way.name)
}

// mustLeave is mustHave without an answer.
func (x *experiment) mustLeave(want outcome) {
	j := judgement{experiment: x}
	j.tables(want)
	assert.Empty(x.t, j.faults, x.way.name)
}

// without lets the scoring be repeated by the lab's own way, without the
// parameters of this one.
func (x *experiment) without() {
	x.way = x.by[slices.IndexFunc(x.by, func(by *way) bool { return by.name == x.way.name })]
}

func (x *experiment) judge(want outcome, result results, err error) []string {
	j := judgement{experiment: x}
	j.answer(want, result, err)
	j.tables(want)
	return j.faults
}

func (j *judgement) tables(want outcome) {
	j.heal()
	if !j.struck.Load() {
		j.faultf("the disturbance did not happen")
	}
	j.repeat(j.wrote(want))
}

func (x *experiment) heal() {
	x.way.proxy.Watch(nil)
	x.way.proxy.Pace(0, 0)
}

// judgement collects faults.
type judgement struct {
	*experiment

	faults []string
}

func (j *judgement) faultf(format string, args ...any) {
	j.faults = append(j.faults, fmt.Sprintf(format, args...))
}

// answer checks the caller's answer.
func (j *judgement) answer(want outcome, result results, err error) {
	if (err == nil) != (len(want.errs) == 0) || (result == nil) != (err != nil) {
		j.faultf("the caller gets %v and a result: %t; want %s", err, result != nil, want)
		return
	}
	for _, wanted := range want.errs {
		if !errors.Is(err, wanted) {
			j.faultf("the error %q is not %q", err, wanted)
		}
	}
	unknown := slices.Contains(want.errs, store.ErrUnknownOutcome)
	if errors.Is(err, store.ErrUnknownOutcome) != unknown {
		j.faultf("the error %q is of unknown outcome, or is not", err)
	}
	if errors.Is(err, store.ErrConflict) {
		j.faultf("the error %q asks to be repeated", err)
	}
	if err == nil && !same(result, j.course.results, true) {
		j.faultf("the result is %+v, undisturbed it is %+v", result, j.course.results)
	}
}

// same reports whether the results are the same, but for the points, which may
// have been earned before, and the scores before them unless they are the
// first.
func same(some, others results, first bool) bool {
	return slices.EqualFunc(some, others, func(result, other *passport.Result) bool {
		one, two := *result, *other
		if !first {
			one.Points, two.Points = nil, nil
			one.Before, two.Before = nil, nil
		}
		return reflect.DeepEqual(one, two)
	})
}

// wrote checks the content of the tables once nothing goes on any more.
func (j *judgement) wrote(want outcome) (done effect) {
	j.nothingLeft()
	switch now := j.state(); {
	case slices.Equal(now, j.course.before):
		done = nothing
	case slices.Equal(now, j.course.once):
		done = everything
	default:
		j.faultf("part of the scoring is written, or too much: %s", difference(j.course.once, now))
	}
	if done != want.effect && want.effect != either {
		j.faultf("%s is written, want %s", done, want.effect)
	}
	j.consistent()
	return done
}

// repeat scores again, undisturbed. A connection that has died unnoticed may
// cost an attempt.
func (j *judgement) repeat(done effect) {
	engine := j.engine
	if engine == nil {
		engine = j.atNoon(j.way.store, j.course.options()...)
	}
	engine = engine.On(j.way.store)
	result, err := j.course.score(j.t.Context(), engine)
	for range connections {
		if !errors.Is(err, store.ErrUnavailable) {
			break
		}
		result, err = j.course.score(j.t.Context(), engine)
	}
	if err != nil {
		j.faultf("the scoring cannot be repeated: %v", err)
		return
	}
	if !same(result, j.course.results, done == nothing) {
		j.faultf("repeated, the result is %+v, undisturbed it is %+v", result, j.course.results)
	}
	want := j.course.once
	if done == everything {
		want = j.course.twice
	}
	if now := j.state(); !slices.Equal(now, want) {
		j.faultf("repeated, the scoring has written something else: %s", difference(want, now))
	}
	j.consistent()
	j.nothingLeft()
	j.connections()
}

// connections asks for all connections of the way.
func (j *judgement) connections() {
	ctx, cancel := context.WithTimeout(j.t.Context(), j.patience)
	defer cancel()
	if err := j.way.afterwards(ctx); err != nil {
		j.faultf("the connections are not all there: %v", err)
	}
}

func (j *judgement) consistent() {
	broken, err := tables.Check(j.t.Context(), j.Pool, world.Limits())
	if err != nil {
		j.faultf("the tables cannot be checked: %v", err)
	}
	j.faults = append(j.faults, broken...)
}

func (j *judgement) nothingLeft() {
	deadline := time.Now().Add(j.patience)
	for {
		left, err := tables.Left(j.t.Context(), j.Pool)
		if err == nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			j.faultf("something is left: %q, %v", left, err)
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// difference returns the rows that only one of the states has.
func difference(want, got state) string {
	var text strings.Builder
	for _, row := range want {
		if !slices.Contains(got, row) {
			fmt.Fprintf(&text, "\n\t- %.300s", row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			fmt.Fprintf(&text, "\n\t+ %.300s", row)
		}
	}
	if text.Len() == 0 {
		fmt.Fprintf(&text, "%d rows, want %d", len(got), len(want))
	}
	return text.String()
}
