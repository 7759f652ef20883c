package passport

// The issuers of Human Passport's stamps, for [WithTrustedIssuers]. Neither is
// trusted by default: whom to trust is the host's decision. Before you go to
// production, compare them with the issuers of the stamps that you have.
const (
	// HumanPassportIssuer signs stamps of the type EthereumEip712Signature2021.
	// Confirmed in November 2026 by public stamps of 2024: their signatures are
	// this issuer's.
	HumanPassportIssuer = "did:ethr:0xd6f8d6ca86aa01e551a311d670a0d1bd8577e5fb" //nolint:gosec // public
	// HumanPassportEd25519Issuer is named by older stamps, of the type
	// Ed25519Signature2018. It was seen, but no signature has confirmed it.
	HumanPassportEd25519Issuer = "did:key:z6MkghvGHLobLEdj1bgRLhS4LPGJAvbMA1tn2zcRyqmYU5LC" //nolint:gosec // public
)
