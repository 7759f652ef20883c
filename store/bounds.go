package store

// Bounds on the credentials that a store reads. Other programs store what a
// wallet posts, unverified: a store must spend no more on a row beyond the
// bounds than a look at its size.
const (
	// MaxDocumentBytes is the size of a credential as the store writes it, without
	// exponents in numbers, and keeps it. It is twice what package credential
	// accepts, because white space does not count there. A store may take one for
	// too large that is mostly control characters.
	MaxDocumentBytes = 128 << 10
	// MaxDocumentDepth is the number of levels of a credential: a text in an
	// object is on the second.
	MaxDocumentDepth = 1000
	// MaxCredentials is the number of credentials of an address.
	MaxCredentials = 1000
	// MaxWalletBytes is the size of all credentials of an address, or of a page:
	// of their texts, or of what the store keeps if that is at least half as much.
	MaxWalletBytes = 4 << 20
	// MaxNullifiers is the number of items in a credential's list of nullifiers.
	MaxNullifiers = 100
)

// Omission is a code for what keeps a store from reading a credential. It is
// the reason that the engine gives for leaving it out.
type Omission string

// The omissions.
const (
	// OmittedTooLarge: it has more than [MaxDocumentBytes], or more levels than
	// [MaxDocumentDepth].
	OmittedTooLarge Omission = "too_large"
	// OmittedTooMany: [MaxCredentials] rows of the address that are not deleted
	// have higher ids, or those with higher ids leave no room for it in
	// [MaxWalletBytes]. One that is too large takes no room, and may be omitted
	// for either reason; an older one that would fit may be omitted with the first
	// that does not.
	OmittedTooMany Omission = "too_many_credentials"
)
