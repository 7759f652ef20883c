package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// try builds the tests and runs them on every mutant, some at a time.
func (o *order) try(ctx context.Context, plans []plan) ([]trial, error) {
	temp, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	b := &builder{root: o.root, temp: temp, unchanged: map[suite]time.Duration{}, noticed: &notices{tests: map[string][]notice{}}}
	shared, err := b.shared(ctx, plans)
	if err != nil {
		return nil, err
	}

	var tasks []func(context.Context) (*trial, error)
	for _, p := range plans {
		for _, m := range p.together {
			tasks = append(tasks, func(ctx context.Context) (*trial, error) {
				return b.judge(ctx, m, p.target.suites, shared)
			})
		}
		for _, m := range p.alone {
			tasks = append(tasks, func(ctx context.Context) (*trial, error) {
				texts, _ := p.pkg.alone(m)
				name := fmt.Sprint("mutant", m.number)
				defer b.forget(name)
				return b.judge(ctx, m, p.target.suites, func(s suite) (string, error) { return b.build(ctx, name, s.dir, texts) })
			})
		}
	}
	return inParallel(ctx, tasks, o.workers, o.reporter())
}

// reporter returns the function that reports one trial; it may be called by
// many goroutines.
func (o *order) reporter() func(*trial) {
	var one sync.Mutex
	return func(t *trial) {
		one.Lock()
		defer one.Unlock()
		fmt.Fprintf(o.report, "%s\t%s\t%s\n", t.verdict.outcome, t.verdict.by(), t.mutant.id)
	}
}

// shared returns what gives the binary of a suite: built once, with all mutants
// in it, and seen to pass on the code as it is written.
func (b *builder) shared(ctx context.Context, plans []plan) (func(suite) (string, error), error) {
	texts := map[string]string{}
	for _, p := range plans {
		maps.Copy(texts, p.texts)
	}
	binary := func(s suite) (string, error) { return b.build(ctx, "shared", s.dir, texts) }
	for _, p := range plans {
		for _, s := range p.target.suites {
			if b.unchanged[s] > 0 {
				continue
			}
			path, err := binary(s)
			if err != nil {
				return nil, err
			}
			unchanged, err := b.run(ctx, path, s, s.only, 0)
			if err != nil {
				return nil, err
			}
			if unchanged.outcome != survived {
				return nil, fmt.Errorf("without any mutant the tests of %s fail:\n%s", s.dir, unchanged.output)
			}
			b.unchanged[s] = max(unchanged.took, 1)
		}
	}
	return binary, nil
}

// judge runs the suites until one notices the mutant; first the tests that have
// noticed others of its function, which mostly do.
func (b *builder) judge(ctx context.Context, m *mutant, suites []suite, binary func(suite) (string, error)) (*trial, error) {
	type round struct {
		suite suite
		only  string
	}
	var rounds []round
	for _, s := range suites {
		if only := b.noticed.of(m, s); only != "" {
			rounds = append(rounds, round{s, only})
		}
	}
	for _, s := range suites {
		rounds = append(rounds, round{s, s.only})
	}
	for _, r := range rounds {
		path, err := binary(r.suite)
		if errors.Is(err, errBuild) {
			return nil, nil // it compiles in its own package, but not with one that uses it
		}
		if err != nil {
			return nil, err
		}
		v, err := b.run(ctx, path, r.suite, r.only, m.number)
		if err != nil {
			return nil, err
		}
		if v.outcome != survived {
			return b.found(m, r.suite, v), nil
		}
	}
	return &trial{mutant: m, verdict: verdict{outcome: survived}}, nil
}

func (b *builder) found(m *mutant, s suite, v verdict) *trial {
	if v.outcome == killed && v.test != "" {
		b.noticed.add(m, notice{s, v.test})
	}
	v.output = ""
	return &trial{mutant: m, verdict: v}
}

// notice is a test that has noticed a mutant.
type notice struct {
	suite suite
	test  string
}

// notices are the tests that have last noticed mutants, by function.
type notices struct {
	mu    sync.Mutex
	tests map[string][]notice
}

// remembered is the number of tests that are kept for each function.
const remembered = 4

func (n *notices) add(m *mutant, by notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	others := slices.DeleteFunc(n.tests[m.function()], func(other notice) bool { return other == by })
	n.tests[m.function()] = append(others[max(0, len(others)-remembered+1):], by)
}

// of returns the pattern of the suite's tests that have noticed mutants of the
// same function, "" when there are none.
func (n *notices) of(m *mutant, s suite) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var names []string
	for _, noticed := range n.tests[m.function()] {
		if noticed.suite == s {
			names = append(names, noticed.test)
		}
	}
	if names == nil {
		return ""
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

// inParallel returns the results of the tasks, in their order, without those
// that are nil, and reports each as soon as it is there. The first error stops
// all.
func inParallel(ctx context.Context, tasks []func(context.Context) (*trial, error), workers int, report func(*trial)) ([]trial, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]*trial, len(tasks))
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				var err error
				if results[i], err = tasks[i](ctx); err != nil {
					cancel(err)
				} else if results[i] != nil {
					report(results[i])
				}
			}
		})
	}
	for i := range tasks {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	var trials []trial
	for _, t := range slices.DeleteFunc(results, func(t *trial) bool { return t == nil }) {
		trials = append(trials, *t)
	}
	return trials, nil
}
