package histories

import (
	"fmt"
	"io"
	"slices"

	"github.com/anishathalye/porcupine"
)

// Picture writes an HTML page that shows the history of one nullifier in one
// community: the operations of each client, and the order that explains them.
// It is the one for which there is no order, or else the one with most
// operations.
func (h *History) Picture(to io.Writer) error {
	var part []porcupine.Operation
	var found porcupine.LinearizationInfo
	for _, candidate := range partition[claim](newFacts(h).claims) {
		result, info := porcupine.CheckOperationsVerbose(claimRules().model(), numbered(candidate), patience)
		if result != porcupine.Ok {
			part, found = candidate, info
			break
		}
		if busy(candidate) > busy(part) {
			part, found = candidate, info
		}
	}
	if part == nil {
		return fmt.Errorf("seed %d: the history has no claims to show", h.Plan.Seed)
	}
	found.AddAnnotations(h.annotations())
	if err := porcupine.Visualize(claimRules().model(), found, to); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "<!-- seed %d, %v; drawn by github.com/anishathalye/porcupine, Copyright (c) Anish Athalye, MIT licence -->\n",
		h.Plan.Seed, from[claim](part[0]).object)
	return err
}

// busy counts the operations that change or ask for a claim.
func busy(part []porcupine.Operation) int {
	n := 0
	for _, op := range part {
		switch from[claim](op).fact.(type) {
		case took, lost, mayTake:
			n++
		}
	}
	return n
}

// numbered gives the clients the numbers from 0 on, and ends those operations
// that have no end.
func numbered(part []porcupine.Operation) []porcupine.Operation {
	var clients []int
	last := int64(0)
	for _, op := range part {
		clients = append(clients, op.ClientId)
		last = max(last, op.Call)
	}
	slices.Sort(clients)
	clients = slices.Compact(clients)
	shown := slices.Clone(part)
	for i := range shown {
		shown[i].ClientId = slices.Index(clients, shown[i].ClientId)
		shown[i].Return = min(shown[i].Return, last+2)
	}
	return shown
}

// annotations are the operations beside the scorings that claims depend on.
func (h *History) annotations() []porcupine.Annotation {
	var shown []porcupine.Annotation
	for i := range h.Operations {
		op := &h.Operations[i]
		a := porcupine.Annotation{Start: op.Call, End: op.Return, Description: op.Step.String()}
		switch op.Step.Action {
		case Wait, Regroup:
			a.Tag, a.Details = "clock", fmt.Sprintf("it shows +%v", op.To)
		case Add, Revoke, Delete:
			a.Tag = "credentials"
			if op.Step.Action != Delete {
				a.Details = h.Plan.Credentials[op.Step.Credential].String()
			}
		case Score, Preview, Latest, Claims, Credentials:
			continue
		}
		shown = append(shown, a)
	}
	return shown
}
