package pgstore

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// apply returns the calls that write the change set, in the order of their
// locks. Each writes for all wallets at once; those that have nothing to write
// are left out.
func (s *statements) apply(c *store.Changes, receipt *receiptReader) []call {
	addresses, versions := make([]string, len(c.Wallets)), make([]string, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i] = c.Wallets[i].Address
		if version := c.Wallets[i].Version; storable(version, hex.EncodedLen(sha256.Size)) {
			versions[i] = version // any other is none of ours, and no row's
		}
	}
	calls := make([]call, 0, 14)
	calls = append(calls,
		s.upsertPassport.with(c.Community, addresses),
		s.lockPassport.with(c.Community, addresses).each(receipt.passport),
		s.verifyCredentials.with(addresses, versions),
	)
	if len(c.Claims) > 0 {
		calls = append(calls, s.writeClaims(c, addresses))
	}
	if len(c.Held) > 0 {
		calls = append(calls, s.checkHeld(c))
	}
	if done := scored(c); len(done) > 0 {
		calls = append(calls, s.writeStamps(c, done))
	}
	calls = append(calls, s.writeScores(c, addresses).each(receipt.score))
	return append(calls, s.writePoints(c, receipt)...)
}

func (s *statements) writeClaims(c *store.Changes, scored []string) call {
	nullifiers, holders, expiries := []string{}, []string{}, []string{}
	for _, claim := range c.Claims {
		nullifiers = append(nullifiers, claim.Nullifier)
		holders = append(holders, claim.Address)
		expiries = append(expiries, timestamp(claim.ExpiresAt))
	}
	return s.bulkUpsertHashLinks.with(c.Community, moment(c.At), nullifiers, holders, expiries, scored)
}

func (s *statements) checkHeld(c *store.Changes) call {
	nullifiers, holders := []string{}, []string{}
	for _, held := range c.Held {
		nullifiers = append(nullifiers, held.Nullifier)
		holders = append(holders, held.Address)
	}
	return s.verifyHashLinks.with(c.Community, nullifiers, holders)
}

// scored returns the addresses that have a score, not an error.
func scored(c *store.Changes) []string {
	var done []string
	for i := range c.Wallets {
		if c.Wallets[i].Score.Status == store.StatusDone {
			done = append(done, c.Wallets[i].Address)
		}
	}
	return done
}

// writeStamps sends the text of a credential only where the database does not
// have it: of the others a digest and the row's id tell enough.
func (s *statements) writeStamps(c *store.Changes, done []string) call {
	addresses, providers, credentials := []string{}, []string{}, []string{}
	ids, digests := []string{}, []string{}
	for i := range c.Wallets {
		for _, stamp := range c.Wallets[i].Stamps {
			addresses, providers = append(addresses, c.Wallets[i].Address), append(providers, stamp.Provider)
			ids = append(ids, strconv.FormatInt(stamp.CredentialID, 10))
			if stamp.CredentialID == 0 {
				credentials, digests = append(credentials, string(stamp.Credential)), append(digests, "")
			} else {
				credentials, digests = append(credentials, ""), append(digests, hexDigest(stamp.Credential))
			}
		}
	}
	return s.replaceStamps.with(c.Community, done, addresses, providers, credentials, ids, digests)
}

func hexDigest(text []byte) string {
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

func (s *statements) writeScores(c *store.Changes, addresses []string) call {
	n := len(c.Wallets)
	statuses, values, errors := make([]string, n), make([]string, n), make([]string, n)
	moments, expiries := make([]string, n), make([]string, n)
	evidences, stampScores, stamps := make([]string, n), make([]string, n), make([]string, n)
	for i := range c.Wallets {
		score := &c.Wallets[i].Score
		statuses[i], values[i], errors[i] = string(score.Status), score.Value, score.Error
		moments[i], expiries[i] = timestamp(score.ScoredAt), timestamp(score.ExpiresAt)
		evidences[i], stampScores[i], stamps[i] = string(score.Evidence), string(score.StampScores), string(score.Stamps)
	}
	events := eventsOf(c)
	return s.upsertScore.with(c.Community, addresses, statuses, values, moments, expiries,
		errors, evidences, stampScores, stamps,
		moment(c.At), events.actions, events.addresses, events.data, events.scored)
}

// eventColumns are the events of a change set, in order.
type eventColumns struct{ actions, addresses, data, scored []string }

func eventsOf(c *store.Changes) eventColumns {
	e := eventColumns{[]string{}, []string{}, []string{}, []string{}}
	add := func(action, address string, document []byte, of string) {
		e.actions, e.addresses = append(e.actions, action), append(e.addresses, address)
		e.data, e.scored = append(e.data, string(document)), append(e.scored, of)
	}
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		for _, event := range wallet.Events {
			add(event.Action, event.Address, event.Data, "")
		}
		if wallet.Score.Status == store.StatusDone {
			add(store.ActionScoreUpdate, wallet.Address, wallet.Score.EventFields(), wallet.Address)
		}
	}
	return e
}

// writePoints locks what the points depend on, first by address and then by
// action, and gives them.
func (s *statements) writePoints(c *store.Changes, receipt *receiptReader) []call {
	var locks, counted, qualified []string
	limited := []string{}
	addresses, actions, providers, hashes := []string{}, []string{}, []string{}, []string{}
	most, communities := []string{}, []string{}
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		if wallet.Qualified {
			qualified = append(qualified, wallet.Address)
		}
		if wallet.Qualified || len(wallet.Awards) > 0 {
			locks = append(locks, "of "+wallet.Address)
		}
		for _, award := range wallet.Awards {
			if award.Limit > 0 {
				limited = append(limited, award.Action)
			}
			if award.Limit > 0 || award.Communities > 0 {
				counted = append(counted, award.Action)
			}
			addresses, actions = append(addresses, wallet.Address), append(actions, award.Action)
			providers, hashes = append(providers, award.Provider), append(hashes, award.TxHash)
			most = append(most, strconv.Itoa(award.Limit))
			communities = append(communities, strconv.Itoa(award.Communities))
		}
	}
	if len(locks) == 0 {
		return nil
	}
	slices.Sort(locks)
	slices.Sort(limited)
	slices.Sort(counted)
	limited, counted = slices.Compact(limited), slices.Compact(counted)
	for _, action := range limited {
		locks = append(locks, "limit of "+action)
	}
	calls := []call{s.lockPoints.with(locks)}
	if earners := earnersOf(c); len(earners) > 0 {
		calls = append(calls, s.verifyEarners.with(earners))
	}
	if len(counted) > 0 {
		calls = append(calls, s.lockCounts.with(counted, limited))
	}
	if len(qualified) > 0 {
		calls = append(calls, s.recordPassingScore.with(c.Community, qualified))
	}
	if len(actions) > 0 {
		calls = append(calls, s.recordAwards.with(moment(c.At),
			addresses, actions, providers, hashes, most, communities).each(receipt.award))
	}
	return calls
}

// earnersOf returns the row ids of the credentials for whose nullifier an award
// is given.
func earnersOf(c *store.Changes) []string {
	var ids []string
	for i := range c.Wallets {
		for _, stamp := range c.Wallets[i].Stamps {
			earns := func(a store.Award) bool { return a.TxHash != "" && a.Provider == stamp.Provider }
			if stamp.CredentialID != 0 && slices.ContainsFunc(c.Wallets[i].Awards, earns) {
				ids = append(ids, strconv.FormatInt(stamp.CredentialID, 10))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// receiptReader keeps what the calls of an Apply answer.
type receiptReader struct {
	passports map[string]int64 // by address
	scores    map[int64]int64  // by passport
	awards    map[awardKey]bool
}

type awardKey struct{ address, action, provider string }

func (r *receiptReader) passport(scan scanFunc) error {
	var address string
	var id int64
	var exists int64 // the community does, or there would be no row
	if err := scan(&address, &id, &exists); err != nil {
		return err
	}
	if r.passports == nil {
		r.passports = map[string]int64{}
	}
	r.passports[address] = id
	return nil
}

func (r *receiptReader) score(scan scanFunc) error {
	var passport, id int64
	if err := scan(&passport, &id); err != nil {
		return err
	}
	if r.scores == nil {
		r.scores = map[int64]int64{}
	}
	r.scores[passport] = id
	return nil
}

func (r *receiptReader) award(scan scanFunc) error {
	var key awardKey
	if err := scan(&key.address, &key.action, &key.provider); err != nil {
		return err
	}
	if r.awards == nil {
		r.awards = map[awardKey]bool{}
	}
	r.awards[key] = true
	return nil
}

// receipt answers in the order of the change set.
func (r *receiptReader) receipt(c *store.Changes) (*store.Receipt, error) {
	receipt := &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}
	for i := range c.Wallets {
		wallet, wrote := &c.Wallets[i], &receipt.Wallets[i]
		wrote.PassportID = r.passports[wallet.Address]
		wrote.ScoreID = r.scores[wrote.PassportID]
		if wrote.ScoreID == 0 {
			return nil, store.Errorf("upsert_score", store.ErrFault, "the database did not tell the id of the score of %s", wallet.Address)
		}
		for _, award := range wallet.Awards {
			if r.awards[awardKey{wallet.Address, award.Action, award.Provider}] {
				wrote.Awards = append(wrote.Awards, award)
			}
		}
	}
	return receipt, nil
}
