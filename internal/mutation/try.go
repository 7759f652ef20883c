package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// try builds the tests and runs them on every mutant, some at a time.
func (o *order) try(ctx context.Context, plans []plan) ([]trial, error) {
	temp, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	b := &builder{root: o.root, temp: temp, seconds: o.seconds}
	shared, err := b.shared(ctx, plans)
	if err != nil {
		return nil, err
	}

	var tasks []func(context.Context) (*trial, error)
	for _, p := range plans {
		for _, m := range p.together {
			tasks = append(tasks, func(ctx context.Context) (*trial, error) {
				return b.judge(ctx, m, p.target.suites, func(s suite) (string, error) { return shared[s.dir], nil })
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
	return inParallel(ctx, tasks, o.workers, o.told)
}

// shared builds the suites once, with all mutants in them, and sees that they
// pass on the code as it is written.
func (b *builder) shared(ctx context.Context, plans []plan) (map[string]string, error) {
	texts := map[string]string{}
	for _, p := range plans {
		maps.Copy(texts, p.texts)
	}
	binaries := map[string]string{}
	for _, p := range plans {
		for _, s := range p.target.suites {
			if binaries[s.dir] != "" {
				continue
			}
			binary, err := b.build(ctx, "shared", s.dir, texts)
			if err != nil {
				return nil, err
			}
			unchanged, err := b.run(ctx, binary, s, 0)
			if err != nil {
				return nil, err
			}
			if unchanged.outcome != survived {
				return nil, fmt.Errorf("without any mutant the tests of %s fail:\n%s", s.dir, unchanged.output)
			}
			binaries[s.dir] = binary
		}
	}
	return binaries, nil
}

// judge runs the suites until one notices the mutant.
func (b *builder) judge(ctx context.Context, m *mutant, suites []suite, binary func(suite) (string, error)) (*trial, error) {
	t := &trial{mutant: m}
	for _, s := range suites {
		path, err := binary(s)
		if errors.Is(err, errBuild) {
			return nil, nil // it compiles in its own package, but not with one that uses it
		}
		if err != nil {
			return nil, err
		}
		if t.verdict, err = b.run(ctx, path, s, m.number); err != nil {
			return nil, err
		}
		t.verdict.output = ""
		if t.verdict.outcome != survived {
			break
		}
	}
	return t, nil
}

// inParallel returns what the tasks return, in their order, without those that
// return nil. The first error stops them all. It tells told now and then how far it is.
func inParallel(ctx context.Context, tasks []func(context.Context) (*trial, error), workers int, told io.Writer) ([]trial, error) {
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
				}
			}
		})
	}
	for i := range tasks {
		if ctx.Err() != nil {
			break
		}
		if i > 0 && i%200 == 0 {
			fmt.Fprintf(told, "%d of %d\n", i, len(tasks))
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

// writeReport writes a line for each mutant: what became of it, at which
// test, and its id.
func writeReport(path string, trials []trial) error {
	var out strings.Builder
	for _, t := range trials {
		fmt.Fprintf(&out, "%s\t%s\t%s\n", t.verdict.outcome, t.verdict.by, t.mutant.id)
	}
	return os.WriteFile(path, []byte(out.String()), 0o600)
}
