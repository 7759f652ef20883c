package shadow

// Class is the cause of a difference, as far as it is known.
type Class string

// The classes, the more serious ones first.
const (
	// Real: nothing else explains it. A [Shadow] only reports one that the
	// primary has repeated while the SDK's decision stayed the same.
	Real Class = "real"
	// Unconfirmed: no second answer was to be had, so that it may be any of those
	// below.
	Unconfirmed Class = "unconfirmed"
	// Changed: the input changed during every second look.
	Changed Class = "input changed"
	// Unrepeated: the primary's second answer agrees. The input changed between
	// its first answer and the plan, or it erred once.
	Unrepeated Class = "not repeated"
	// ClaimOrder: only the order in which wallets claimed a stamp differs, and
	// what follows from it: as Unrepeated, or under [WithSeparateClaims].
	ClaimOrder Class = "order of claims"
	// Clock: a stamp, claim or score expires at about the time of the decision.
	Clock Class = "clock"
	// Recorded: the primary's answer is older than the question.
	Recorded Class = "recorded answer"
	// Rounding: a decimal differs by at most one unit of its fifth place, or a
	// time by less than a second.
	Rounding Class = "rounding"
	// Excepted: the host has made an [Exception].
	Excepted Class = "exception"
)

// Classes are all classes, the more serious ones first.
func Classes() []Class {
	return []Class{Real, Unconfirmed, Changed, Unrepeated, ClaimOrder, Clock, Recorded, Rounding, Excepted}
}

// Field is the part of a decision that differs.
type Field string

// The fields.
const (
	FieldStatus      Field = "status"       // of HTTP
	FieldBody        Field = "body"         // one is no score in the form of the service
	FieldError       Field = "error"        // one side could not score the wallet
	FieldPassing     Field = "passing"      // whether the wallet passes
	FieldScore       Field = "score"        // the sum
	FieldThreshold   Field = "threshold"    // of the community
	FieldExpiry      Field = "expiry"       // of the score
	FieldCanonical   Field = "canonical"    // the wallet that carries the score of a group
	FieldStamp       Field = "stamp"        // only one side has it
	FieldStampScore  Field = "stamp score"  // its weight
	FieldStampDedup  Field = "stamp dedup"  // whether another wallet has claimed it
	FieldStampExpiry Field = "stamp expiry" // its expiry

	// FieldRow and FieldEvent: the primary wrote no last score, or no event, of
	// its answer; see [WithRecords]. The parts of those that it wrote are named
	// "row score", "event stamp", and so on.
	FieldRow   Field = "row"
	FieldEvent Field = "event"
)

// Difference is a part in which two decisions differ.
type Difference struct {
	Field    Field  `json:"field"`
	Provider string `json:"provider,omitempty"` // of a stamp
	// Primary and Ours are the values in words.
	Primary string `json:"primary"`
	Ours    string `json:"ours"`
	Class   Class  `json:"class"`
	// Exception is the name of the exception.
	Exception string `json:"exception,omitempty"`

	rounding bool
}
