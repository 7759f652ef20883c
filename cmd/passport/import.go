package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
)

func (p *program) importing() *cobra.Command {
	var preview bool
	var mode string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import signed credentials from a dump or from lines of JSON",
		Long: `Import adds signed credentials to the wallets that are their subjects. The file
is JSON: credentials one after the other, such as one a line, or in a list, or
answers of GET /v2/stamps/{address}. A dash stands for standard input.

Each credential is verified as in a scoring. Invalid ones are refused and
counted by reason; the first 20 are listed. A wallet keeps the newest credential
of each provider, so an import that was interrupted can be repeated.`,
		Example: `  passport import dump.jsonl --preview
  zcat dump.jsonl.gz | passport import - --format json`,
		Args: cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json")
	cmd.Flags().BoolVar(&preview, "preview", false, "count what an import would do, and change nothing")
	addProgress(cmd, &mode)
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) (err error) {
		show, err := newProgress(p.stderr, mode)
		if err != nil {
			return err
		}
		defer show.end()
		source, err := p.source(args[0], show)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		db, engine, err := p.openEngine(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		run := engine.Import
		if preview {
			run = engine.PreviewImport
		}
		report, err := run(cmd.Context(), db, source, listRefusals(show))
		show.end()
		if err != nil && report.Stored > 0 && !preview {
			p.notef("%d credentials are stored; the import can be repeated", report.Stored)
		}
		if err != nil {
			return err
		}
		return p.printImport(report, preview, *format)
	})
	addSettings(cmd, engineSettings())
	return cmd
}

// source opens the file, whose progress is shown, or standard input.
func (p *program) source(name string, show *progress) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.stdin), nil
	}
	file, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &shownFile{File: file, size: info.Size(), show: show}, nil
}

// shownFile shows how much of it has been read.
type shownFile struct {
	*os.File
	size, done int64
	show       *progress
}

// Read implements [io.Reader].
func (f *shownFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.done += int64(n)
	const mega = 1 << 20
	f.show.update(float64(f.done)/float64(max(f.size, 1)), func() string {
		return fmt.Sprintf("%.1f of %.1f MiB", float64(f.done)/mega, float64(f.size)/mega)
	})
	return n, err
}

// listRefusals returns a function that prints the first refusals.
func listRefusals(show *progress) func(passport.Refusal) {
	const most = 20
	refused := 0
	return func(r passport.Refusal) {
		if refused++; refused <= most {
			show.notef("line %d, item %d: %s: %s", r.Line, r.Item, r.Reason, printable(r.Why))
		}
		if refused == most+1 {
			show.notef("further refusals are counted only")
		}
	}
}

// importReport is the JSON form of a report.
type importReport struct {
	Preview    bool                    `json:"preview"`
	Items      int                     `json:"items"`
	Stored     int                     `json:"stored"`
	Superseded int                     `json:"superseded"`
	Refused    map[passport.Reason]int `json:"refused"`
}

func (p *program) printImport(r passport.ImportReport, preview bool, format string) error {
	if format == "json" {
		return writeJSON(p.stdout, importReport{preview, r.Items, r.Stored, r.Superseded, r.Refused})
	}
	t := &table{right: map[int]bool{1: true}}
	t.row("items", r.Items)
	t.row(map[bool]string{true: "would be stored", false: "stored"}[preview], r.Stored)
	t.row("superseded", r.Superseded)
	byCount := func(a, b passport.Reason) int { return cmp.Or(r.Refused[b]-r.Refused[a], cmp.Compare(a, b)) }
	for _, reason := range slices.SortedFunc(maps.Keys(r.Refused), byCount) {
		t.row("refused: "+string(reason), r.Refused[reason])
	}
	return t.write(p.stdout)
}
