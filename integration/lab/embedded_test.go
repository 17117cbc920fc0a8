package lab

import (
	"archive/zip"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/integration/wire"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

func embedded(t *testing.T, o Options) *Lab {
	t.Helper()
	o.Java = fakeJava(t)
	l, err := Embedded(t.Context(), filepath.Join(t.TempDir(), "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, l)
	return l
}

func TestEmbeddedHostsAnswerTheSystemsClient(t *testing.T) {
	l := embedded(t, Options{})
	for _, h := range l.Hosts {
		got := run(t, l, h, `echo "$HOME"; cat "$CARBON_HOSTS_FILE"; ls `+h.Nodes[0].Home+`/bin`)
		for _, want := range []string{h.Root + "/home\n", h.Name + "\n", "wso2server.sh\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q in it", h.Name, got, want)
			}
		}
		if s, err := h.Stats(); err != nil || s != (Stats{Connections: 1, Sessions: 1}) {
			t.Errorf("%s: stats %+v, %v; want one connection, one session", h.Name, s, err)
		}
	}
}

func TestEmbeddedTakesOnlyTheLabsKey(t *testing.T) {
	l := embedded(t, Options{})
	own := l.KeyFile
	l.KeyFile = filepath.Join(t.TempDir(), "key")
	if _, err := newKey(l.KeyFile, "somebody else's"); err != nil {
		t.Fatal(err)
	}
	out, err := sshTo(t.Context(), l, l.Hosts[0], "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Permission denied") {
		t.Errorf("another key: %v, %s; want permission denied", err, out)
	}
	l.KeyFile = own
	if info, err := os.Stat(l.KeyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the lab's key: %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestWhatAScriptStartsOutlivesItsConnectionAndTheScriptDoesNot(t *testing.T) {
	l := embedded(t, Options{})
	h := l.Hosts[0]
	startServer(t, l, h)
	ctx, cut := context.WithCancel(t.Context())
	mark := filepath.Join(h.Root, "tmp", "ended")
	cmd := sshTo(ctx, l, h, `echo up; cat >/dev/null; echo bye >`+mark)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	cut() // kills the client
	_ = cmd.Wait()
	eventually(t, "the script sees the end of its stdin", func() bool { _, err := os.Stat(mark); return err == nil })
	if servers, err := h.Servers(); err != nil || len(servers) != 1 || servers[0].Home != h.Nodes[0].Home {
		t.Errorf("servers %v, %v; want the one of %s", servers, err, h.Nodes[0].Home)
	}
}

func TestKillServersEndsThoseOfTheHostOnly(t *testing.T) {
	l := embedded(t, Options{})
	startServer(t, l, l.Hosts[0])
	startServer(t, l, l.Hosts[1])
	if err := l.Hosts[0].KillServers(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err1 := l.Hosts[0].Servers()
	second, err2 := l.Hosts[1].Servers()
	if len(first) != 0 || len(second) != 1 || err1 != nil || err2 != nil {
		t.Errorf("servers %v and %v (%v, %v), want none and one", first, second, err1, err2)
	}
}

// client connects as a Go program does.
func client(t *testing.T, l *Lab, h *Host) *ssh.Client {
	t.Helper()
	pem, err := os.ReadFile(l.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ssh.Dial("tcp", h.SSH.String(), &ssh.ClientConfig{
		User: l.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSFTPWritesFiles(t *testing.T) {
	l := embedded(t, Options{})
	s, err := sftp.NewClient(client(t, l, l.Hosts[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := s.Create("by-sftp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "text"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got, err := os.ReadFile(filepath.Join(l.Hosts[0].Root, "home", "by-sftp")); string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAConnectionHasTenSessions(t *testing.T) {
	l := embedded(t, Options{})
	c := client(t, l, l.Hosts[0])
	for i := range 11 {
		s, err := c.NewSession()
		if (err == nil) != (i < 10) {
			t.Fatalf("session %d: %v; want ten and no more", i+1, err)
		}
		if err == nil {
			defer s.Close()
		}
	}
}

func TestForwardingReachesLoopbackOnly(t *testing.T) {
	l := embedded(t, Options{})
	h := l.Hosts[0]
	c := client(t, l, h)
	to, err := c.Dial("tcp", l.Server().Addr())
	if err != nil {
		t.Fatalf("the database, through %s: %v", h.Name, err)
	}
	defer to.Close()
	if n, err := to.Read(make([]byte, 5)); n == 0 {
		t.Errorf("no greeting of the database: %v", err)
	}
	for _, address := range []string{"192.0.2.1:22", "example.org:80", "0.0.0.0:22"} {
		if other, err := c.Dial("tcp", address); err == nil {
			other.Close()
			t.Errorf("the lab forwarded to %s", address)
		}
	}
	h.Forbid("forward")
	if other, err := c.Dial("tcp", l.Server().Addr()); err == nil {
		other.Close()
		t.Error("forwarded although that was forbidden")
	}
	if s, err := h.Stats(); err != nil || s.Forwards != 1 {
		t.Errorf("stats %+v, %v; want one forward", s, err)
	}
}

func TestAHostIsReachedThroughAProxy(t *testing.T) {
	l := embedded(t, Options{})
	h := l.Hosts[0]
	p, err := wire.Listen(wire.Options{Target: h.SSH.String(), Delay: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := h.ReachThrough(p.Address); err != nil {
		t.Fatal(err)
	}
	if got := run(t, l, h, "echo through"); got != "through\n" {
		t.Errorf("got %q", got)
	}
	if c := p.Count(); c.Connections != 1 || c.RoundTrips() < 4 {
		t.Errorf("the proxy counted %+v, want one connection of several round trips", c)
	}
}

func TestTreesTellOneByteAndOneMode(t *testing.T) {
	l := embedded(t, Options{})
	h := l.Hosts[2]
	before, err := h.HashTree()
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(h.Nodes[0].Home, "repository/conf/carbon.xml")
	data, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2]++
	script := filepath.Join(h.Nodes[0].Home, "bin/wso2server.sh")
	for _, err := range []error{
		os.WriteFile(conf, data, 0o644), os.Chmod(script, 0o700),
		os.WriteFile(filepath.Join(h.Root, "home/new"), nil, 0o600), os.Remove(h.HostsFile),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	after, err := h.HashTree()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range before.Diff(after) {
		path, _, _ := strings.Cut(line, " (")
		got = append(got, path)
	}
	home := strings.TrimPrefix(h.Nodes[0].Home, h.Root)
	want := []string{"- /etc/hosts", "~ " + home + "/bin/wso2server.sh", "~ " + home + "/repository/conf/carbon.xml", "+ /home/new"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestVolatileFilesCanBeLeftOut(t *testing.T) {
	for path, want := range map[string]bool{
		"/opt/wso2appm/repository/logs": true, "/opt/wso2appm/wso2carbon.pid": true, "/opt/wso2appm/tmp": true, "/opt/wso2/wso2appm/tmp": true,
		"/var/lib/appm-provision": true, "/tmp": false, "/var/lib": false, "/opt/wso2/tmp-not": false,
		"/opt/wso2appm/repository/conf/registry.xml": false, "/etc/hosts": false,
	} {
		if got := skipped(path, Volatile); got != want {
			t.Errorf("%s: left out %v, want %v", path, got, want)
		}
	}
}

func TestTheDumpTellsARowAndAnAccount(t *testing.T) {
	l := embedded(t, Options{})
	db, err := l.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	last := ""
	for _, change := range []string{
		"CREATE DATABASE d", "CREATE TABLE d.t (a int, b text)", "INSERT INTO d.t VALUES (1, NULL)", "UPDATE d.t SET b = 'NULL'",
		"CREATE USER x@y IDENTIFIED BY 'z'", "GRANT SELECT ON d.* TO x@y",
	} {
		if _, err := db.ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		now, err := l.DumpDatabases(t.Context())
		if err != nil || now == last {
			t.Errorf("after %s: %v, the dump is the same: %v", change, err, now == last)
		}
		last = now
	}
	if again, err := l.DumpDatabases(t.Context()); err != nil || again != last {
		t.Errorf("a second dump differs, %v", err)
	}
}

func TestTheInventoryIsOne(t *testing.T) {
	l := embedded(t, Options{Layout: []HostSpec{
		{Name: "both", Nodes: []NodeSpec{{Role: "publisher"}, {Role: "store"}}}, {Name: "idp1", Nodes: []NodeSpec{{Role: "idp"}}}, {Name: "gw1", Nodes: []NodeSpec{{Role: "gateway"}}},
	}})
	path, err := l.WriteInventory()
	if err != nil {
		t.Fatal(err)
	}
	checkInventory(t, path, 4)
}

func TestAPackAndNoHomes(t *testing.T) {
	l := embedded(t, Options{Pack: true, Layout: []HostSpec{
		{Name: "h1", Nodes: []NodeSpec{{Role: "idp"}, {Role: "gateway"}, {Role: "publisher"}, {Role: "store"}}},
		{Name: "h2", Nodes: []NodeSpec{{Role: "idp", Deployment: "second"}, {Role: "gateway", Deployment: "second"}, {Role: "publisher", Deployment: "second"}, {Role: "publisher", Deployment: "second"}, {Role: "store", Deployment: "second"}}},
	}})
	for _, h := range l.Hosts {
		for _, n := range h.Nodes {
			if _, err := os.Lstat(h.Path(n.Home)); !os.IsNotExist(err) {
				t.Errorf("%s has a home at %s: %v", h.Name, n.Home, err)
			}
		}
	}
	z, err := zip.OpenReader(l.Pack)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if f, err := z.Open(product.PackRoot + "/repository/conf/carbon.xml"); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	path, err := l.WriteInventory()
	if err != nil {
		t.Fatal(err)
	}
	checkInventory(t, path, 4)
	second := filepath.Join(l.Dir, "second.toml")
	if err := os.WriteFile(second, []byte(l.Inventory(InventoryOptions{Name: "second"})), 0o600); err != nil {
		t.Fatal(err)
	}
	checkInventory(t, second, 5)
}

func checkInventory(t *testing.T, path string, nodes int) {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inv, warnings, err := inventory.Parse("inventory.toml", src)
	if err != nil || len(warnings) > 0 || len(inv.Nodes) != nodes {
		t.Errorf("%d nodes, warnings %v, error %v; want %d nodes and nothing said of\n%s", len(inv.Nodes), warnings, err, nodes, src)
	}
}

func TestTheDatabaseComesBackWithItsData(t *testing.T) {
	l := embedded(t, Options{})
	db, err := l.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE kept"); err != nil {
		t.Fatal(err)
	}
	if err := l.RestartDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "USE kept"); err != nil {
		t.Error(err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	for range 2 { // a second lab, in the same place
		dir := filepath.Join(t.TempDir(), "lab")
		l, err := Embedded(t.Context(), dir, Options{Java: fakeJava(t)})
		if err != nil {
			t.Fatal(err)
		}
		startServer(t, l, l.Hosts[0])
		address := l.Hosts[0].SSH.String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, l)
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Errorf("something still listens on %s", address)
		}
	}
}

func TestADirectoryWithOtherThingsIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Embedded(t.Context(), dir, Options{Java: fakeJava(t)}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v, want a refusal: the directory is not empty", err)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

func TestLabsShareNoPort(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	taken := map[int]bool{}
	for range 12 { // none of which starts a server
		s := newState("embedded", t.TempDir())
		base, err := s.takePorts(4)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range portsOf(base, 4) {
			if taken[port] {
				t.Errorf("port %d is another lab's", port)
			}
			taken[port] = true
		}
	}
}
