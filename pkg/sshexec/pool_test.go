package sshexec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lab "github.com/appm-provision/appm-provision/integration/wire"
	"golang.org/x/crypto/ssh"
)

// behind is a host's configuration, through jump hosts from the last to the first.
func behind(cfg Config, jumps ...Config) Config {
	if len(jumps) > 0 {
		jump := behind(jumps[0], jumps[1:]...)
		cfg.Jump = &jump
	}
	return cfg
}

func called(cfg Config, name string) Config { cfg.Host = name; return cfg }

// dialAll dials at the same time, each with a name.
func dialAll(t *testing.T, p *Pool, cfgs ...Config) (conns []*Conn, errs []error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conns, errs = make([]*Conn, len(cfgs)), make([]error, len(cfgs))
	var wg sync.WaitGroup
	for i, cfg := range cfgs {
		wg.Go(func() { conns[i], errs[i] = p.Dial(ctx, cfg) })
	}
	wg.Wait()
	for _, c := range conns {
		if c != nil {
			t.Cleanup(func() { c.Close() })
		}
	}
	return conns, errs
}

// Through one and two OpenSSH jump hosts everything works as without.
func TestJumpHosts(t *testing.T) {
	key := sharedKey(t)
	first, second, target := startCell(t, key.PublicKey()), startCell(t, key.PublicKey()), sharedCell(t)
	bastion := called(first.config("nologin", false, key), "bastion") // a jump host needs no shell
	inner := called(second.config("plain", false, key), "inner")
	for name, cfg := range map[string]Config{
		"one": behind(target.config("deploy", true, key), bastion),
		"two": behind(target.config("deploy", true, key), inner, bastion),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, cfg)
			found := gather(t, conn, Read{Kind: "run", Name: "id -un"}, Read{Kind: "file", Name: "/etc/passwd"})
			if string(found[0][0].Data) != "root\n" || len(found[1][0].Data) == 0 {
				t.Errorf("got %+v", found)
			}
			text := strings.Repeat("0123456789abcdef", 100_000)
			upload, err := conn.Upload(t.Context(), "x.jar", strings.NewReader(text), int64(len(text)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.Unstage(t.Context(), upload); err != nil {
				t.Error(err)
			}
		})
	}
	var many []Config
	for range 20 {
		cfg := behind(target.config("plain", false, key), bastion)
		cfg.Signers = append(cfg.Signers, newKey(t)) // or they would share one connection
		many = append(many, cfg)
	}
	conns, errs := dialAll(t, new(Pool), many...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		gather(t, c, Read{Kind: "run", Name: "true"})
	}
	if log := first.log.String(); strings.Count(log, "Accepted publickey for nologin") != 2+1 {
		t.Errorf("the jump host says %s", log)
	}
}

// Many hosts behind a jump host, which is a host itself, cost one connection to
// it; and it is closed after the last of them, in whatever order they are.
func TestOneConnectionToAJumpHost(t *testing.T) {
	key := newKey(t)
	jump := startDoorman(t, byKey(key.PublicKey()))
	bastion := called(jump.config(key), "bastion")
	managed := bastion
	managed.Host, managed.StagingDirectory = "bastion as a host", "elsewhere"
	cfgs := []Config{managed}
	var targets []*doorman
	for i := range 12 {
		g := startDoorman(t, byKey(key.PublicKey()))
		targets = append(targets, g)
		cfgs = append(cfgs, behind(called(g.config(key), fmt.Sprint("host", i)), bastion))
	}
	var p Pool
	conns, errs := dialAll(t, &p, cfgs...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := jump.count(); got != 1 {
		t.Errorf("got %d connections to the jump host", got)
	}
	conns[0].Close()
	total := 0
	for i, c := range conns[1:] {
		gather(t, c, Read{Kind: "run", Name: "true"})
		if got := targets[i].count(); got != 1 {
			t.Errorf("host %d: got %d connections", i, got)
		}
		total += c.Stats().Connections
		c.Close()
	}
	if total != 12 || conns[0].Stats().Connections != 1 {
		t.Errorf("the hosts count %d and %d connections", total, conns[0].Stats().Connections)
	}
	if len(p.links) != 0 {
		t.Errorf("%d connections are left in the pool", len(p.links))
	}
	if _, err := conns[3].Gather(t.Context(), []Read{{Kind: "run", Name: "true"}}); !IsKind(err, Lost) {
		t.Errorf("got %v from a closed connection", err)
	}
	again, errs := dialAll(t, &p, cfgs[1]) // a closed one is made anew
	if errs[0] != nil || jump.count() != 2 {
		t.Fatal(errs, jump.count())
	}
	jump.cut()
	<-again[0].gone
	if _, errs := dialAll(t, &p, cfgs[2]); errs[0] != nil || jump.count() != 3 { // so is a lost one
		t.Fatal(errs, jump.count())
	}
}

// What differs in who logs in, or in how strictly the host is checked, is never
// shared.
func TestWhatIsNotShared(t *testing.T) {
	key := newKey(t)
	g := startDoorman(t, byKey(key.PublicKey()))
	base := g.config(key)
	cfgs := []Config{base}
	for _, change := range []func(*Config){
		func(c *Config) { c.User = "other" },
		func(c *Config) { c.HostKey = string(ssh.MarshalAuthorizedKey(g.hostKey.PublicKey())) },
		func(c *Config) { c.HostKeyAlias = "x" },
		func(c *Config) { c.Signers = append(c.Signers, newKey(t)) },
		func(c *Config) {
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}
		},
	} {
		cfg := base
		change(&cfg)
		cfgs = append(cfgs, cfg)
	}
	var p Pool
	_, errs := dialAll(t, &p, append(cfgs, base)...)
	if err := errors.Join(errs...); err != nil || g.count() != len(cfgs) {
		t.Errorf("got %d connections and %v, want %d", g.count(), err, len(cfgs))
	}
	wrong := base
	wrong.HostKey = "SHA256:another"
	if _, errs := dialAll(t, &p, wrong); !IsKind(errs[0], HostKey) {
		t.Errorf("got %v, although the host key is another", errs[0])
	}
}

// One host gives up waiting; the others still get the shared connection. When all
// have given up, nothing goes on.
func TestSharedDialOutlivesItsFirst(t *testing.T) {
	key := newKey(t)
	jump, target := startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey()))
	slow := proxyTo(t, jump.port)
	slow.Set(lab.Blackhole)
	bastion := jump.config(key)
	bastion.Port = proxyPort(t, slow)
	cfg := behind(target.config(key), bastion)
	var p Pool
	impatient, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := p.Dial(impatient, cfg); gone <- err }()
	comesTrue(t, func() bool { return slow.Count().Connections == 1 })
	other := behind(called(target.config(key), "other"), bastion)
	other.User = "other"
	patient := make(chan error)
	go func() {
		c, err := p.Dial(t.Context(), other)
		if err == nil {
			c.Close()
		}
		patient <- err
	}()
	comesTrue(t, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.links) == 3 })
	cancel()
	if err := <-gone; !IsKind(err, Interrupted) {
		t.Errorf("got %v, want interrupted", err)
	}
	slow.Set(lab.Open)
	if err := <-patient; err != nil {
		t.Error(err)
	}
	if got := slow.Count().Connections; got != 1 || len(p.links) != 0 {
		t.Errorf("got %d connections, %d of them open", got, len(p.links))
	}
}

func comesTrue(t *testing.T, condition func() bool) {
	t.Helper()
	for range 12000 {
		if condition() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it does not come to pass")
}

func proxyTo(t *testing.T, port int) *lab.Proxy {
	t.Helper()
	p, err := lab.Listen(lab.Options{Target: fmt.Sprintf("127.0.0.1:%d", port)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func proxyPort(t *testing.T, p *lab.Proxy) int {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	return address.Port
}

// Nothing of a login goes on after it, whatever became of it.
func TestNothingStaysBehind(t *testing.T) {
	key := newKey(t)
	file := makeKey(t, "", "-t", "ed25519")
	jump, target := startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey()))
	cfg := behind(target.config(key), jump.config(key))
	cfg.AgentSocket = startAgent(t, file)
	wrongHost, wrongKey, down := cfg, cfg, cfg
	wrongHost.HostKey = "SHA256:x"
	wrongKey.Signers = []ssh.Signer{newKey(t)}
	down.Port = freePort(t)
	before := runtime.NumGoroutine()
	for range 5 {
		dial(t, cfg).Close()
		for _, bad := range []Config{wrongHost, wrongKey, down} {
			if _, err := Dial(t.Context(), bad); err == nil {
				t.Error("connected")
			}
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if c, err := Dial(short, cfg); err == nil {
			c.Close()
		}
		cancel()
	}
	comesTrue(t, func() bool { return runtime.NumGoroutine() <= before })
}
