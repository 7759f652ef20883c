package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/setup"
	"github.com/passport-sdk/passport-go/store"
)

func (p *program) key() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Create, list and revoke API keys",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(p.keyCreate(), p.keyRevoke(), p.keyList())
	return cmd
}

func (p *program) keyCreate() *cobra.Command {
	var params apikey.KeyParams
	var account, expires string
	var community int64
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create an API key, and print it once",
		Long: `Create stores a new API key and prints it, the only time that it can be read:
the database holds a digest. Standard output has the key and nothing else.

A key belongs to an account. --community names the account that owns the
community, --account that of a user, which is created if it is missing.`,
		Example: `  passport key create --community 1 --read-scores --name web
  passport key create --account shop --submit-passports --rate-limit 1000/1h --expires 2027-12-31
  KEY=$(passport key create --community 1 --read-scores --historical --unlimited)`,
		Args: cobra.NoArgs,
		RunE: p.do(func(cmd *cobra.Command, _ []string) (err error) {
			if expires != "" {
				if params.ExpiresAt, err = parseTime(expires, nil); err != nil {
					return usagef("--expires: %w", err)
				}
			}
			if !params.ReadScores && !params.Historical && !params.SubmitPassports {
				return usagef("a key without a permission is of no use: --read-scores, --historical or --submit-passports")
			}
			db, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer db.pool.Close()
			if params.Account, err = keyAccount(cmd, db, account, community); err != nil {
				return err
			}
			return p.createKey(cmd, db, params)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&account, "account", "", "the `user` whose account the key belongs to")
	flags.Int64Var(&community, "community", 0, "a `community` whose account the key belongs to")
	flags.StringVar(&params.Name, "name", "", "the `name` for people")
	flags.StringVar(&params.RateLimit, "rate-limit", "", "`calls/period`, such as 125/15m (default "+apikey.DefaultRateLimit+")")
	flags.BoolVar(&params.Unlimited, "unlimited", false, "no rate limit")
	flags.StringVar(&expires, "expires", "", "the `time` from which the key is refused, such as 2027-12-31")
	flags.BoolVar(&params.ReadScores, "read-scores", false, "the key may request scores")
	flags.BoolVar(&params.Historical, "historical", false, "the key may request past scores")
	flags.BoolVar(&params.SubmitPassports, "submit-passports", false, "the key may store credentials, of every wallet")
	cmd.MarkFlagsMutuallyExclusive("rate-limit", "unlimited")
	cmd.MarkFlagsMutuallyExclusive("account", "community")
	cmd.MarkFlagsOneRequired("account", "community")
	addSettings(cmd, databaseSettings())
	return cmd
}

// keyAccount returns the account of the user or of the community.
func keyAccount(cmd *cobra.Command, db *database, user string, community int64) (int64, error) {
	if user != "" {
		return db.PutAccount(cmd.Context(), user)
	}
	found, err := setup.FindCommunity(cmd.Context(), db, community)
	if err != nil {
		return 0, err
	}
	return found.Account, nil
}

func (p *program) createKey(cmd *cobra.Command, db *database, params apikey.KeyParams) error {
	registry, err := apikey.New(db)
	if err != nil {
		return err
	}
	secret, row, err := registry.Create(cmd.Context(), params)
	if err != nil {
		return err
	}
	p.notef("key %s of account %d is created; it is shown only now:", row.Prefix, row.Account)
	_, err = fmt.Fprintln(p.stdout, secret)
	return err
}

func (p *program) keyRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke PREFIX",
		Short: "Revoke an API key",
		Long: `Revoke refuses the key from now on. It is named by its prefix, the text before
its dot, which passport key list shows.`,
		Example: `  passport key revoke 3F5XKQ2A`,
		Args:    cobra.ExactArgs(1),
		RunE: p.do(func(cmd *cobra.Command, args []string) error {
			db, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer db.pool.Close()
			if err := db.RevokeKey(cmd.Context(), args[0]); err != nil {
				return err
			}
			p.notef("key %s is revoked", printable(args[0]))
			return nil
		}),
	}
	addSettings(cmd, databaseSettings())
	return cmd
}

func (p *program) keyList() *cobra.Command {
	var community int64
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List API keys, without their secrets",
		Example: `  passport key list
  passport key list --community 1 --format json`,
		Args: cobra.NoArgs,
	}
	format := addFormat(cmd, "text", "json")
	cmd.Flags().Int64Var(&community, "community", 0, "list the keys of the account that owns this `community` only")
	cmd.RunE = p.do(func(cmd *cobra.Command, _ []string) error {
		db, err := p.open(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		q := store.KeyQuery{Limit: store.MaxPage}
		if cmd.Flags().Changed("community") {
			if q.Account, err = keyAccount(cmd, db, "", community); err != nil {
				return err
			}
		}
		return p.listKeys(cmd, db, q, *format)
	})
	addSettings(cmd, databaseSettings())
	return cmd
}

// shownKey is the JSON form of a key.
type shownKey struct {
	Prefix          string    `json:"prefix"`
	Name            string    `json:"name"`
	Account         int64     `json:"account"`
	CreatedAt       time.Time `json:"created_at"`
	ExpiresAt       time.Time `json:"expires_at,omitzero"`
	Revoked         bool      `json:"revoked"`
	RateLimit       string    `json:"rate_limit"` // empty: unlimited
	ReadScores      bool      `json:"read_scores"`
	Historical      bool      `json:"historical"`
	SubmitPassports bool      `json:"submit_passports"`
}

func (p *program) listKeys(cmd *cobra.Command, db *database, q store.KeyQuery, format string) error {
	shown := []shownKey{}
	for more := true; more; {
		keys, err := db.ListKeys(cmd.Context(), q)
		if err != nil {
			return err
		}
		for i := range keys {
			k := &keys[i]
			shown = append(shown, shownKey{
				k.Prefix, k.Name, k.Account, k.CreatedAt, k.ExpiresAt, k.Revoked, k.RateLimit,
				k.ReadScores, k.Historical, k.SubmitPassports,
			})
			q.After = k.Prefix
		}
		more = len(keys) == q.Limit
	}
	if format == "json" {
		return writeJSON(p.stdout, shown)
	}
	t := &table{right: map[int]bool{1: true}}
	t.row("PREFIX", "ACCOUNT", "NAME", "CREATED", "EXPIRES", "LIMIT", "STATE", "MAY")
	for i := range shown {
		shown[i].row(t)
	}
	return t.write(p.stdout)
}

func (k *shownKey) row(t *table) {
	expires, limit, state, may := "never", "none", "active", ""
	if !k.ExpiresAt.IsZero() {
		expires = k.ExpiresAt.Format(time.DateOnly)
		if !time.Now().Before(k.ExpiresAt) {
			state = "expired"
		}
	}
	if k.RateLimit != "" {
		limit = k.RateLimit
	}
	if k.Revoked {
		state = "revoked"
	}
	for _, permission := range []struct {
		has  bool
		name string
	}{
		{k.ReadScores, "read scores"},
		{k.Historical, "read past scores"},
		{k.SubmitPassports, "submit passports"},
	} {
		if permission.has && may != "" {
			may += ", "
		}
		if permission.has {
			may += permission.name
		}
	}
	t.row(k.Prefix, k.Account, k.Name, k.CreatedAt.Format(time.DateOnly), expires, limit, state, may)
}
