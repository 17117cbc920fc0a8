package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// proofTimeout bounds one node's proof: a packet filter that drops what it does
// not like gives no answer at all.
const proofTimeout = 20 * time.Second

// A proof is whether a node's server can use its databases, seen from the
// node's own host: the name resolves there, the server sees its address.
type proof struct {
	node     inventory.Node
	schemas  []string
	provable bool // false where sshd forbids the tunnel that a proof needs
	err      error
}

// prove logs in through the SSH connection of each selected node's host, all at
// once, and runs the datasources' validation query on each of its databases.
func (s *session) prove(ctx context.Context) []proof {
	var proofs []proof
	for _, n := range s.inv.Nodes {
		if s.sel.Has(n.Name) && n.Running && s.down[n.Host] == nil {
			proofs = append(proofs, proof{node: n, schemas: steps.Schemas(s.inv.Database, n.Role), provable: true})
		}
	}
	var wg sync.WaitGroup
	for i := range proofs {
		wg.Go(func() {
			defer s.timed("%s: proof that its databases can be used", proofs[i].node.Name)()
			s.proveOne(ctx, &proofs[i])
		})
	}
	wg.Wait()
	return proofs
}

func (s *session) proveOne(ctx context.Context, p *proof) {
	ctx, cancel := context.WithTimeoutCause(ctx, proofTimeout, errors.New("no answer within "+proofTimeout.String()))
	defer cancel()
	db, err := s.openAsNode(p.node)
	if err != nil {
		p.err = err
		return
	}
	defer db.Close()
	p.err = dbinit.Prove(ctx, db, p.schemas, s.inv.Database.Pool.ValidationQuery)
	if p.err != nil && errors.Is(p.err, context.DeadlineExceeded) {
		p.err = context.Cause(ctx)
	}
	p.err = s.withWayOut(p.err)
	p.provable = !sshexec.IsKind(p.err, sshexec.Forbidden) // a warning, never a failure
}

// openAsNode is the database as the node's server reaches it. The name resolves
// on the host, unless the tool keeps another hosts file than the host's own.
func (s *session) openAsNode(n inventory.Node) (*sql.DB, error) {
	db, host := s.inv.Database, s.inv.HostOf(n)
	name := db.Name
	if host.HostsFile != "/etc/hosts" {
		name = db.Address
	}
	return s.openFrom(host, name)
}

// proven tells what the proofs found, and joins the failures.
func proven(proofs []proof, events func(run.Event)) error {
	var errs []error
	for _, p := range proofs {
		e := run.Event{Stage: run.Verify, Target: p.node.Host, Node: p.node.Name}
		switch {
		case !p.provable:
			e.Note, e.Text = true, "whether it reaches its databases cannot be proven from here: sshd forbids TCP forwarding"
		case p.err != nil:
			errs = append(errs, &converge.Error{Cause: converge.Database, Target: p.node.Host,
				Text: "node " + p.node.Name + " cannot use its databases: " + p.err.Error()})
			continue
		default:
			e.Text = "uses " + strings.Join(p.schemas, ", ")
		}
		events(e)
	}
	return errors.Join(errs...)
}
