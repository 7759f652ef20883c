package memstore

import "github.com/passport-sdk/passport-go/store"

// weighing returns the community with its weights. A scorer of an unknown
// type, or none, leaves it without weights and threshold.
func (d *data) weighing(row *communityRow) store.Community {
	community := store.Community{
		ID: row.ID, Name: row.Name, Account: row.AccountID, Rule: row.Rule, HumanPoints: row.HumanPointsProgram,
	}
	community.ExternalID, _ = optional(row.ExternalScorerID)
	if scorer, found := d.Scorers.rows[row.ScorerID]; found {
		community.Scorer = scorer.Type
	}
	if table := d.weightsTable(community.Scorer); table != nil {
		if weights, found := table.rows[row.ScorerID]; found {
			community.Weights, community.Threshold = weights.Weights, string(weights.Threshold)
		}
	}
	if customization, found := d.Customizations.byCommunity.find(row.ID); found {
		community.Overlay = d.overlay(customization.ID)
	}
	return community
}

// weightsTable returns the table that holds the weights of scorers of the
// type, nil for an unknown one.
func (d *data) weightsTable(scorer string) *table[int64, weightsRow] {
	switch scorer {
	case store.ScorerBinary:
		return d.BinaryWeights
	case store.ScorerWeighted:
		return d.Weights
	}
	return nil
}
