// Command mutation tests the tests: it makes small changes, mutants, to the
// code that decides who counts as human, one at a time, and runs the tests on
// each. A mutant that no test notices, a survivor, shows a rule that nothing
// holds, unless the program does the same with it.
//
// It fails when fewer than 90 % of the mutants are killed, and when a survivor
// is not explained in survivors.md, beside this file.
//
//	go -C internal/mutation run .                               # everything
//	go -C internal/mutation run . -files dedup.go,verify.go     # some files
//	go -C internal/mutation run . -sample 300 -seed 7           # some mutants
//
// Nothing in the tree is touched. The same tree gives the same mutants, ids
// and, as random tests draw the same every time, verdicts. It needs a POSIX
// shell.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	o := order{root: filepath.Join("..", ".."), targets: targets(), survivors: "survivors.md", report: io.Discard}
	files := flag.String("files", "", "only files of these names, separated by commas")
	flag.StringVar(&o.matching, "match", "", "only mutants whose id contains this")
	flag.IntVar(&o.sample, "sample", 0, "only so many, drawn at random; 0 means all")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the sample")
	flag.IntVar(&o.workers, "workers", runtime.NumCPU(), "mutants tried at a time")
	report := flag.String("report", "", "write to this file what became of each mutant, as soon as it is known: outcome, test and id")
	flag.BoolVar(&o.list, "list", false, "list the mutants, try none")
	flag.Parse()
	if *files != "" {
		o.files = strings.Split(*files, ",")
	}

	if *report != "" {
		file, err := os.Create(*report)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		o.report = file // every line is written at once: nothing is lost when it is not closed
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := o.carryOut(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// order is what a run is asked to do.
type order struct {
	root      string
	targets   []target
	survivors string // the file that explains them
	report    io.Writer

	files    []string
	matching string
	sample   int
	seed     uint64
	workers  int
	list     bool
}

func (o *order) everything() bool { return o.files == nil && o.matching == "" && o.sample == 0 }

func (o *order) carryOut(ctx context.Context, out io.Writer) error {
	began := time.Now()
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	o.root = root
	document, err := os.ReadFile(o.survivors)
	if err != nil {
		return err
	}
	reasons, err := explanations(string(document))
	if err != nil {
		return fmt.Errorf("%s: %w", o.survivors, err)
	}
	plans, err := o.plan(ctx)
	if err != nil {
		return err
	}
	if o.list {
		for _, p := range plans {
			for _, m := range slices.Concat(p.together, p.alone) {
				fmt.Fprintln(out, m.id)
			}
		}
		return nil
	}
	trials, err := o.try(ctx, plans)
	if err != nil {
		return err
	}
	wrong := judge(out, trials, reasons, o.everything())
	fmt.Fprintf(out, "%s on %d at a time\n", time.Since(began).Round(time.Second), o.workers)
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}
