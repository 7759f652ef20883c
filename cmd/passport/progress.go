package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// plainEvery is the time between two lines of plain progress.
const plainEvery = 10 * time.Second

// progress shows how far a run is: a bar on a terminal, a line from time to
// time elsewhere.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: lines, if there is an interval
	every time.Duration
	shown time.Time
	ended bool
}

// addProgress adds the flag --progress.
func addProgress(cmd *cobra.Command, mode *string) {
	modes := []string{"auto", "bar", "plain", "none"}
	cmd.Flags().StringVar(mode, "progress", "auto", "how progress is shown: `auto`, bar, plain, none; auto is a bar on a terminal, and lines elsewhere")
	_ = cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions(modes, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there
}

func newProgress(out io.Writer, mode string) (*progress, error) {
	if mode == "auto" {
		mode = "plain"
		if file, is := out.(*os.File); is && term.IsTerminal(int(file.Fd())) {
			mode = "bar"
		}
	}
	switch mode {
	case "bar":
		return &progress{out: out, every: 100 * time.Millisecond, bar: progressbar.NewOptions64(barLength,
			progressbar.OptionSetWriter(out), progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetWidth(24),
			progressbar.OptionSetTheme(progressbar.ThemeASCII))}, nil
	case "plain":
		return &progress{out: out, every: plainEvery, shown: time.Now()}, nil
	case "none":
		return &progress{out: out}, nil
	}
	return nil, usagef("--progress is auto, bar, plain or none, not %.40q", mode)
}

// barLength is the number of steps of a bar, one less than which it shows as
// long as the run goes on.
const barLength = 1000

// update shows the fraction that is done, and the text, unless it is too early
// for that.
func (p *progress) update(fraction float64, text func() string) {
	if p.every == 0 || p.ended || time.Since(p.shown) < p.every {
		return
	}
	p.shown = time.Now()
	if p.bar == nil {
		_, _ = fmt.Fprintf(p.out, "%3.0f %% %s\n", 100*min(fraction, 1), text())
		return
	}
	_ = p.bar.Set64(int64(min(fraction*barLength, barLength-1))) // the bar is no reason to fail
	p.bar.Describe(text())
}

// notef writes a line above the bar.
func (p *progress) notef(format string, args ...any) {
	if p.bar != nil && !p.ended {
		_ = p.bar.Clear()
	}
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// end removes the bar. A second call does nothing.
func (p *progress) end() {
	if p.bar != nil && !p.ended {
		_ = p.bar.Clear()
	}
	p.ended = true
}
