package passport

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// ImportReport counts what became of the items of an import.
type ImportReport struct {
	// Items is the number of items read. Without an error it is the sum of the
	// counts below.
	Items int
	// Stored counts the credentials that were added, or would be in a preview.
	Stored int
	// Superseded ones are valid, but the store or the stream has one of the same
	// address and provider that is as new or newer.
	Superseded int
	// Refused counts the items that are not valid credentials, by reason.
	Refused map[Reason]int
}

// Refusal is an item that an import has refused.
type Refusal struct {
	// Item and Line are its place in the stream, both from 1.
	Item, Line int
	// Reason is one of those that leave a stamp out of a score.
	Reason Reason
	// Why is the reason in words, without the credential and its nullifiers.
	Why string
}

// Import adds the credentials of a stream to the wallets that are their
// subjects. The stream is JSON: credentials one after the other, such as one a
// line, or in a list, or answers of GET /v2/stamps/{address}, whose items hold
// one each.
//
// Each credential is checked as in a scoring, including its issuer and proof.
// An invalid one is refused and reported to the function, which may be nil, in
// the order of the stream. A wallet keeps, of each provider, the valid
// credential that was issued last (of equals, the one that expires last),
// whether from the stream or stored before, so a second import of the stream
// stores nothing.
//
// If others add credentials to the same wallets at the same time, an older one
// may replace a newer one, except in a serializable transaction
// (pgstore.Store.InTx). A revocation affects what was stored before it: a
// revoked credential that is imported again counts again.
//
// Memory does not grow with the stream: at most 1,000 items or 8 MiB are held,
// and the credentials among them are added wallet by wallet. An item of any
// size is read; one of more than 64 KiB is refused.
//
// After an error what the report counts as stored is stored, and the import can
// be repeated. The error wraps that of the source, the store, the [Verifier] or
// the context, which does not end a Read that blocks. If the stream ends inside
// a list or an item it wraps io.ErrUnexpectedEOF, and if its brackets do not
// match store.ErrInvalid, both with the place. It is [ErrMisconfigured] if the
// store or the source is nil. Import is safe for concurrent use.
func (e *Engine) Import(ctx context.Context, into store.Credentials, source io.Reader, refused func(Refusal)) (ImportReport, error) {
	i := importing{Engine: e, into: into, refused: refused}
	return i.run(ctx, source)
}

// PreviewImport returns what Import would, and changes nothing. Two credentials
// of one wallet and provider that are far apart in the stream may both count as
// stored.
func (e *Engine) PreviewImport(ctx context.Context, into store.Credentials, source io.Reader, refused func(Refusal)) (ImportReport, error) {
	i := importing{Engine: e, into: into, refused: refused, preview: true}
	return i.run(ctx, source)
}

// importing is one import.
type importing struct {
	*Engine
	into    store.Credentials
	refused func(Refusal)
	preview bool
	report  ImportReport
}

// arrival is an item and its verdict.
type arrival struct {
	candidate
	address Address
	input   store.CredentialInput
}

func (i *importing) run(ctx context.Context, from io.Reader) (ImportReport, error) {
	const mostItems, mostBytes = 1000, 8 << 20
	if i.into == nil || from == nil {
		return i.report, fmt.Errorf("importing: %w: the store or the source is nil", ErrMisconfigured)
	}
	i.report.Refused = map[Reason]int{}
	var batch []importItem
	size := 0
	source := importSource{in: bufio.NewReader(from), line: 1}
	for item := range source.items {
		batch, size = append(batch, item), size+len(item.text)
		if len(batch) < mostItems && size < mostBytes {
			continue
		}
		if err := i.add(ctx, batch); err != nil {
			return i.report, err
		}
		batch, size = nil, 0
	}
	err := i.add(ctx, batch)
	if err == nil && source.err != nil {
		err = fmt.Errorf("importing: after item %d, in line %d: %w", source.number, source.line, source.err)
	}
	return i.report, err
}

// add verifies the items, and adds the valid ones to their wallets.
func (i *importing) add(ctx context.Context, items []importItem) error {
	now := i.settings.clock()
	if now.IsZero() {
		now = time.Now()
	}
	arrivals := make([]arrival, len(items))
	err := parallel(ctx, len(items), func(k int) error { return i.verify(ctx, &arrivals[k], items[k].credential(), now) })
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	wallets := map[Address]map[string]*arrival{}
	for k := range arrivals {
		a := &arrivals[k]
		i.report.Items++
		if !a.valid {
			i.report.Refused[a.reason]++
			if i.refused != nil {
				i.refused(Refusal{Item: items[k].number, Line: items[k].line, Reason: a.reason, Why: a.why})
			}
			continue
		}
		if wallets[a.address] == nil {
			wallets[a.address] = map[string]*arrival{}
		}
		wallet, provider := wallets[a.address], a.content.Provider
		other := wallet[provider]
		if other != nil {
			i.report.Superseded++
		}
		if other == nil || a.supersedes(&other.candidate) {
			wallet[provider] = a
		}
	}
	for _, address := range slices.Sorted(maps.Keys(wallets)) {
		if err := i.addTo(ctx, address, wallets[address], now); err != nil {
			return fmt.Errorf("importing: %w", err)
		}
	}
	return nil
}

// verify parses and verifies the credential of an item.
func (i *importing) verify(ctx context.Context, a *arrival, text []byte, now time.Time) error {
	signed, err := credential.Parse(text)
	if err != nil {
		return a.refuse(err)
	}
	subject, found := strings.CutPrefix(lowerASCII(signed.Subject), Address("").DID())
	if a.address = Address(subject); !found || !a.address.Valid() {
		a.reason, a.why = ReasonWrongSubject, "it is not about an address"
		return nil
	}
	if a.input, err = credentialInput(signed, text); err != nil {
		a.reason, a.why = credential.ReasonMalformed, err.Error()
		return nil //nolint:nilerr // it is the verdict
	}
	a.row.Provider = signed.Provider
	return i.validator.prove(ctx, &a.candidate, signed, a.address.DID(), now)
}

// supersedes reports whether the credential takes the place of the other one.
func (c *candidate) supersedes(other *candidate) bool {
	return cmp.Or(c.content.IssuedAt.Compare(other.content.IssuedAt), c.content.ExpiresAt.Compare(other.content.ExpiresAt)) > 0
}

// addTo adds the credentials to the wallet, except those that a stored one
// supersedes.
func (i *importing) addTo(ctx context.Context, address Address, wallet map[string]*arrival, now time.Time) error {
	page := store.Page{Limit: 100}
	for older := true; older; {
		listed, err := i.into.ListCredentials(ctx, address, page)
		if err != nil {
			return fmt.Errorf("listing the credentials of %s: %w", address, err)
		}
		if older = listed.Older && len(listed.Credentials) > 0; older {
			page.Before = listed.Credentials[len(listed.Credentials)-1].ID
		}
		rivals := slices.DeleteFunc(listed.Credentials, func(row store.Credential) bool { return wallet[row.Provider] == nil })
		stored := []holding{{address: address, known: i.validator.memory.recall(address), candidates: candidatesOf(rivals)}}
		if err := i.validator.validate(ctx, now, stored); err != nil {
			return fmt.Errorf("verifying the credentials of %s: %w", address, err)
		}
		for k := range stored[0].candidates {
			c := &stored[0].candidates[k]
			if a := wallet[c.row.Provider]; a != nil && c.valid && !a.supersedes(c) {
				delete(wallet, c.row.Provider)
				i.report.Superseded++
			}
		}
	}
	added := make([]store.CredentialInput, 0, len(wallet))
	for _, provider := range slices.Sorted(maps.Keys(wallet)) {
		added = append(added, wallet[provider].input)
	}
	if len(added) > 0 && !i.preview {
		if err := i.into.AddCredentials(ctx, address, added...); err != nil {
			return fmt.Errorf("adding credentials to %s: %w", address, err)
		}
	}
	i.report.Stored += len(added)
	return nil
}
