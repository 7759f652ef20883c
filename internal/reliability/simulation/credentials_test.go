package simulation

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// filed is a credential with the truth about it.
type filed struct {
	store.CredentialInput

	// nullifiers are those that identify something, each once, in order.
	nullifiers []string
	expires    time.Time
	// defect is the reason against it at any time; empty for a good one.
	defect passport.Reason
}

// reason returns the reason for which the credential is left out at that time,
// empty if it is not. Its issuer is checked before its expiry, and the proof
// last.
func (f *filed) reason(at time.Time) passport.Reason {
	if (f.defect == "" || f.defect == credential.ReasonBadSignature) && !f.expires.After(at) {
		return passport.ReasonExpired
	}
	return f.defect
}

// mint issues real credentials, and damages some.
type mint struct{ issuer, stranger *passporttest.Issuer }

func newMint() *mint {
	return &mint{passporttest.NewIssuerFromSeed("simulation"), passporttest.NewIssuerFromSeed("a stranger to the simulation")}
}

// The first six earn human points of their own, or stand for an address list.
var providers = []string{
	"SelfStakingGold", "TrustedCitizen", "Biometrics", "BeginnerCommunityStaker", "AllowList#team", "DeveloperList#7#0",
	"Google", "Github", "Discord",
}

// defects are the ways in which a credential may be no good.
var defects = []passport.Reason{
	passport.ReasonWrongSubject, passport.ReasonProviderMismatch, passport.ReasonNoNullifiers, passport.ReasonNullifierTooLong,
	passport.ReasonNoExpiration, passport.ReasonUntrustedIssuer,
	credential.ReasonBadSignature, credential.ReasonMalformed,
}

// credential draws a credential that the address files under the provider.
func (m *mint) credential(d die, w *world, address store.Address, provider string, now time.Time) *filed {
	f := &filed{nullifiers: nullifiers(d, w, provider), expires: expiry(d, now)}
	if d.oneIn(w.badOneIn) {
		f.defect = one(d, defects)
	}
	issuer, subject, signed := m.issuer, string(address), provider
	listed := f.nullifiers
	if d.oneIn(10) {
		listed = append([]string{"", listed[0]}, listed...)
	}
	switch f.defect { //nolint:exhaustive // the others come after the signature
	case passport.ReasonWrongSubject:
		subject = passporttest.Address("no wallet of this world")
	case passport.ReasonProviderMismatch:
		signed = provider + "!"
	case passport.ReasonNoNullifiers:
		listed = [][]string{{}, {""}}[d.IntN(2)]
	case passport.ReasonNullifierTooLong:
		listed = append([]string{strings.Repeat("ü", store.MaxNullifier+1)}, listed...)
	case passport.ReasonNoExpiration:
		f.expires = time.Time{}
	case passport.ReasonUntrustedIssuer:
		issuer = m.stranger
	}
	text, err := issuer.Issue(subject, signed, "", passporttest.Nullifiers(listed...),
		passporttest.IssuedAt(noon.AddDate(0, -1, -d.IntN(100))), passporttest.ExpiresAt(f.expires))
	must(err)
	f.CredentialInput, err = passport.ReadCredential(text)
	must(err)
	f.Provider = provider
	switch f.defect { //nolint:exhaustive // the others come before it
	case credential.ReasonBadSignature:
		f.Document = bytes.Replace(text, []byte(`"issuanceDate":"202`), []byte(`"issuanceDate":"201`), 1)
	case credential.ReasonMalformed:
		f.Document = bytes.Replace(text, []byte(`"credentialSubject"`), []byte(`"CredentialSubject"`), 1)
	}
	return f
}

// nullifiers are those of an account: one or several, in any order. Some name
// the person behind the account, and so are shared by accounts at several
// providers.
func nullifiers(d die, w *world, provider string) []string {
	account := d.IntN(w.accounts)
	known := []string{
		fmt.Sprintf("v0:%s/%d", provider, account), fmt.Sprintf("v1:%s/%d", provider, account),
		fmt.Sprintf("v2:%s/%d", provider, account), fmt.Sprintf("v0:person/%d", account),
	}
	listed := some(d, known, 3)
	if len(listed) == 0 {
		listed = known[:1]
	}
	return listed
}

// expiry is in whole seconds, as credentials have it: past, or soon, or late.
func expiry(d die, now time.Time) time.Time {
	ahead := []time.Duration{-time.Hour, time.Minute, time.Hour, 48 * time.Hour, 2000 * time.Hour}
	i := d.IntN(len(ahead) - 1)
	return now.Add(d.duration(ahead[i], ahead[i+1])).Truncate(time.Second)
}
