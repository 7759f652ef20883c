package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/setup"
	"github.com/passport-sdk/passport-go/store"
)

func (p *program) community() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "community",
		Short: "Make and show communities, which weigh stamps",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(p.communityPut(), p.communityShow())
	return cmd
}

// communityFlags are the flags of community put.
type communityFlags struct {
	account, name, threshold, weights, weightsFile, externalID, scorer string
	humanPoints, replace                                               bool
}

func (p *program) communityPut() *cobra.Command {
	var f communityFlags
	cmd := &cobra.Command{
		Use:   "put COMMUNITY",
		Short: "Make a community, or change one with --replace",
		Long: `Put makes the community with that number. With --replace it changes an existing
one: what no flag names stays as it is.

Weights by which every wallet would pass, or none, are refused. After a change
the recorded scores are those of the old weights until the wallets are scored
again, for example by passport rescore.`,
		Example: `  passport community put 1 --name Demo --threshold 20 --weights '{"Google": "12.5", "Github": "9"}'
  passport community put 1 --replace --weights-file weights.json
  passport rescore 1`,
		Args: cobra.ExactArgs(1),
		RunE: p.do(func(cmd *cobra.Command, args []string) error {
			id, err := communityID(args[0])
			if err != nil {
				return err
			}
			db, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer db.pool.Close()
			return p.put(cmd, db, id, &f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "demo", "the `user` whose account owns the community; it is created if it is missing")
	flags.StringVar(&f.name, "name", "", "the `name` for people")
	flags.StringVar(&f.threshold, "threshold", "", "the `score` that passes")
	flags.StringVar(&f.weights, "weights", "", "the weight of each provider, a `JSON` object")
	flags.StringVar(&f.weightsFile, "weights-file", "", "a `file` that holds the weights")
	flags.StringVar(&f.externalID, "external-id", "", "another `name` for the community in requests")
	flags.StringVar(&f.scorer, "scorer", store.ScorerBinary, "the `type` of the scorer, "+store.ScorerBinary+" or "+store.ScorerWeighted)
	flags.BoolVar(&f.humanPoints, "in-points-program", false, "let the community take part in the human points program")
	flags.BoolVar(&f.replace, "replace", false, "change a community that is there")
	cmd.MarkFlagsMutuallyExclusive("weights", "weights-file")
	addSettings(cmd, databaseSettings())
	return cmd
}

// change returns the community as the given flags change it.
func (f *communityFlags) change(cmd *cobra.Command, community store.Community) (store.Community, error) {
	for flag, set := range map[string]func(){
		"name":              func() { community.Name = f.name },
		"threshold":         func() { community.Threshold = f.threshold },
		"weights":           func() { community.Weights = []byte(f.weights) },
		"external-id":       func() { community.ExternalID = f.externalID },
		"scorer":            func() { community.Scorer = f.scorer },
		"in-points-program": func() { community.HumanPoints = f.humanPoints },
	} {
		if cmd.Flags().Changed(flag) {
			set()
		}
	}
	var err error
	if f.weightsFile != "" {
		community.Weights, err = setup.ReadWeights(f.weightsFile)
	}
	return community, err
}

func (p *program) put(cmd *cobra.Command, db *database, id int64, f *communityFlags) error {
	ctx := cmd.Context()
	present := &store.Community{ID: id}
	if f.replace {
		var err error
		if present, err = setup.FindCommunity(ctx, db, id); err != nil {
			return err
		}
	}
	community, err := f.change(cmd, *present)
	if err != nil {
		return err
	}
	if !f.replace {
		_, err := setup.CreateCommunity(ctx, db, f.account, community)
		if errors.Is(err, setup.ErrExists) {
			return fmt.Errorf("%w, or change this one with --replace", err)
		}
		if err == nil {
			p.notef("community %d is made", id)
		}
		return err
	}
	if err := passport.CheckCommunity(community); err != nil {
		return err
	}
	if cmd.Flags().Changed("account") {
		if community.Account, err = db.PutAccount(ctx, f.account); err != nil {
			return err
		}
	}
	if err := db.PutCommunity(ctx, community); err != nil {
		return err
	}
	p.notef("community %d is changed; its recorded scores follow with: passport rescore %d", id, id)
	return nil
}

func (p *program) communityShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show COMMUNITY",
		Short:   "Show a community and its weights",
		Example: `  passport community show 1 --format json`,
		Args:    cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json")
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) error {
		id, err := communityID(args[0])
		if err != nil {
			return err
		}
		db, err := p.open(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		return p.show(cmd.Context(), db, id, *format)
	})
	addSettings(cmd, databaseSettings())
	return cmd
}

// shownCommunity is the JSON form of a community.
type shownCommunity struct {
	Community     int64             `json:"community"`
	Name          string            `json:"name"`
	Account       int64             `json:"account"`
	ExternalID    string            `json:"external_id,omitempty"`
	Rule          string            `json:"rule"`
	Scorer        string            `json:"scorer"`
	Threshold     string            `json:"threshold"`
	HumanPoints   bool              `json:"in_points_program"`
	Weights       json.RawMessage   `json:"weights"`
	Customization map[string]string `json:"customization,omitempty"`
}

func (p *program) show(ctx context.Context, db *database, id int64, format string) error {
	c, err := setup.FindCommunity(ctx, db, id)
	if err != nil {
		return err
	}
	shown := shownCommunity{
		c.ID, c.Name, c.Account, c.ExternalID, c.Rule, c.Scorer, c.Threshold, c.HumanPoints, c.Weights, c.Customization,
	}
	if format == "json" {
		return writeJSON(p.stdout, shown)
	}
	return shown.write(p.stdout)
}

func (c *shownCommunity) write(w io.Writer) error {
	t := &table{}
	t.row("community", c.Community, "")
	t.row("name", c.Name, "")
	t.row("account", c.Account, "")
	t.row("external id", c.ExternalID, "")
	t.row("rule", c.Rule, "")
	t.row("scorer", c.Scorer, "")
	t.row("threshold", c.Threshold, "")
	t.row("in points program", c.HumanPoints, "")
	var weights map[string]json.RawMessage
	if json.Unmarshal(c.Weights, &weights) != nil {
		t.row("weights", string(c.Weights), "") // no object: shown as they are
	}
	for _, provider := range slices.Sorted(maps.Keys(weights)) {
		var text string
		if json.Unmarshal(weights[provider], &text) != nil {
			text = string(weights[provider])
		}
		t.row("weight", provider, text)
	}
	for _, provider := range slices.Sorted(maps.Keys(c.Customization)) {
		t.row("custom weight", provider, c.Customization[provider])
	}
	return t.write(w)
}
