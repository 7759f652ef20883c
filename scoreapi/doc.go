// Package scoreapi has the answers of the Django service's V2 API as types, and
// a [Client] for any server that speaks it: the service, or one with package
// passporthttp, whose handler writes these types.
//
//	client, err := scoreapi.NewClient("https://api.example.org", scoreapi.WithAPIKey(key))
//	score, err := client.Score(ctx, 335, address)
//
// [Of] returns the answer for a result of the engine, and [OfRecorded] that for
// a recorded score, so that decisions of the SDK can be compared with answers.
//
// # JSON
//
// The types write the service's JSON: numbers as strings with five decimal
// places, times as ISO 8601 with +00:00, null for none. They read more than
// they write, because answers vary between releases: numbers as JSON numbers or
// strings, times with any offset or none, null in place of an object, and
// members that they do not know, which are dropped. They never make up a score:
// without the members that decide (see [Score] and [Stamp]) reading fails.
// Numbers and times are bounded in length; bound the size of a document before
// it is read, as the client does.
package scoreapi
