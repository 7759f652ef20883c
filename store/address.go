package store

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
