package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Widths of the service's columns, in characters. A value that is longer has
// no place in a change set.
const (
	MaxNullifier = 100
	// MaxHolder is the width of the address of a claim. A row that another
	// program wrote may hold no address of ours there.
	MaxHolder   = 100
	MaxProvider = 256
	// MaxProofValue is the width of the text by which a credential is revoked.
	MaxProofValue = 256
	// MaxPointsProvider is the width of the provider that a human point names.
	MaxPointsProvider = 100
	// MaxTxHash is the width of the text that tells two points of one action
	// and provider apart.
	MaxTxHash = 100
	// MaxAction is the width of the code of an event or of a points action.
	MaxAction = 3
)

// Changes is what one scoring writes, all of it or nothing. It states how
// things shall be, not what to do: a store compares and writes the difference.
type Changes struct {
	// Community is the id of the community that the scoring was for.
	Community int64
	// At is the moment of the scoring, the snapshot's At. A claim is expired
	// when its ExpiresAt is at or before it.
	At time.Time
	// Wallets are the scored addresses.
	Wallets []WalletChanges
	// Claims are to be held as given. Apply must return [ErrConflict] unless each
	// is, when it is written,
	//   - on a nullifier that is unclaimed, or
	//   - for one of Wallets, and the same address holds the nullifier or its claim
	//     has expired, or
	//   - for another address, which holds it exactly as given, or to which an
	//     expired claim goes that is not of one of Wallets.
	// So a claim that is given away never changes one that its new owner has made
	// itself meanwhile, and is never the scored wallet's own.
	Claims []Claim
	// Held are claims of others that the decision rests on: Apply must return
	// [ErrConflict] unless each nullifier is still claimed by that address.
	// They are never written.
	Held []Claim
}

// WalletChanges is what a scoring writes about one address.
type WalletChanges struct {
	// Address is the scored wallet.
	Address string
	// Version is the Version of the wallet in the snapshot.
	Version string
	// Score replaces the address's score in the community; the store creates
	// what is missing on the way there (the registry_passport row).
	//
	// A score with [StatusError] stands alone: Apply must leave the address's
	// stamps, events and points as they are, and no claim may come with it.
	//
	// With every score that has [StatusDone], Apply must add one event
	// [ActionScoreUpdate], after the events of Events, whose data is
	// [Score.EventData].
	Score Score
	// Stamps are exactly the credentials that count. Apply must remove the
	// others and add those that are missing.
	Stamps []Stamp
	// Events are to be added, in order.
	Events []Event
	// Qualified records, once, that the address passes in a community of the
	// human points program.
	Qualified bool
	// Awards are points to give. An address gets an action at most once for a
	// provider: an award whose action and provider the address already has,
	// whatever its transaction hash, must be passed over without an error.
	Awards []Award
}

// Stamp is a credential that counts.
type Stamp struct {
	Provider   string
	Credential []byte // JSON
	// CredentialID, when not 0, is the ID of the wallet's [Credential] whose
	// Stamp is in Credential, byte for byte as it was loaded. A store may copy it
	// from there instead of taking it in again, but must return [ErrConflict]
	// rather than copy anything else.
	CredentialID int64
}

// Event is a fact worth remembering, a row of registry_event.
type Event struct {
	// Action is its code, such as [ActionDeduplicated].
	Action string
	// Address is the wallet that it is about.
	Address string
	// Data is a JSON object.
	Data []byte
}

// The events of a scoring.
const (
	// ActionScoreUpdate tells of a new score.
	ActionScoreUpdate = "SCU"
	// ActionDeduplicated tells of a credential that lost to an earlier claim.
	ActionDeduplicated = "LDP"
)

// Award is one human point row: an action that an address is credited with.
type Award struct {
	// Action is the points action's code, such as "HKY".
	Action string
	// Provider is empty unless the action is earned once per provider.
	Provider string
	// TxHash tells what the award was given for; often empty.
	TxHash string
	// ChainID is the chain of the transaction, 0 for none. In a change set it
	// is 0.
	ChainID int

	// Limit, when above 0, is the number of awards of this action that exist
	// at most, over all addresses. Apply must pass the award over, without an
	// error, once so many are given, and must count exactly under concurrency.
	// A change set states one limit for an action, or none. It is never set in
	// a snapshot.
	Limit int
	// Communities, when above 0, is the number of communities in which the
	// address must have qualified, this change set's included, or else Apply
	// must pass the award over without an error. It is never set in a snapshot.
	Communities int
}

// Receipt tells what Apply wrote.
type Receipt struct {
	// Wallets has one entry for each of Changes.Wallets, in their order.
	Wallets []WalletReceipt
}

// WalletReceipt tells what Apply wrote about one address.
type WalletReceipt struct {
	// PassportID is the id of the address in the community,
	// registry_passport.id.
	PassportID int64
	// ScoreID is the id of its score, registry_score.id.
	ScoreID int64
	// Awards are the awards that were given, those passed over left out.
	Awards []Award
}

// Validate reports, joined, every fault that would make a store write
// nonsense: malformed addresses, texts that no column of the service can hold,
// JSON that is none, a claim listed twice. Each wraps [ErrInvalid].
//
// Of a stamp's credential that has its CredentialID, and so just came out of the
// store, it looks at both ends only.
//
// Every store must call it first in Apply.
func (c *Changes) Validate() error {
	if c == nil {
		return fmt.Errorf("%w: there is no change set", ErrInvalid)
	}
	var found faults
	fault := found.addf
	checkMoment(fault, "the moment of the change set", c.At)
	if len(c.Wallets) == 0 {
		fault("the change set has no wallet")
	}
	failed := false
	limits := map[string]int{}
	scored := make(map[string]bool, len(c.Wallets))
	for i := range c.Wallets {
		w := &c.Wallets[i]
		if scored[w.Address] {
			fault("wallet %.100q is there twice", w.Address)
		}
		scored[w.Address] = true
		failed = failed || w.Score.Status == StatusError
		w.validate(fault)
		for _, award := range w.Awards {
			if limit, stated := limits[award.Action]; stated && award.Limit > 0 && award.Limit != limit {
				fault("award %.60s has two limits, %d and %d", award.Action, limit, award.Limit)
			} else if award.Limit > 0 {
				limits[award.Action] = award.Limit
			}
		}
	}
	if failed && len(c.Claims) > 0 {
		fault("a failed scoring claims nothing")
	}
	claimed := make(map[string]bool, len(c.Claims))
	for i, claim := range c.Claims {
		if claimed[claim.Nullifier] {
			fault("claim %d is of a nullifier that is claimed twice", i)
		}
		claimed[claim.Nullifier] = true
		claim.validate(fault)
	}
	for i, held := range c.Held {
		if claimed[held.Nullifier] {
			fault("held claim %d is of a nullifier that is claimed too", i)
		}
		checkText(fault, "a nullifier", held.Nullifier, 1, MaxNullifier)
		checkText(fault, "the holder of a claim", held.Address, 0, MaxHolder)
	}
	return found.err()
}

func (w *WalletChanges) validate(fault faultFunc) {
	checkAddress(fault, "", w.Address)
	if w.Version == "" {
		fault("wallet %.100q has no version", w.Address)
	}
	w.Score.validate(fault)
	if w.Score.Status == StatusError && (w.Stamps != nil || w.Events != nil || w.Awards != nil || w.Qualified) {
		fault("a failed scoring of %.100q writes its score and nothing else", w.Address)
	}
	for _, stamp := range w.Stamps {
		checkText(fault, "the provider of a stamp", stamp.Provider, 1, MaxProvider)
		if stamp.CredentialID < 0 {
			fault("the credential of a stamp has id %d", stamp.CredentialID)
		}
		switch n := len(stamp.Credential); {
		case n < 2 || stamp.Credential[0] != '{' || stamp.Credential[n-1] != '}':
			fault("the credential of a stamp is not a JSON object")
		case stamp.CredentialID == 0:
			checkObject(fault, "the credential of a stamp", stamp.Credential)
		}
	}
	for _, event := range w.Events {
		checkText(fault, "the action of an event", event.Action, 1, MaxAction)
		checkObject(fault, "the data of an event", event.Data)
		checkAddress(fault, " of an event", event.Address)
	}
	type once struct{ action, provider string }
	given := make(map[once]bool, len(w.Awards))
	for _, award := range w.Awards {
		checkText(fault, "the action of an award", award.Action, 1, MaxAction)
		checkText(fault, "the provider of an award", award.Provider, 0, MaxPointsProvider)
		checkText(fault, "the transaction hash of an award", award.TxHash, 0, MaxTxHash)
		if award.ChainID != 0 || award.Limit < 0 || award.Communities < 0 {
			fault("award %.60s has a chain or a negative limit", award.Action)
		}
		if given[once{award.Action, award.Provider}] {
			fault("award %.60s is there twice for provider %.100q", award.Action, award.Provider)
		}
		given[once{award.Action, award.Provider}] = true
	}
}

func (c *Claim) validate(fault faultFunc) {
	checkText(fault, "a nullifier", c.Nullifier, 1, MaxNullifier)
	checkAddress(fault, " of a claim", c.Address)
	checkMoment(fault, "the expiry of a claim", c.ExpiresAt)
}

// CheckAddress reports what keeps the address from being one of [ValidAddress];
// the fault wraps [ErrInvalid].
func CheckAddress(address string) error {
	var found faults
	checkAddress(found.addf, "", address)
	return found.err()
}

// checkAddress is told whose address it is: nobody's in particular, or " of a
// claim".
func checkAddress(fault faultFunc, whose, address string) {
	if !ValidAddress(address) {
		fault("address %.100q%s is not 0x and 40 lower-case hex digits", address, whose)
	}
}

// ValidAddress reports whether the text is an address as the tables hold it:
// "0x" and 40 lower-case hex digits.
func ValidAddress(address string) bool {
	if len(address) != 42 || address[:2] != "0x" {
		return false
	}
	for _, digit := range []byte(address[2:]) {
		if (digit < '0' || digit > '9') && (digit < 'a' || digit > 'f') {
			return false
		}
	}
	return true
}

// checkText refuses what a Postgres text column of that width cannot hold.
func checkText(fault faultFunc, what, text string, least, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		fault("%s is empty", what)
	case n > most:
		fault("%s has %d characters, the column holds %d", what, n, most)
	case !utf8.ValidString(text):
		fault("%s is not valid UTF-8", what)
	case strings.ContainsRune(text, 0):
		fault("%s holds a NUL character", what)
	}
}

// checkMoment refuses a moment that no timestamptz column or JSON document of
// the service holds, and one that becomes the zero moment in one.
func checkMoment(fault faultFunc, what string, moment time.Time) {
	moment = moment.UTC().Truncate(time.Microsecond)
	switch year := moment.Year(); {
	case moment.IsZero():
		fault("%s is not set", what)
	case year < 1 || year > 9999:
		fault("%s is in the year %d, only 1 to 9999 can be kept", what, year)
	}
}
