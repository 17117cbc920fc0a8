package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// DatabaseHost is the host of a real lab that carries the database server.
const DatabaseHost = "db1"

// Real brings up a lab of hosts in namespaces. It needs root on Linux, and
// installs the packages that are missing, saying so before. dir must be empty
// or absent, or hold a lab that was killed.
func Real(ctx context.Context, dir string, o Options) (_ *Lab, err error) {
	if err := canBeReal(); err != nil {
		return nil, err
	}
	if o.Kind == mysqld.Any {
		o.Kind = mysqld.MariaDB
	}
	if err := prepareMachine(ctx, o); err != nil {
		return nil, err
	}
	s, err := begin(ctx, "real", dir)
	if err != nil {
		return nil, err
	}
	l := newLab(s, o)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	l.User, l.JavaHome = "deploy", "/opt/java"
	if err := l.upNetwork(ctx); err != nil {
		return l, err
	}
	return l, l.realHosts(ctx)
}

func canBeReal() error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return fmt.Errorf("lab: real hosts need root on Linux (this is %s, user id %d); the embedded lab needs neither", runtime.GOOS, os.Geteuid())
	}
	return nil
}

// prepareMachine installs what the hosts run: they share the machine's /usr.
func prepareMachine(ctx context.Context, o Options) error {
	programs := map[string]string{"sshd": "openssh-server", "sudo": "sudo", "ip": "iproute2", "ps": "procps", "nsenter": "util-linux", "unshare": "util-linux", "ssh": "openssh-client"}
	if err := mysqld.Packages(ctx, programs); err != nil {
		return err
	}
	if len(o.Packages) > 0 {
		return nil // the database host gets its server by itself
	}
	_, err := mysqld.Ensure(ctx, o.Kind)
	return err
}

func (l *Lab) realHosts(ctx context.Context) error {
	key, err := newKey(l.KeyFile, "lab "+l.state.ID)
	if err != nil {
		return err
	}
	java := filepath.Join(l.Dir, "java")
	if err := errors.Join(l.installJava(ctx, java), writeDriver(l.Driver), l.writePack()); err != nil {
		return err
	}
	if len(l.Options.Packages) > 0 {
		if l.packages, err = sourceOf(ctx, l.say, l.Options.Packages); err != nil {
			return err
		}
	}
	specs := append([]HostSpec{}, l.Options.Layout...)
	for i, spec := range append(specs, HostSpec{Name: DatabaseHost}) {
		h := l.realHost(i, spec)
		l.Hosts = append(l.Hosts, h)
		if err := h.build(key.PublicKey(), java); err != nil {
			return fmt.Errorf("host %s: %w", h.Name, err)
		}
		if err := h.boot(ctx); err != nil {
			return fmt.Errorf("host %s: %w", h.Name, err)
		}
	}
	if h := l.Host(DatabaseHost); h.hasOwnRoot() {
		return l.noDatabase(ctx, h)
	}
	return l.databaseOnHost(ctx, l.Host(DatabaseHost))
}

func (l *Lab) realHost(i int, spec HostSpec) *Host {
	address := l.state.Prefix + itoa(11+i)
	h := &Host{Name: spec.Name, Address: address, SSH: Endpoint{address, 22}, HostsFile: "/etc/hosts", Root: filepath.Join(l.Dir, "hosts", spec.Name), lab: l, number: i}
	for j, n := range spec.Nodes {
		home := "/opt/wso2/wso2appm"
		if len(spec.Nodes) > 1 {
			home = "/opt/wso2/" + n.Role + itoa(j+1)
		}
		h.Nodes = append(h.Nodes, n.node(home, j))
	}
	return h
}

// build writes the host's files.
func (h *Host) build(user ssh.PublicKey, java string) error {
	if err := h.skeleton(); err != nil {
		return err
	}
	if err := h.etc(user); err != nil {
		return err
	}
	if err := linkTree(java, h.Path("/opt/java")); err != nil {
		return err
	}
	for _, n := range h.Nodes {
		if err := h.writeHome(n); err != nil {
			return err
		}
	}
	if err := chownTree(h.Path("/opt/wso2"), wso2ID); err != nil {
		return err
	}
	key, err := newKey(h.keyFile(), h.Name)
	if err != nil {
		return err
	}
	return h.lab.trust(h.SSH.String(), key.PublicKey())
}

// databaseOnHost starts the database server inside the host. Root may log in
// on the host itself, as usual, and from the lab's own end of the network.
func (l *Lab) databaseOnHost(ctx context.Context, h *Host) error {
	l.Database.Host = h.Name
	o := mysqld.Options{
		Kind: l.Options.Kind, Dir: h.Path("/var/lib/mysql"), Within: "/var/lib/mysql", WithinBase: "/opt/database",
		Address: h.Address, Port: 3306, RootHosts: []string{l.state.Prefix + "1"}, Enter: append([]string{"nsenter"}, h.enter()...),
	}
	return l.startDatabase(ctx, o)
}

// Reboot turns a host off as a power cut would, and on again: its servers are
// gone, /run and /tmp are empty, the pid files in the homes are still there.
func (h *Host) Reboot(ctx context.Context) error {
	if h.sshd != nil {
		h.sshd.cut()
		return h.KillServers(ctx)
	}
	carries := h.Name == h.lab.Database.Host
	if err := h.off(ctx); err != nil {
		return err
	}
	if err := emptyDir(h.Path("/tmp")); err != nil {
		return err
	}
	if err := h.boot(ctx); err != nil || !carries {
		return err
	}
	return h.lab.RestartDatabase(ctx)
}
