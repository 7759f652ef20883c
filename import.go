package passport

import (
	"bufio"
	"cmp"
	"context"
	"errors"
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
	// Stored credentials were added, or would be in a preview.
	Stored int
	// Superseded ones are valid, but the address has one of the provider that is
	// as new or newer: in the store, or in the same stream.
	Superseded int
	// Refused counts the items that are no valid credential, by reason.
	Refused map[Reason]int
}

// Refusal says which item of an import was refused, and why.
type Refusal struct {
	// Item and Line are its place in the stream, both from 1.
	Item, Line int
	// Reason is one of those that leave a stamp out of a score.
	Reason Reason
	// Why says it in words. It never holds a credential or its nullifiers.
	Why string
}

// Import adds the credentials of a stream to the wallets that they are about,
// by their subject. The stream is JSON: credentials one after the other, such as
// one a line, or in a list, or answers of GET /v2/stamps/{address}, whose items
// hold one each.
//
// Each credential is checked as in a scoring, its issuer and its proof included.
// One that would not count is refused, and reported to the function, in the order
// of the stream, unless the function is nil. Of each provider a wallet keeps the
// valid credential that was issued last (of equals, the one that expires last),
// be it from the stream or stored before: a second import of the same stream
// stores nothing.
//
// Nobody else should add credentials to the same wallets at the same time, or a
// newer one may be replaced by an older one; a store in a serializable
// transaction (pgstore.InTx) rules that out. A revocation is of what was stored
// before it: a credential that was revoked counts again once it is added again,
// so leave revoked ones out of the stream.
//
// Memory does not grow with the stream: at most 1,000 items or 8 MiB are held,
// and what these have for one wallet is added at once (AddCredentials). An item
// of any size is read; one of more than 64 KiB is refused.
//
// After an error what the report counts as stored is stored, and the import can
// be repeated. The error wraps the source's; io.ErrUnexpectedEOF if the source
// ends inside a list or an item, or store.ErrInvalid if its brackets do not
// match, both with the place; the store's; that of a [Verifier] that cannot tell;
// or the context's, which does not end a Read that blocks. A nil store or source
// is an [ErrMisconfigured]. Import is safe for concurrent use.
func (e *Engine) Import(ctx context.Context, into store.Credentials, source io.Reader, refused func(Refusal)) (ImportReport, error) {
	i := importing{Engine: e, into: into, refused: refused}
	return i.run(ctx, source)
}

// PreviewImport returns what Import would, and changes nothing. Of two
// credentials of one wallet and provider that are far apart in the stream both
// may count as stored.
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

// arrival is an item and what came of looking at it.
type arrival struct {
	candidate
	address Address
	filed   store.NewCredential
}

func (i *importing) run(ctx context.Context, from io.Reader) (ImportReport, error) {
	if i.into == nil || from == nil {
		return i.report, fmt.Errorf("importing: %w: the store or the source is nil", ErrMisconfigured)
	}
	i.report.Refused = map[Reason]int{}
	source := importSource{in: bufio.NewReader(from), line: 1}
	for {
		items, ended := source.batch()
		if err := i.add(ctx, items); err != nil {
			return i.report, fmt.Errorf("importing: %w", err)
		}
		if ended == io.EOF { //nolint:errorlint // that alone is the end
			return i.report, nil
		}
		if ended != nil {
			return i.report, fmt.Errorf("importing: after item %d, in line %d: %w", source.number, source.line, ended)
		}
	}
}

// add looks at the items, and adds what is valid to the wallets.
func (i *importing) add(ctx context.Context, items []importItem) error {
	now := i.settings.clock()
	if now.IsZero() {
		now = time.Now()
	}
	arrivals := make([]arrival, len(items))
	err := parallel(ctx, len(items), func(k int) (err error) {
		arrivals[k], err = i.look(ctx, &items[k], now)
		return err
	})
	if err != nil {
		return err
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
		wallet := wallets[a.address]
		if wallet == nil {
			wallet = map[string]*arrival{}
			wallets[a.address] = wallet
		}
		other := wallet[a.said.Provider]
		if other != nil {
			i.report.Superseded++
		}
		if other == nil || a.supersedes(&other.candidate) {
			wallet[a.said.Provider] = a
		}
	}
	for _, address := range slices.Sorted(maps.Keys(wallets)) {
		if err := i.addTo(ctx, address, wallets[address], now); err != nil {
			return err
		}
	}
	return nil
}

// look parses and verifies an item.
func (i *importing) look(ctx context.Context, item *importItem, now time.Time) (a arrival, err error) {
	text := item.credential()
	signed, err := credential.Parse(text)
	if refused, is := errors.AsType[*credential.Error](err); is {
		a.reason, a.why = refused.Reason, refused.Error()
		return a, nil
	}
	if err != nil {
		return a, err
	}
	subject, ofAddress := strings.CutPrefix(lowerASCII(signed.Subject), Address("").did())
	var wrong error
	if a.address, wrong = ParseAddress(subject); wrong != nil || !ofAddress {
		a.reason, a.why = ReasonWrongSubject, "it is not about an address"
		return a, nil //nolint:nilerr // it is the verdict
	}
	if a.filed, wrong = newCredential(signed, text); wrong != nil {
		a.reason, a.why = credential.ReasonMalformed, wrong.Error()
		return a, nil //nolint:nilerr // it is the verdict
	}
	a.row.Provider = signed.Provider
	_, err = i.examiner.prove(ctx, &a.candidate, signed, a.address, now)
	return a, err
}

// supersedes reports whether the credential takes the place of the other one.
func (c *candidate) supersedes(other *candidate) bool {
	return cmp.Or(c.said.IssuedAt.Compare(other.said.IssuedAt), c.said.ExpiresAt.Compare(other.said.ExpiresAt)) > 0
}

// addTo adds those of the credentials to the wallet that no stored one keeps
// out.
func (i *importing) addTo(ctx context.Context, address Address, wallet map[string]*arrival, now time.Time) error {
	page := store.Page{Limit: 100}
	for older := true; older; {
		listed, err := i.into.ListCredentials(ctx, string(address), page)
		if err != nil {
			return fmt.Errorf("listing the credentials of %s: %w", address, err)
		}
		if older = listed.Older && len(listed.Credentials) > 0; older {
			page.Before = listed.Credentials[len(listed.Credentials)-1].ID
		}
		rivals := slices.DeleteFunc(listed.Credentials, func(row store.Credential) bool { return wallet[row.Provider] == nil })
		stored, err := i.examiner.examine(ctx, address, now, rivals, new(Observation))
		if err != nil {
			return fmt.Errorf("verifying the credentials of %s: %w", address, err)
		}
		for k := range stored {
			provider := stored[k].row.Provider
			if a := wallet[provider]; a != nil && stored[k].valid && !a.supersedes(&stored[k]) {
				delete(wallet, provider)
				i.report.Superseded++
			}
		}
	}
	added := make([]store.NewCredential, 0, len(wallet))
	for _, provider := range slices.Sorted(maps.Keys(wallet)) {
		added = append(added, wallet[provider].filed)
	}
	if len(added) > 0 && !i.preview {
		if err := i.into.AddCredentials(ctx, string(address), added...); err != nil {
			return fmt.Errorf("adding credentials to %s: %w", address, err)
		}
	}
	i.report.Stored += len(added)
	return nil
}
