package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/store"
)

func (p *program) forget() *cobra.Command {
	var f store.Forgetting
	var claims string
	var sure bool
	cmd := &cobra.Command{
		Use:   "forget ADDRESS",
		Short: "Remove an address from every table",
		Long: `Forget removes an address from every table, in one transaction: credentials,
scores, events, human points, places on address lists, group claims, and usage
that mentions it. Scores of other wallets that count its stamps are removed too,
and in events of other wallets zeros replace it. It asks first, and prints how
many rows of each kind there were.

--claims says what becomes of the claims on the accounts behind its stamps:

  release    the accounts are free: the same person can pass again at once, with
             another wallet, and be paid again by a host that pays once
  keep       the claims stay until they expire, and the address with them;
             passport retain --claims removes them then
  anonymize  each claim stays until it expires, under a random address

Usage, and the events and scores of other wallets, are searched through, which
takes a time that grows with the tables. --skip-search leaves that out: then
usage stays, and other wallets are looked at only if they are linked with the
address at present.`,
		Example: `  passport forget 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c --claims anonymize
  passport forget 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c --claims keep --yes > receipt.json`,
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&claims, "claims", "", "what becomes of its claims: `release`, keep or anonymize")
	flags.BoolVar(&f.SkipSearch, "skip-search", false, "leave out what no index finds")
	flags.BoolVar(&sure, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("claims") // fails for a flag that is not there
	choices := []string{string(store.ReleaseClaims), string(store.KeepClaims), string(store.AnonymizeClaims)}
	_ = cmd.RegisterFlagCompletionFunc("claims", cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) error {
		f.Address, f.Claims = store.Address(args[0]), store.ClaimChoice(claims)
		if err := f.Validate(); err != nil {
			return usagef("%w", err)
		}
		if !sure {
			if err := p.confirm(fmt.Sprintf("Forget %s, and %s its claims?", f.Address, f.Claims)); err != nil {
				return err
			}
		}
		return p.forgetAddress(cmd, f)
	})
	addSettings(cmd, databaseSettings())
	return cmd
}

var errUnconfirmed = errors.New("nothing is done: the answer is not yes (--yes does not ask)")

// confirm asks the question, and returns an error unless the answer is yes.
func (p *program) confirm(question string) error {
	p.notef("%s It cannot be undone. Type yes to go on:", question)
	const most = 100
	answer, err := bufio.NewReader(io.LimitReader(p.stdin, most)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return errUnconfirmed
	}
	return nil
}

// shownReceipt is the JSON form of a receipt, without the address.
type shownReceipt struct {
	At               time.Time `json:"at"`
	Credentials      int       `json:"credentials"`
	Scores           int       `json:"scores"`
	Stamps           int       `json:"stamps"`
	Events           int       `json:"events"`
	Points           int       `json:"points"`
	Multipliers      int       `json:"multipliers"`
	Qualified        int       `json:"qualified"`
	Lists            int       `json:"lists"`
	Claims           int       `json:"claims"`
	ClaimsKept       int       `json:"claims_kept"`
	ClaimsAnonymized int       `json:"claims_anonymized"`
	GroupClaims      int       `json:"group_claims"`
	OtherScores      int       `json:"other_scores"`
	OtherEvents      int       `json:"other_events"`
	Usage            int       `json:"usage"`
}

func (p *program) forgetAddress(cmd *cobra.Command, f store.Forgetting) error {
	db, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer db.pool.Close()
	receipt, err := db.Forget(cmd.Context(), f)
	if err != nil {
		return err
	}
	return writeJSON(p.stdout, shownReceipt(*receipt))
}
