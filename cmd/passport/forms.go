package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
)

// formFiles are the files that have a report in one form each.
type formFiles struct{ text, json, html string }

// add adds the flags of the files to the command.
func (f *formFiles) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.text, "text", "", "a `file` to write the text to")
	cmd.Flags().StringVar(&f.json, "json", "", "a `file` to write the JSON form to")
	cmd.Flags().StringVar(&f.html, "html", "", "a `file` to write the page to")
}

// finish writes the report of a run to the files, and in the format to standard
// output. Then it removes the checkpoint, if one was kept.
func (p *program) finish(forms map[string]func(io.Writer) error, format string, files formFiles, checkpoint string) error {
	for form, file := range map[string]string{"text": files.text, "json": files.json, "html": files.html} {
		if file == "" {
			continue
		}
		if err := writeTo(file, nil, forms[form]); err != nil {
			return err
		}
	}
	if err := forms[format](p.stdout); err != nil || checkpoint == "" {
		return err
	}
	return os.Remove(checkpoint)
}
