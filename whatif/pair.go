package whatif

import "iter"

// pair gives the same addresses to two readers, each at its own pace. It holds
// those that only one of them has read.
type pair struct {
	next    func() (string, bool)
	stop    func()
	waiting [2][]string
}

func newPair(addresses iter.Seq[string]) *pair {
	p := &pair{}
	p.next, p.stop = iter.Pull(addresses)
	return p
}

// side returns the addresses for one reader.
func (p *pair) side(i int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for address, more := p.take(i); more; address, more = p.take(i) {
			if !yield(address) {
				return
			}
		}
	}
}

func (p *pair) take(i int) (string, bool) {
	if own := p.waiting[i]; len(own) > 0 {
		p.waiting[i] = own[1:]
		return own[0], true
	}
	address, more := p.next()
	if more {
		p.waiting[1-i] = append(p.waiting[1-i], address)
	}
	return address, more
}
