package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
)

func (p *program) score() *cobra.Command {
	var preview bool
	var output string
	cmd := &cobra.Command{
		Use:   "score COMMUNITY ADDRESS",
		Short: "Score one wallet, and explain each stamp",
		Long: `Score weighs the stamps of a wallet for a community and records the outcome.
With --preview it makes the same decision and changes nothing.

Each stamp is counted, deduplicated (another wallet claimed its account first)
or left out (it is not valid). The exit code does not depend on the score.

With --linked-wallets a linked wallet is scored together with its group. Then
the score shows which wallet carries it and why, the merged stamps with the
wallet that each is from, and the stamps of every wallet.`,
		Example: `  passport score 1 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c --preview
  passport score 1 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c --format html --output score.html`,
		Args: cobra.ExactArgs(2),
	}
	format := addFormat(cmd, "text", "json", "html")
	cmd.Flags().BoolVar(&preview, "preview", false, "decide, and change nothing")
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write, in place of standard output")
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) error {
		community, err := communityID(args[0])
		if err != nil {
			return err
		}
		if _, err := passport.ParseAddress(args[1]); err != nil {
			return usagef("%w: %.60q is not 0x and 40 hex digits", err, args[1])
		}
		db, engine, err := p.openEngine(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		run := engine.Score
		if preview {
			run = engine.Preview
		}
		result, err := run(cmd.Context(), community, args[1])
		if err != nil {
			return err
		}
		e := explain(result, preview)
		return writeTo(output, p.stdout, func(w io.Writer) error { return e.write(w, *format) })
	})
	addSettings(cmd, engineSettings())
	return cmd
}

// writeTo writes to the named file, or to out if there is no name.
func writeTo(name string, out io.Writer, write func(io.Writer) error) (err error) {
	if name == "" {
		return write(out)
	}
	file, err := os.Create(name) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(file)
}
