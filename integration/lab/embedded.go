package lab

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// Embedded brings up a lab that needs no privilege. dir must be empty or
// absent, or hold an embedded lab that was killed.
func Embedded(ctx context.Context, dir string, o Options) (_ *Lab, err error) {
	kind := o.Kind
	if _, err := mysqld.Ensure(ctx, kind); err != nil {
		return nil, err
	}
	s, err := begin(ctx, "embedded", dir)
	if err != nil {
		return nil, err
	}
	l := newLab(s, o)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	base, err := s.takePorts(len(specNodes(o.Layout)))
	if err != nil {
		return l, err
	}
	if err := l.startDatabase(ctx, mysqld.Options{Kind: kind, Dir: filepath.Join(l.Dir, "database"), Port: 3306 + base, RootHosts: []string{"127.0.0.1"}}); err != nil {
		return l, err
	}
	if err := l.shared(ctx); err != nil {
		return l, err
	}
	return l, l.embeddedHosts(base)
}

func newLab(s *state, o Options) *Lab {
	if o.Layout == nil {
		o.Layout = Ordinary()
	}
	return &Lab{
		Form:       s.Form,
		Dir:        s.Dir,
		KeyFile:    filepath.Join(s.Dir, "keys", "deploy"),
		KnownHosts: filepath.Join(s.Dir, "known_hosts"),
		JavaHome:   filepath.Join(s.Dir, "java"),
		Driver:     filepath.Join(s.Dir, "driver", "mysql-connector-java-5.1.49.tar.gz"),
		Options:    o,
		state:      s,
	}
}

func specNodes(layout []HostSpec) (all []NodeSpec) {
	if layout == nil {
		layout = Ordinary()
	}
	for _, h := range layout {
		all = append(all, h.Nodes...)
	}
	return all
}

// shared makes what all hosts have in common.
func (l *Lab) shared(ctx context.Context) error {
	if err := l.installJava(ctx, filepath.Join(l.Dir, "java")); err != nil {
		return err
	}
	return errors.Join(writeDriver(l.Driver), l.writePack())
}

func (l *Lab) embeddedHosts(base int) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	l.User = me.Username
	key, err := newKey(l.KeyFile, "lab "+l.state.ID)
	if err != nil {
		return err
	}
	next := 0
	for _, spec := range l.Options.Layout {
		h := &Host{Name: spec.Name, Address: "127.0.0.1", Root: filepath.Join(l.Dir, "hosts", spec.Name), lab: l}
		h.HostsFile = filepath.Join(h.Root, "etc", "hosts")
		for _, n := range spec.Nodes {
			home := filepath.Join(h.Root, "opt", "wso2appm")
			if len(spec.Nodes) > 1 {
				home = filepath.Join(h.Root, "opt", n.Role+itoa(next+1))
			}
			h.Nodes = append(h.Nodes, n.node(home, base+next))
			next++
		}
		if err := h.embed(key.PublicKey()); err != nil {
			return err
		}
		l.Hosts = append(l.Hosts, h)
	}
	return nil
}

// embed writes the host's files and starts its server.
func (h *Host) embed(user ssh.PublicKey) error {
	for _, dir := range []string{"etc", "home", "tmp", "opt", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(h.Root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(h.HostsFile, []byte("127.0.0.1\tlocalhost "+h.Name+"\n"), 0o644); err != nil {
		return err
	}
	for _, n := range h.Nodes {
		if err := h.writeHome(n); err != nil {
			return err
		}
	}
	key, err := newKey(h.keyFile(), h.Name)
	if err != nil {
		return err
	}
	if h.sshd, err = serve(key, user, filepath.Join(h.Root, "home"), h.environ()); err != nil {
		return err
	}
	h.lab.closers = append(h.lab.closers, h.sshd.close)
	return h.Reach(Endpoint{"127.0.0.1", h.sshd.port()})
}

// environ is what a command finds, and the stand-in needs: as little as sshd
// gives, and nothing of it outside the lab's directory.
func (h *Host) environ() []string {
	return []string{
		"HOME=" + filepath.Join(h.Root, "home"),
		"USER=" + h.lab.User, "LOGNAME=" + h.lab.User, "SHELL=/bin/sh",
		"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
		"TMPDIR=" + filepath.Join(h.Root, "tmp"),
		"CARBON_HOSTS_FILE=" + h.HostsFile,
		"CARBON_BIND=127.0.0.1",
		"APPM_PROVISION_STORE=" + h.stateDir(),
	}
}

// stateDir is where an embedded host keeps what runs replace, and its lock: the
// usual place is the machine's own.
func (h *Host) stateDir() string { return filepath.Join(h.Root, "var", "lib", "appm-provision") }
