package store

import (
	"fmt"
	"strings"
)

// Address is a wallet's address: "0x" and 40 hex digits. The form that is
// stored and compared has lower-case digits; [ParseAddress] returns it.
type Address string

// ParseAddress returns the address that the text spells, in lower case. It
// returns [ErrInvalidAddress] for anything but "0x" and 40 hex digits of any
// case. The mixed case of EIP-55 is not checked.
func ParseAddress(text string) (Address, error) {
	const most = 100
	if len(text) > most {
		return "", fmt.Errorf("%w: %d characters, want 0x and 40 hex digits", ErrInvalidAddress, len(text))
	}
	if !strings.HasPrefix(text, "0x") {
		return "", fmt.Errorf("%w: %q does not begin with 0x", ErrInvalidAddress, text)
	}
	lower := Address(strings.ToLower(text))
	if !lower.Valid() { // no letter but A to F becomes a hex digit
		return "", fmt.Errorf("%w: %q is not 0x and 40 hex digits", ErrInvalidAddress, text)
	}
	return lower, nil
}

// Valid reports whether the address is in the form that is stored: "0x" and 40
// lower-case hex digits.
func (a Address) Valid() bool {
	return len(a) == 42 && a[:2] == "0x" && strings.Trim(string(a[2:]), "0123456789abcdef") == ""
}

// DID returns the identifier by which a credential about the address names its
// subject.
func (a Address) DID() string { return "did:pkh:eip155:1:" + string(a) }

// ParseAddresses returns the addresses in lower case, each once, in their
// order. It returns [ErrInvalidAddress] if one is malformed.
func ParseAddresses(addresses []Address) ([]Address, error) {
	parsed := make([]Address, 0, len(addresses))
	seen := make(map[Address]bool, len(addresses))
	for _, address := range addresses {
		lower, err := ParseAddress(string(address))
		if err != nil {
			return nil, err
		}
		if !seen[lower] {
			seen[lower] = true
			parsed = append(parsed, lower)
		}
	}
	return parsed, nil
}
