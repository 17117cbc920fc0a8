package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/pack"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// localPack is the distribution zip as the session has it.
type localPack struct {
	*pack.Pack
	source converge.Source
	close  func() error
}

// openPack looks at the pack that the inventory names; nil where it names none.
// What is wrong with it is said before a connection is opened.
func (s *session) openPack(ctx context.Context) (steps.Pack, error) {
	p := s.inv.Pack
	if !p.Given() {
		return steps.Pack{}, nil
	}
	var (
		local *localPack
		sum   = p.SHA256
		err   error
	)
	if p.File == "" {
		local, err = remotePack(ctx, p.URL)
	} else {
		local, sum, err = readPack(ctx, resolve(s.dir, p.File), p.SHA256)
	}
	if err != nil {
		return steps.Pack{}, err
	}
	s.pack = local
	d := steps.Pack{
		Name: local.source.Name, Version: local.Version, SHA256: sum, URL: p.URL, Packed: local.source.Size,
		Files: len(local.Files), Size: local.Size, Owners: map[string]string{},
	}
	if err := d.Fits(); err != nil {
		return d, usage("pack: %s %v", local.source.Name, err)
	}
	return d, nil
}

// readPack opens a zip of this machine, and gives its sha256.
func readPack(ctx context.Context, file, want string) (*localPack, string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, "", usage("pack: %v; get the pack from its vendor, or correct pack.file in the inventory", err)
	}
	local, sum, err := lookInto(ctx, f, file, want)
	if err != nil {
		return nil, "", errors.Join(err, f.Close())
	}
	return local, sum, nil
}

func lookInto(ctx context.Context, f *os.File, file, want string) (*localPack, string, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is no file")
	}
	if err != nil {
		return nil, "", usage("pack: %s: %v", file, err)
	}
	p, err := pack.Open(f, info.Size())
	if err != nil {
		return nil, "", usage("pack: %s %v", file, err)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, untilDone{ctx, io.NewSectionReader(f, 0, info.Size())}, make([]byte, 256<<10)); err != nil {
		return nil, "", fmt.Errorf("pack: %s: %w", file, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if want != "" && sum != want {
		return nil, "", usage("pack: %s has sha256 %s, and the inventory says %s; get it anew, or correct the inventory", file, sum, want)
	}
	return &localPack{p, converge.Source{Name: filepath.Base(file), Size: info.Size(), Reader: f}, f.Close}, sum, nil
}

// untilDone ends with an interrupt: a pack takes seconds to read.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.from.Read(p)
}

// homeOwners says whom a home that is unpacked belongs to: the service user, else
// who logs in. Never root because sudo is on: a server runs as its home's owner.
func (s *session) homeOwners() error {
	if s.pack == nil {
		return nil
	}
	user := s.inv.Product.ServiceUser
	var errs []error
	for _, h := range s.inv.Hosts {
		if len(h.Nodes) == 0 || s.logins.hosts[h.Name] == nil {
			continue
		}
		owner := user
		switch who := s.sshConfig(h.Name); {
		case h.SSH.Become.Method == inventory.BecomeNone && user == "":
			owner = who.User
		case user == "":
			errs = append(errs, usage("host %s: homes are unpacked with the rights of %s there; say whom they shall belong to: service_user under [product]", h.Name, h.SSH.Become.User))
		case h.SSH.Become.Method == inventory.BecomeNone && who.User != "root" && who.User != user:
			errs = append(errs, usage("host %s: %s logs in and becomes nobody else, so what it unpacks cannot belong to the service_user %s; log in as that one, or turn sudo on", h.Name, who.User, user))
		}
		if owner == "root" && user == "" {
			errs = append(errs, usage("host %s: root logs in, and homes that it unpacks would have their servers run as root; say whom they shall belong to: service_user under [product]", h.Name))
		}
		s.deployment.Pack.Owners[h.Name] = owner
	}
	return errors.Join(errs...)
}

// coming puts into the state what the pack brings to homes that are not there.
func (s *session) coming(ctx context.Context, state *plan.State, needs []plan.Need) error {
	if s.pack == nil {
		return nil
	}
	again, err := converge.Coming(state, needs, s.pack.Pack, func(host string) string { return s.deployment.Pack.Owners[host] })
	if err != nil {
		return usage("pack: %s: %v", s.pack.source.Name, err)
	}
	if len(again) == 0 {
		return nil
	}
	more, err := converge.Gather(ctx, s.hosts(), again)
	if err == nil {
		state.Merge(more)
	}
	return err
}

// bytesAtHand are the local bytes of all that may be brought to a host.
func (s *session) bytesAtHand() map[string]converge.Source {
	all := maps.Clone(s.blobs)
	if s.pack != nil {
		all[s.deployment.Pack.SHA256] = s.pack.source
	}
	return all
}

// plain makes the pack that hosts without gzip get: undeflated, in a file that is
// gone with this program. It is nil where no such host unpacks anything.
func (s *session) plain(p *plan.Plan) (map[string]converge.Plain, error) {
	if s.pack == nil {
		return nil, nil
	}
	of := map[string]converge.Plain{}
	for _, c := range p.At(plan.StageUnpack) {
		if h, is := c.After.(*plan.Home); is && h.URL == "" && slices.Contains(s.health[c.Ref.Target].Lacks, gzip) {
			of[c.Ref.Target] = converge.Plain{}
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	f, err := os.CreateTemp("", "appm-provision-pack-*")
	if err != nil {
		return nil, err
	}
	s.spooled = f
	_ = os.Remove(f.Name()) // so that a killed run leaves nothing; where an open file cannot be removed, the end of the session does it
	if err := s.pack.Plain(f); err != nil {
		return nil, fmt.Errorf("the pack cannot be written undeflated to %s: %w", f.Name(), err)
	}
	local, sum, err := lookInto(context.Background(), f, f.Name(), "")
	if err != nil {
		return nil, err
	}
	local.source.Name = s.pack.source.Name
	s.blobs[sum] = local.source
	for host := range of {
		of[host] = converge.Plain{Pack: local.Pack, SHA256: sum}
	}
	return of, nil
}

func (s *session) unpacks() *pack.Pack {
	if s.pack == nil {
		return nil
	}
	return s.pack.Pack
}

// stores are the folders of the hosts' state.
func (s *session) stores() map[string]string {
	all := map[string]string{}
	for name := range s.conns {
		all[name] = s.storeOf(name)
	}
	return all
}
