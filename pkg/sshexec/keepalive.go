package sshexec

import (
	"fmt"
	"time"
)

// keepAlive asks the server for a sign of life, and ends the connection when
// none comes: a host that lost its power sends no reset, and TCP alone would
// wait for a quarter of an hour. Any byte that arrives is a sign of life, since
// the answer may stand behind megabytes of output on a slow line. Behind a jump
// host it waits a little longer, so that a dead jump host is found out first.
// It counts how often it was woken and had heard nothing, not the time: who was
// stopped, or slept with the lid closed, has to listen first.
func (l *link) keepAlive() {
	every := l.owner.KeepAlive
	tick := time.NewTicker(every)
	defer tick.Stop()
	asked := make(chan struct{}, 1) // holds a token while a question is unanswered
	heard, missed := l.wire.heard.Load(), 0
	for {
		select {
		case <-l.gone:
			return
		case <-tick.C:
		}
		if now := l.wire.heard.Load(); now != heard {
			heard, missed = now, 0
		} else if missed++; missed >= l.owner.KeepAliveCount+l.depth() {
			l.end(fmt.Errorf("no sign of life for %s", every*time.Duration(l.owner.KeepAliveCount)))
			return
		}
		l.askForLife(asked)
	}
}

// depth is how many jump hosts the connection runs through.
func (l *link) depth() int {
	if l.via == nil {
		return 0
	}
	return 1 + l.via.link.depth()
}

func (l *link) askForLife(asked chan struct{}) {
	select {
	case asked <- struct{}{}:
	default:
		return
	}
	go func() {
		// The answer itself does not matter: it is heard by the wire.
		_, _, _ = l.client.SendRequest("keepalive@openssh.com", true, nil)
		<-asked
	}()
}
