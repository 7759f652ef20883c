package credential

// RecoverDecred is what a Verifier without a Recover uses.
var RecoverDecred = recoverDecred

// RememberedTypes is the number of sets of types that a Verifier remembers.
func RememberedTypes(v *Verifier) int { return v.types.Len() }
