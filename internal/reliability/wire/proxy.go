// Package wire is a proxy between a program and its Postgres that follows the
// conversation: it calls a hook at each step before the server gets it, and
// again when the server has answered and the program has not got the answer,
// and disturbs the conversation there as the hook returns.
//
//	proxy, err := wire.New("127.0.0.1:5432")
//	proxy.Watch(func(s wire.Step) wire.Action {
//		if s.Kind == wire.End && s.Done {
//			return wire.Cut // the answer to the commit is lost
//		}
//		return wire.Pass
//	})
//
// It speaks no TLS, and no more of the protocol than Postgres's own messages of
// version 3.
package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Step is a point of the conversation on one connection.
type Step struct {
	Kind Kind
	// Done reports that the server has answered, and that the answer is withheld
	// from the program. Otherwise the server has not got the step yet. A step that
	// the server refuses is never done.
	Done bool
	// SQL is the text of a [Statement].
	SQL string
	// Executed are the texts of the statements that an [End] ends.
	Executed []string
	// InTransaction reports that the program has a transaction block open, so that
	// an [End] does not commit.
	InTransaction bool
	// PID is the server's process at the other end, 0 for a [Connect].
	PID uint32
}

// Kind is the kind of a step.
type Kind int

// The kinds of steps.
const (
	// Connect begins the conversation.
	Connect Kind = iota
	// Prepare ends a pipeline that has prepared statements and executed none.
	Prepare
	// Statement executes one statement.
	Statement
	// End ends a pipeline of statements (Sync): outside a transaction block it is
	// their commit. Statements of the simple protocol have none.
	End
)

// Action is an answer to a step.
type Action int

// The actions.
const (
	// Pass lets the step happen.
	Pass Action = iota
	// Cut resets the connection on both sides.
	Cut
	// Tear lets a part pass and cuts: half of the message to the server, or the
	// answer up to the middle of its last row.
	Tear
	// Garble puts noise in the place of what would have passed. To the program,
	// nothing passes after it.
	Garble
	// Stall is a network that has gone: nothing passes any more, on no
	// connection, and no new one gets an answer, until [Proxy.Watch] is called
	// again.
	Stall
)

// Proxy listens on a port of the loopback interface. It is safe for concurrent
// use.
type Proxy struct {
	target, address string
	serving         sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while down
	hook     func(Step) Action
	watch    int // counts the calls of Watch
	stalled  bool
	chunk    int
	pause    time.Duration
	conns    map[*conn]struct{}
}

// New returns a proxy to the host and port, through which everything passes.
func New(target string) (*Proxy, error) {
	p := &Proxy{target: target, address: "127.0.0.1:0", conns: map[*conn]struct{}{}}
	if err := p.Up(); err != nil {
		return nil, err
	}
	return p, nil
}

// Address is the host and port to connect to.
func (p *Proxy) Address() string { return p.address }

// Watch sets the hook that is called at each step; nil lets everything pass.
// The hook may take its time, and is called by the connections' own goroutines.
// Stalled connections are cut.
func (p *Proxy) Watch(hook func(Step) Action) {
	p.mu.Lock()
	p.hook = hook
	p.watch++
	stalled := p.stalled
	p.stalled = false
	p.mu.Unlock()
	if stalled {
		p.cutAll()
	}
}

// Pace makes everything pass in pieces of so many bytes at most, with a pause
// before each; 0 lets it pass as it comes. It holds for new connections and old
// ones.
func (p *Proxy) Pace(bytes int, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunk, p.pause = bytes, pause
}

// Down refuses connections, and cuts those that there are.
func (p *Proxy) Down() error {
	p.mu.Lock()
	listener := p.listener
	p.listener = nil
	p.mu.Unlock()
	if listener == nil {
		return nil
	}
	err := listener.Close()
	p.cutAll()
	return err
}

// Up takes connections again, at the same address.
func (p *Proxy) Up() error {
	listener, err := net.Listen("tcp", p.address) //nolint:noctx // waits for nothing
	if err != nil {
		return fmt.Errorf("wire: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return errors.Join(errors.New("wire: the proxy is up"), listener.Close())
	}
	p.listener, p.address = listener, listener.Addr().String()
	p.serving.Go(func() { p.accept(listener) })
	return nil
}

// Close cuts everything, and returns when nothing of the proxy is left.
func (p *Proxy) Close() error {
	err := p.Down()
	p.serving.Wait()
	return err
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		program, err := listener.Accept()
		if err != nil {
			return
		}
		c := newConn(p, program)
		if !p.enter(listener, c) {
			c.cut()
			return
		}
		p.serving.Go(func() {
			defer p.leave(c)
			c.serve()
		})
	}
}

// enter takes note of a connection, unless the listener is no longer the one.
func (p *Proxy) enter(listener net.Listener, c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != listener {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *Proxy) leave(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *Proxy) cutAll() {
	p.mu.Lock()
	var all []*conn
	for c := range p.conns {
		all = append(all, c)
	}
	p.mu.Unlock()
	for _, c := range all {
		c.cut()
	}
}

// stall stalls the proxy, and reports whether it has: not if [Proxy.Watch] has
// been called since the one of that number.
func (p *Proxy) stall(watch int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = p.stalled || p.watch == watch
	return p.watch == watch
}

func (p *Proxy) isStalled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stalled
}

// watcher returns the hook, and the number of the Watch that set it.
func (p *Proxy) watcher() (hook func(Step) Action, watch int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hook, p.watch
}

func (p *Proxy) pace() (chunk int, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chunk, p.pause
}
