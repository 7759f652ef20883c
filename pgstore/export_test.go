package pgstore

import "reflect"

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

// AllTexts are the texts of all statements in the usual schema, by their field.
func AllTexts() map[string]string {
	all := reflect.ValueOf(newStatements(defaultSchema)).Elem()
	texts := make(map[string]string, all.NumField())
	for i := range all.NumField() {
		if all.Field(i).Type() == reflect.TypeFor[statement]() {
			texts[all.Type().Field(i).Name] = all.Field(i).FieldByName("sql").String()
		}
	}
	return texts
}
