package wire

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// conn is one connection of the program and its twin to the server.
type conn struct {
	proxy   *Proxy
	program net.Conn
	texts   texts
	// executed and prepared are since the last Sync.
	executed []string
	prepared bool
	// watch is the number of the [Proxy.Watch] whose hook was called last.
	watch int

	dialling sync.Mutex
	server   net.Conn // nil until it is dialled
	over     bool     // both sides are closed

	mu    sync.Mutex
	news  *sync.Cond // the server has said something, or never will again
	said  said
	ended bool // the server
	// withholding keeps back what the server says, in held.
	withholding bool
	held        []message
	muted       bool // nothing passes to the program any more
}

// said is what the server has said so far.
type said struct {
	pid      uint32
	answers  int // to statements
	readies  int
	refusals int
	failing  bool // since the last ReadyForQuery
	inABlock bool
}

func newConn(p *Proxy, program net.Conn) *conn {
	c := &conn{proxy: p, program: program, texts: newTexts()}
	c.news = sync.NewCond(&c.mu)
	return c
}

// serve returns when both sides have ended.
func (c *conn) serve() {
	if !c.open() {
		c.end()
		return
	}
	var answering sync.WaitGroup
	answering.Go(c.answer)
	for {
		m, err := readMessage(c.program)
		if err != nil || !c.handle(m) {
			break
		}
	}
	c.end()
	answering.Wait()
}

// open begins the conversation with the server.
func (c *conn) open() bool {
	first, code, err := readFirst(c.program)
	for ; err == nil && (code == sslRequest || code == gssRequest); first, code, err = readFirst(c.program) {
		if _, err := c.program.Write([]byte{'N'}); err != nil {
			return false
		}
	}
	if err != nil {
		return false
	}
	if c.proxy.isStalled() {
		return c.mute()
	}
	if code != cancelRequest {
		if hook := c.hook(); hook != nil {
			if action := hook(Step{Kind: Connect}); action != Pass {
				return c.strike(action, first)
			}
		}
	}
	server, err := net.Dial("tcp", c.proxy.target) //nolint:noctx // loopback; Close ends what is dialled
	if err != nil {
		return false
	}
	c.dialling.Lock()
	c.server = server
	over := c.over
	c.dialling.Unlock()
	return !over && c.toServer(first)
}

// handle passes a message of the program on, and reports whether to go on.
func (c *conn) handle(m message) bool {
	if c.proxy.isStalled() {
		return c.mute()
	}
	switch m.kind() {
	case parse:
		c.prepared = true
	case execute, query:
		return c.statement(m)
	case syncing:
		return c.sync(m)
	}
	return c.texts.note(m) == nil && c.toServer(m)
}

func (c *conn) statement(m message) bool {
	text, err := c.texts.of(m)
	if err != nil {
		return false
	}
	if m.kind() == query {
		return c.step(Step{Kind: Statement, SQL: text}, isReady, m)
	}
	c.executed = append(c.executed, text)
	return c.step(Step{Kind: Statement, SQL: text}, hasAnswered, m, flush)
}

func (c *conn) sync(m message) bool {
	s := Step{Kind: End, Executed: c.executed}
	if len(c.executed) == 0 {
		s.Kind = Prepare
	}
	idle := !c.prepared && len(c.executed) == 0
	c.executed, c.prepared = nil, false
	if idle {
		return c.toServer(m)
	}
	return c.step(s, isReady, m)
}

func isReady(before, now said) bool     { return now.readies > before.readies }
func hasAnswered(before, now said) bool { return now.answers > before.answers }

// step asks what to do, passes the messages on, waits until the server has
// answered and asks again. A pipeline that has failed is passed on as it is:
// the server passes over the rest of it.
func (c *conn) step(s Step, answered func(before, now said) bool, messages ...message) bool {
	hook, before := c.hook(), c.withhold()
	if hook == nil || before.failing {
		return c.release() && c.toServer(messages[:1]...)
	}
	s.PID, s.InTransaction = before.pid, before.inABlock
	if action := hook(s); action != Pass {
		return c.strike(action, messages[0])
	}
	if !c.toServer(messages...) || !c.await(before, answered) {
		return c.release()
	}
	s.Done = true
	if action := hook(s); action != Pass {
		return c.strikeAnswer(action)
	}
	return c.release()
}

// strike does the action in the place of a message to the server.
func (c *conn) strike(action Action, m message) bool {
	switch action {
	case Pass:
		return c.toServer(m)
	case Tear:
		c.toServer(m[:len(m)/2])
		c.end() // not a reset, with which what was written may be lost
		return false
	case Garble:
		return c.toServer(noise) && c.release() // the server ends for it
	case Stall:
		return c.stall()
	case Cut:
	}
	c.cut()
	return false
}

// strikeAnswer does the action to the answer that is withheld.
func (c *conn) strikeAnswer(action Action) bool {
	switch action {
	case Pass:
		return c.release()
	case Tear:
		c.mu.Lock()
		_ = c.write(c.program, torn(c.held)...) // it is cut in any case
		c.mu.Unlock()
		c.end() // not a reset, with which what was written may be lost
		return false
	case Garble:
		c.mu.Lock()
		c.muted = true
		err := c.write(c.program, noise)
		c.mu.Unlock()
		return err == nil && c.release()
	case Stall:
		return c.stall()
	case Cut:
	}
	c.cut()
	return false
}

// noise is a message of a kind that does not exist, in either direction.
var noise = message{0xff, 0, 0, 0, 8, 0xfe, 0xfd, 0xfc, 0xfb}

// torn returns the messages up to the middle of the last row, or of the last
// message if there is no row.
func torn(messages []message) []message {
	last := len(messages) - 1
	for i, m := range messages {
		if m.kind() == dataRow {
			last = i
		}
	}
	cut := slices.Clone(messages[:last+1])
	cut[last] = cut[last][:len(cut[last])/2]
	return cut
}

// hook returns the hook to call now, nil for none.
func (c *conn) hook() (hook func(Step) Action) {
	hook, c.watch = c.proxy.watcher()
	return hook
}

// stall stalls the proxy. If its hook was replaced while it was called, the
// connection is cut, like the stalled ones.
func (c *conn) stall() bool {
	if !c.proxy.stall(c.watch) {
		c.cut()
		return false
	}
	return c.mute()
}

// mute lets nothing pass until the program gives up or the connection is cut.
func (c *conn) mute() bool {
	c.mu.Lock()
	c.muted = true
	c.mu.Unlock()
	return c.drain()
}

// drain reads what the program says until it has ended.
func (c *conn) drain() bool {
	_, _ = io.Copy(io.Discard, c.program)
	return false
}

// withhold keeps back from now on what the server says, and returns what it has
// said so far.
func (c *conn) withhold() said {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.withholding = true
	return c.said
}

// await waits until the server has answered; false when it never will.
func (c *conn) await(before said, answered func(before, now said) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !answered(before, c.said) && !c.ended && c.said.refusals == before.refusals {
		c.news.Wait()
	}
	return c.said.refusals == before.refusals && answered(before, c.said)
}

// release gives the program the withheld messages, and reports whether to go
// on.
func (c *conn) release() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.withholding, c.held = false, nil
	return (c.muted || c.write(c.program, held...) == nil) && !c.ended
}

// answer passes on what the server says.
func (c *conn) answer() {
	defer func() {
		c.mu.Lock()
		c.ended = true
		c.news.Broadcast()
		withholding := c.withholding
		c.mu.Unlock()
		if !withholding { // else the step that withholds it decides
			c.end()
		}
	}()
	for {
		m, err := readMessage(c.server)
		if err != nil || !c.hear(m) {
			return
		}
	}
}

// hear takes note of a message of the server, and passes it on or withholds it.
func (c *conn) hear(m message) bool {
	if c.proxy.isStalled() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said.note(m)
	c.news.Broadcast()
	switch {
	case c.muted:
		return true
	case c.withholding:
		c.held = append(c.held, m)
		return true
	}
	return c.write(c.program, m) == nil
}

func (s *said) note(m message) {
	switch m.kind() {
	case backendKey:
		s.pid = binary.BigEndian.Uint32(m.body())
	case commandComplete, emptyQuery, portalSuspended:
		s.answers++
	case errorResponse:
		s.refusals++
		s.failing = true
	case ready:
		s.readies++
		s.failing = false
		s.inABlock = m.body()[0] != 'I'
	}
}

func (c *conn) toServer(messages ...message) bool { return c.write(c.server, messages...) == nil }

// write writes at the proxy's pace.
func (c *conn) write(to net.Conn, messages ...message) error {
	all := slices.Concat(messages...)
	chunk, pause := c.proxy.pace()
	if chunk == 0 {
		chunk = max(len(all), 1)
	}
	for piece := range slices.Chunk(all, chunk) {
		time.Sleep(pause)
		if _, err := to.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// end closes both sides as one does that has ended: what was written still
// arrives.
func (c *conn) end() { c.finish(false) }

// cut resets both sides.
func (c *conn) cut() { c.finish(true) }

func (c *conn) finish(reset bool) {
	c.dialling.Lock()
	defer c.dialling.Unlock()
	c.over = true
	for _, side := range []net.Conn{c.program, c.server} {
		if side == nil {
			continue
		}
		if tcp, is := side.(*net.TCPConn); is && reset {
			_ = tcp.SetLinger(0) // it is closed already, or will be reset
		}
		_ = side.Close() // it may be closed already
	}
}
