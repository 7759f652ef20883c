package replay

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// The bounds of what is read of one wallet.
const (
	mostEvents = 1000   // events of scores
	mostRows   = 10_000 // events of all kinds
)

// scoring is an event of a score.
type scoring struct {
	record

	// lost are the providers of the events about deduplicated stamps between the
	// event of the score before and that of the score after.
	lost []string
	open bool // the event before was not read, so that lost may be incomplete
}

// eventsOf returns the newest events of scores of the wallet, one more than are
// decided, without those that are younger than the run.
func (r *Replay) eventsOf(ctx context.Context, address store.Address) ([]scoring, error) {
	h := history{until: r.moment, wanted: r.events + 1}
	page := store.Page{Limit: min(2*r.events+20, store.MaxPage), MayLag: true}
	for rows := 0; rows < mostRows; rows += page.Limit {
		events, err := r.rows.ListEvents(ctx, r.community, address, page)
		if err != nil {
			return nil, ended(err, "listing the events of a wallet")
		}
		for i := range events {
			if done := h.add(&events[i]); done {
				return h.found, nil
			}
		}
		if len(events) < page.Limit {
			h.close()
			break
		}
		page.Before = events[len(events)-1].ID
	}
	return h.found, nil
}

// history collects the events of scores from the newest to the oldest.
type history struct {
	until  time.Time
	wanted int
	found  []scoring
	lost   []string // since the last event of a score
}

// add adds the next event. It reports whether there are as many as are wanted.
func (h *history) add(e *store.RecordedEvent) (done bool) {
	last := len(h.found) - 1
	switch e.Action {
	case store.ActionDeduplicated:
		provider := lostBy(e.Data)
		h.lost = append(h.lost, provider)
		if last >= 0 {
			h.found[last].lost = append(h.found[last].lost, provider)
		}
	case store.ActionScoreUpdate:
		read := parse(e.Data)
		read.event = e.ID
		if read.ScoredAt.IsZero() {
			read.ScoredAt = e.At
		}
		if h.close(); last+1 >= h.wanted {
			return true
		}
		if !read.ScoredAt.After(h.until) {
			h.found = append(h.found, scoring{record: read, lost: h.lost, open: true})
		}
		h.lost = nil
	}
	return false
}

// close completes what is known of the event that was added last.
func (h *history) close() {
	if last := len(h.found) - 1; last >= 0 {
		h.found[last].open = false
	}
}

// lostBy returns the provider that an event about a deduplicated stamp names.
func lostBy(data []byte) string {
	var written struct {
		Provider string `json:"provider"`
	}
	if json.Unmarshal(data, &written) != nil {
		return ""
	}
	return written.Provider
}

// beside returns how the events differ from the score that they should record.
// A score without stamps may be older than events are.
func beside(row *record, events []scoring) (found []shadow.Difference) {
	if row.Failed || row.Malformed || row.unknown || row.bare && len(events) == 0 {
		return nil
	}
	add := func(provider, event, score string, class shadow.Class) {
		found = append(found, shadow.Difference{Field: FieldEvent, Provider: provider, Primary: event, Ours: score, Class: class})
	}
	if len(events) == 0 {
		add("", "absent", "a score", shadow.Real)
		return found
	}
	newest := &events[0]
	if !store.Microseconds(newest.ScoredAt).Equal(store.Microseconds(row.ScoredAt)) {
		add("", moment(newest.ScoredAt), moment(row.ScoredAt), shadow.Real)
		return found
	}
	for _, d := range shadow.Compare(newest.Decision, row.Decision, shadow.Rules{}) {
		add(d.Provider, string(d.Field)+" "+d.Primary, string(d.Field)+" "+d.Ours, d.Class)
	}
	if newest.value != "" && row.value != "" && !same(newest.value, row.value) {
		add("", "value "+newest.value, "value "+row.value, shadow.Real)
	}
	for _, provider := range slices.Sorted(maps.Keys(row.Stamps)) {
		if row.Stamps[provider].Deduplicated && !newest.open && !slices.Contains(newest.lost, provider) {
			add(provider, "absent", "deduplicated", shadow.Real)
		}
	}
	return found
}
