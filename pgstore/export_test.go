package pgstore

// NamedText is the text of a statement, for tests.
type NamedText struct{ Name, SQL string }

// TextsOfAScoring are those of a scoring in the human points program, and of
// the check of a key, in the usual schema.
func TextsOfAScoring() []NamedText {
	s := newStatements(defaultSchema)
	var texts []NamedText
	for _, named := range []statement{
		s.validateAPIKey, s.loadSnapshotAndPoints,
		s.upsertPassport, s.lockPassport, s.bulkUpsertHashLinks, s.verifyHashLinks,
		s.replaceStamps, s.upsertScore, s.recordPassingScore, s.recordAwards,
	} {
		texts = append(texts, NamedText{named.name, named.sql})
	}
	return texts
}
