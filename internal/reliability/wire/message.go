package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
)

// message is one of the protocol's, as it is on the wire.
type message []byte

// The messages that mean something here, by their first byte. One byte may
// stand for a message of the program and for one of the server.
const (
	parse, bind, execute, query, syncing byte = 'P', 'B', 'E', 'Q', 'S'

	commandComplete, emptyQuery, portalSuspended byte = 'C', 'I', 's'
	dataRow, errorResponse, ready, backendKey    byte = 'D', 'E', 'Z', 'K'
)

// flush asks the server to answer what it has done so far.
var flush = message{'H', 0, 0, 0, 4}

func (m message) kind() byte { return m[0] }

// body is what follows the length.
func (m message) body() []byte { return m[header:] }

const (
	lengthSize  = 4
	header      = 1 + lengthSize
	longest     = 1 << 30
	longestBoot = 10_000 // of the message that begins a connection, as in Postgres
)

// readMessage reads the next message.
func readMessage(from io.Reader) (message, error) {
	var head [header]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < lengthSize || size > longest {
		return nil, fmt.Errorf("wire: a message of %d bytes", size)
	}
	m := make(message, 1+size)
	copy(m, head[:])
	_, err := io.ReadFull(from, m[header:])
	return m, err
}

// The first four bytes of the message that begins a connection.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

// readFirst reads the message that begins a connection, which has no first
// byte of its own, and what it asks for.
func readFirst(from io.Reader) (m message, code uint32, err error) {
	var head [2 * lengthSize]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, 0, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < uint32(len(head)) || size > longestBoot {
		return nil, 0, errors.New("wire: the connection does not begin as one to Postgres")
	}
	m = make(message, size)
	copy(m, head[:])
	_, err = io.ReadFull(from, m[len(head):])
	return m, binary.BigEndian.Uint32(head[lengthSize:]), err
}

// texts knows the statements of a connection, and which of them its portals
// run.
type texts struct{ statements, portals map[string]string }

func newTexts() texts { return texts{map[string]string{}, map[string]string{}} }

// note takes note of what is prepared and bound.
func (t texts) note(m message) error {
	switch m.kind() {
	case parse:
		var p pgproto3.Parse
		if err := p.Decode(m.body()); err != nil {
			return err
		}
		t.statements[p.Name] = p.Query
	case bind:
		var b pgproto3.Bind
		if err := b.Decode(m.body()); err != nil {
			return err
		}
		t.portals[b.DestinationPortal] = t.statements[b.PreparedStatement]
	}
	return nil
}

// of returns the text that the message executes.
func (t texts) of(m message) (string, error) {
	if m.kind() == query {
		var q pgproto3.Query
		err := q.Decode(m.body())
		return q.String, err
	}
	var e pgproto3.Execute
	err := e.Decode(m.body())
	return t.portals[e.Portal], err
}
