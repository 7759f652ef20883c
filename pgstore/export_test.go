package pgstore

import "github.com/passport-sdk/passport-go/store"

// Texts are the texts of all statements in the usual schema, by name.
func Texts() map[string]string { return textsIn(defaultSchema) }

// Guards are the guards of the statements, by name.
func Guards() map[string]guard { return guards }

// Version returns the version of a wallet with those credentials.
func Version(credentials ...store.Credential) string {
	const ofNoRows = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	v := walletVersion{rows: ofNoRows, ids: readable(credentials)}
	return v.String()
}
