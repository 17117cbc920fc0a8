package sshexec

import (
	"fmt"
	"time"
)

// keepAlive asks the server for a sign of life, and ends the connection when
// none comes: a host that lost its power sends no reset, and TCP alone would
// wait for a quarter of an hour. Any byte that arrives is a sign of life, since
// the answer may stand behind megabytes of output on a slow line.
func (c *Conn) keepAlive() {
	patience := c.cfg.KeepAlive * time.Duration(c.cfg.KeepAliveCount)
	tick := time.NewTicker(c.cfg.KeepAlive)
	defer tick.Stop()
	asked := make(chan struct{}, 1) // holds a token while a question is unanswered
	silent := time.Now()
	for {
		select {
		case <-c.gone:
			return
		case <-tick.C:
		}
		if heard := time.Unix(0, c.wire.heard.Load()); heard.After(silent) {
			silent = heard
		}
		if time.Since(silent) >= patience {
			c.end(fmt.Errorf("no sign of life for %s", patience))
			return
		}
		c.askForLife(asked)
	}
}

func (c *Conn) askForLife(asked chan struct{}) {
	select {
	case asked <- struct{}{}:
	default:
		return
	}
	go func() {
		// The answer itself does not matter: it is heard by the wire.
		_, _, _ = c.client.SendRequest("keepalive@openssh.com", true, nil)
		<-asked
	}()
}
