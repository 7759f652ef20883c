// Package didkit holds credential.Verifier against the library by which the
// issuers of stamps sign and verify: didkit 0.3.3, installed from PyPI.
//
// Fresh random credentials, with both types of proof, are judged by both: whole
// ones, and ones damaged at random. The verdicts must be the same, but for
// those that didkit accepts and ours refuses on purpose: strictnesses_test.go
// is the closed list. Ours must never accept a credential that didkit refuses.
// A panic of didkit is a refusal.
//
// The test needs Python 3 and PyPI, or a Python that has didkit already, and so
// carries a build tag: without the tag it is not built, with it it fails where
// didkit cannot be had.
//
//	go test -tags didkit ./didkit -args -credentials 5000
//	PASSPORT_DIDKIT_PYTHON=/path/to/venv/bin/python go test -tags didkit ./didkit
package didkit
