package credential

// RecoverDecred is what a Verifier without a Recover uses.
var RecoverDecred = recoverDecred
