package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// A passage is a way from a node's host to another machine, and how it was.
type passage struct {
	node     inventory.Node
	peer     inventory.Node // zero for the database
	provable bool           // false where sshd forbids the tunnel
	proven   bool           // the application's account was used, not only a connection made
	err      error
}

// tunnels tries the ways from the nodes to the database and to each other, all
// at once, one tunnel for each.
func (p *preflight) tunnels(ctx context.Context) {
	ways := p.ways()
	var wg sync.WaitGroup
	wg.Go(func() { p.askNames(ctx) })
	for i := range ways {
		wg.Go(func() { p.walk(ctx, &ways[i]) })
	}
	wg.Wait()
	for _, w := range ways {
		p.walked(w)
	}
}

// ways are those of the nodes whose host was reached and whose server is to run.
func (p *preflight) ways() []passage {
	var ways []passage
	for _, n := range p.inv.Nodes {
		if !p.sel.Has(n.Name) || !n.Running || !p.hostOK[n.Host] {
			continue
		}
		if !p.noServer {
			ways = append(ways, passage{node: n})
		} else {
			p.add(report.Planned, n.Host, n.Name, checkDatabase, 0, "the database server is to be installed")
		}
		if !n.Role.Clustered() {
			continue
		}
		for _, m := range p.inv.Members() {
			if m.Host != n.Host {
				ways = append(ways, passage{node: n, peer: m})
			}
		}
	}
	return ways
}

func (p *preflight) walk(ctx context.Context, w *passage) {
	switch {
	case w.peer.Name != "":
		w.err = p.touch(ctx, w.node.Host, net.JoinHostPort(p.inv.HostOf(w.peer).Address, strconv.Itoa(w.peer.ClusterPort)), nil)
		if refusedByPeer(w.err) { // nobody listens yet, and nothing is in the way
			w.err = nil
		}
	case p.settle && !p.mapped[w.node.Host]:
		proof := proof{node: w.node, schemas: p.schemas(w.node)}
		p.proveOne(ctx, &proof)
		w.err, w.proven = proof.err, true
	default:
		w.err = p.withWayOut(p.touch(ctx, w.node.Host, p.databaseFrom(w.node.Host), greeting))
	}
	w.provable = !sshexec.IsKind(w.err, sshexec.Forbidden)
}

// databaseFrom is the database as the host will know it. Its name counts only
// once the hosts file maps it.
func (p *preflight) databaseFrom(host string) string {
	db := p.inv.Database
	name := db.Address
	if got := p.health[host].Addresses[db.Name]; got != "" && sameAddress(got, db.Address) {
		name = db.Name
	}
	return net.JoinHostPort(name, strconv.Itoa(db.Port))
}

// touch connects from the host onwards, and lets say judge what answers.
func (p *preflight) touch(ctx context.Context, host, address string, say func(net.Conn) error) error {
	limit := cmp.Or(p.inv.SSH.ConnectTimeout, connectTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSilent(limit))
	defer cancel()
	conn, err := p.conns[host].DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if say == nil {
		return nil
	}
	if deadline, set := ctx.Deadline(); set {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	return say(conn)
}

func errSilent(limit time.Duration) error {
	return fmt.Errorf("no answer within %s", limit)
}

// What a MySQL server says to hosts that no account lets in, before they could
// have named one.
const hostNotAllowed = 1130

// greeting reads the first packet of a MySQL server. That no account lets the
// host in is fine: the plan makes one.
func greeting(conn net.Conn) error {
	header := make([]byte, 4)
	if _, err := io.ReadFull(conn, header); err != nil {
		return fmt.Errorf("what listens there does not greet as a MySQL server does: %w", err)
	}
	body := make([]byte, min(int(header[0])|int(header[1])<<8|int(header[2])<<16, 4096))
	if _, err := io.ReadFull(conn, body); err != nil {
		return fmt.Errorf("what listens there does not greet as a MySQL server does: %w", err)
	}
	switch {
	case len(body) > 1 && body[0] == 10:
		return nil
	case len(body) >= 3 && body[0] == 0xff:
		number := binary.LittleEndian.Uint16(body[1:])
		if number == hostNotAllowed {
			return nil
		}
		return &mysql.MySQLError{Number: number, Message: string(body[3:])}
	}
	return errors.New("what listens there is no MySQL server")
}

// walked says how a way was.
func (p *preflight) walked(w passage) {
	check, code := checkDatabase, exitDatabase
	if w.peer.Name != "" {
		check, code = checkPeers, exitUnreachable
	}
	switch target := w.node.Host; {
	case !w.provable:
		p.add(report.Warning, target, w.node.Name, check, 0, "cannot be proven from here: its sshd forbids TCP forwarding (AllowTcpForwarding, PermitOpen); look for yourself whether it reaches %s", p.whereto(w))
	case w.err != nil && check == checkPeers:
		p.add(report.Failure, target, w.node.Name, check, code, "it does not reach %s: %s; the cluster will not form: open that port between the two", p.whereto(w), reason(w.node.Host, w.err))
	case w.err != nil:
		p.add(report.Failure, target, w.node.Name, check, code, "it cannot use the database at %s: %s", p.whereto(w), reason(w.node.Host, w.err))
	case check == checkPeers:
		p.ok(target, w.node.Name, check, "%s", p.whereto(w))
	case w.proven:
		p.ok(target, w.node.Name, check, "uses %s", strings.Join(p.schemas(w.node), ", "))
	default:
		p.add(report.Planned, target, w.node.Name, check, 0, "reached; the account is planned")
	}
}

func (p *preflight) whereto(w passage) string {
	if w.peer.Name == "" {
		return p.databaseFrom(w.node.Host)
	}
	return fmt.Sprintf("%s's cluster port, %s", w.peer.Name, net.JoinHostPort(p.inv.HostOf(w.peer).Address, strconv.Itoa(w.peer.ClusterPort)))
}

// reason is an error without the name of the host, which stands before it.
func reason(host string, err error) string { return strings.ReplaceAll(err.Error(), host+": ", "") }

// withWayOut adds what to do about a database that a node does not reach.
func (s *session) withWayOut(err error) error {
	if way := s.wayOut(err); way != "" {
		return fmt.Errorf("%w; %s", err, way)
	}
	return err
}

func (s *session) wayOut(err error) string {
	db := s.inv.Database
	switch why := obstacle(err); why {
	case obstacleName:
		return fmt.Sprintf("the host does not resolve %s: look at its hosts file and at the line hosts: of /etc/nsswitch.conf", db.Name)
	case obstacleRefused:
		if s.answered {
			return fmt.Sprintf("the server runs, but does not listen on %s: set its bind-address, or remove skip-networking", net.JoinHostPort(db.Address, strconv.Itoa(db.Port)))
		}
		return "nothing listens there: is the server running, and is its bind-address one that the nodes can reach"
	case obstacleSilence:
		return "a packet filter drops what the host sends: open the port for it"
	case obstacleRoute:
		return "no route leads there from the host, or a packet filter rejects it"
	}
	return ""
}

// obstacles tell apart what a host's sshd says when a connection onwards fails.
const (
	obstacleName    = "name"
	obstacleRefused = "refused"
	obstacleSilence = "silence"
	obstacleRoute   = "route"
)

// obstacle reads the reason off the words of the far sshd: the protocol has one
// code for all of them. OpenSSH says no more than "open failed" where its kernel
// knows no way.
func obstacle(err error) string {
	var refused *mysql.MySQLError
	if err == nil || errors.As(err, &refused) {
		return ""
	}
	text := strings.ToLower(err.Error())
	for _, o := range []struct {
		obstacle string
		words    []string
	}{
		{obstacleName, []string{"not known", "name resolution", "no such host", "no address associated", "could not resolve", "unknown host"}},
		{obstacleRefused, []string{"connection refused"}},
		{obstacleSilence, []string{"no answer within", "timed out", "deadline exceeded", "i/o timeout"}},
		{obstacleRoute, []string{"no route to host", "network is unreachable", "host is unreachable", `("open failed")`}},
	} {
		for _, w := range o.words {
			if strings.Contains(text, w) {
				return o.obstacle
			}
		}
	}
	return ""
}

// refusedByPeer: the port was reached and nobody listens there, as before the
// first start.
func refusedByPeer(err error) bool {
	return sshexec.IsKind(err, sshexec.Refused) && obstacle(err) == obstacleRefused
}
