package main

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/internal/environment"
)

// The variables that commands read, each of which is a flag too.
const (
	databaseURL    = "PASSPORT_DATABASE_URL"
	databaseEngine = "PASSPORT_ENGINE"
	trustedIssuers = "PASSPORT_TRUSTED_ISSUERS"
	humanPoints    = "PASSPORT_HUMAN_POINTS"
	metaMaskOG     = "PASSPORT_METAMASK_OG"
	linkedWallets  = "PASSPORT_LINKED_WALLETS"
)

// setting is a variable and its use.
type setting struct{ variable, usage string }

func databaseSettings() []setting {
	return []setting{
		{databaseURL, "the database, `postgres://`user:password@host:port/name"},
		{databaseEngine, "`what` the database is: postgres, citus, yugabytedb or cockroachdb (default postgres)"},
	}
}

func engineSettings() []setting {
	return append(
		databaseSettings(),
		setting{trustedIssuers, "a `JSON` list of the DIDs whose credentials count"},
		setting{humanPoints, "award human points, `on or off` (default off)"},
		setting{metaMaskOG, "with the award that is limited in number, `on or off` (default off)"},
		setting{linkedWallets, "a JSON `file` with the wallets that are scored as one"},
	)
}

// flagOf returns the flag of a variable.
func flagOf(variable string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, "PASSPORT_")), "_", "-")
}

// addSettings adds the flags of variables to the command.
func addSettings(cmd *cobra.Command, settings []setting) {
	for _, s := range settings {
		cmd.Flags().String(flagOf(s.variable), "", s.usage+"; "+s.variable)
	}
}

// environment returns the variables as the flags of the command change them.
func (p *program) environment(cmd *cobra.Command) environment.Getenv {
	return func(variable string) string {
		if flag := cmd.Flags().Lookup(flagOf(variable)); flag != nil && flag.Changed {
			return flag.Value.String()
		}
		return p.getenv(variable)
	}
}

// addFormat adds the flag --format, whose value is in the returned variable.
// The first of the formats is the default.
func addFormat(cmd *cobra.Command, formats ...string) *string {
	list := strings.Join(formats, ", ")
	format := cmd.Flags().String("format", formats[0], "the `form` of the output: "+list)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(formats, *format) {
			return usagef("--format is one of %s, not %.40q", list, *format)
		}
		return nil
	}
	return format
}

// writeJSON writes an indented document.
func writeJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
