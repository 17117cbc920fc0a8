package report

import (
	"slices"
	"sync"
	"time"
)

// Wait shows on a terminal what is waited for, before there is a plan whose run
// could be shown: each thing that takes longer than a moment, with a clock. Its
// methods may be called from several goroutines.
type Wait struct {
	screen *Screen
	now    func() time.Time

	mu      sync.Mutex
	pending []*pending

	loop loop
}

type pending struct {
	what  string
	since time.Time
}

// moment is how long something takes that is not worth a line.
const moment = time.Second

// NewWait begins to show; the caller closes it.
func NewWait(s *Screen, size func() (columns, rows int)) *Wait {
	w := &Wait{screen: s, now: time.Now}
	s.Keep(size)
	w.loop.begin(func() { _ = s.show(w.lines()) }) // a terminal that has gone ends nothing
	return w
}

// Begin notes that something has begun; the caller calls end when it is over.
func (w *Wait) Begin(what string) (end func()) {
	p := &pending{what, w.now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, p)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pending = slices.DeleteFunc(w.pending, func(o *pending) bool { return o == p })
	}
}

// Close takes the lines away.
func (w *Wait) Close() {
	w.loop.end()
	_ = w.screen.Drop()
}

func (w *Wait) lines() []line {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []line
	for _, p := range w.pending {
		if d := w.now().Sub(p.since); d >= moment {
			list = append(list, line{{text: elapsed(d) + "  ", code: paints['>']}, {text: p.what}})
		}
	}
	return list
}

// loop draws every so often.
type loop struct{ stop, ended chan struct{} }

func (l *loop) begin(draw func()) {
	l.stop, l.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(l.ended)
		tick := time.NewTicker(often)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				draw()
			case <-l.stop:
				return
			}
		}
	}()
}

func (l *loop) end() {
	close(l.stop)
	<-l.ended
}
