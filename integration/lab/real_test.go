package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

func real(t *testing.T, o Options) *Lab {
	t.Helper()
	if err := canBeReal(); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	o.Java = fakeJava(t)
	l, err := Real(t.Context(), filepath.Join(t.TempDir(), "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, l)
	return l
}

func TestRealHostsAreHostsOfTheirOwn(t *testing.T) {
	l := real(t, Options{})
	machine, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range l.Hosts {
		got := run(t, l, h, "hostname; id -un; sudo -n id -un; stat -c %U /opt/wso2; cat /proc/1/cmdline | tr '\\0' ' '; ps -e | wc -l")
		for _, want := range []string{h.Name + "\ndeploy\nroot\nwso2\nsh "} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q in it", h.Name, got, want)
			}
		}
		run(t, l, h, "echo '# of "+h.Name+"' | sudo tee -a /etc/hosts; sudo touch /opt/x /root/x /tmp/x /var/x /srv/x /run/x; ! sudo touch /x /usr/x 2>/dev/null")
	}
	for _, h := range l.Hosts {
		file, err := os.ReadFile(h.Path("/etc/hosts"))
		if got := strings.Count(string(file), "# of "); err != nil || got != 1 || !strings.Contains(string(file), "# of "+h.Name) {
			t.Errorf("%s: /etc/hosts is %q, %v; want its own mark and no other", h.Name, file, err)
		}
	}
	if after, err := os.ReadFile("/etc/hosts"); err != nil || string(after) != string(machine) {
		t.Errorf("the machine's own /etc/hosts is now %q, %v", after, err)
	}
}

func TestRealHostsReachEachOtherAndNothingElse(t *testing.T) {
	l := real(t, Options{})
	greeting := func(address string) string {
		return "timeout 5 bash -c 'exec 3<>/dev/tcp/" + address + " && dd bs=90 count=1 status=none <&3 | tr -cd \"[:print:]\"' 2>&1; true"
	}
	a, b := l.Hosts[0], l.Hosts[3]
	if got := run(t, l, a, greeting(b.Address+"/22")); !strings.HasPrefix(got, "SSH-2.0-OpenSSH") {
		t.Errorf("%s from %s: %q", b.Name, a.Name, got)
	}
	if got := run(t, l, a, greeting(l.Database.Address+"/3306")); !strings.Contains(got, "MariaDB") {
		t.Errorf("the database from %s: %q", a.Name, got)
	}
	if got := run(t, l, a, greeting("203.0.113.1/9")); !strings.Contains(got, "Network is unreachable") {
		t.Errorf("an address outside of the lab: %q, want an unreachable network", got)
	}
	if s, err := a.Stats(); err != nil || s != (Stats{Connections: 3, Sessions: 3}) {
		t.Errorf("%s: stats %+v, %v; want three connections and sessions", a.Name, s, err)
	}
}

func TestRealServersAreReapedAndReboot(t *testing.T) {
	l := real(t, Options{})
	h := l.Hosts[1]
	startServer(t, l, h)
	servers, err := h.Servers()
	if err != nil || len(servers) != 1 || servers[0].Home != h.Nodes[0].Home {
		t.Fatalf("servers %v, %v; want the one of %s", servers, err, h.Nodes[0].Home)
	}
	if others, err := l.Hosts[0].Servers(); err != nil || len(others) != 0 {
		t.Errorf("%s: servers %v, %v; want none", l.Hosts[0].Name, others, err)
	}
	if err := h.KillServers(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first process reaps an orphan", func() bool {
		out, err := h.Exec(t.Context(), "ps", "-eo", "stat=")
		return err == nil && !strings.Contains(out, "Z")
	})
	startServer(t, l, h)
	run(t, l, h, "echo kept | sudo tee /opt/kept; touch /tmp/gone /dev/shm/gone")
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := run(t, l, h, "cat /opt/kept; ls /tmp /dev/shm; hostname"); got != "kept\n/dev/shm:\n\n/tmp:\n"+h.Name+"\n" {
		t.Errorf("after a reboot: %q", got)
	}
	if servers, err := h.Servers(); err != nil || len(servers) != 0 {
		t.Errorf("after a reboot: servers %v, %v; want none", servers, err)
	}
}

func TestTheDatabaseHostRebootsWithItsData(t *testing.T) {
	for _, kind := range []mysqld.Kind{mysqld.MariaDB, mysqld.MySQL56} {
		t.Run(string(kind), func(t *testing.T) {
			l := real(t, Options{Kind: kind})
			db, err := l.OpenDatabase()
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), "CREATE DATABASE kept"); err != nil {
				t.Fatal(err)
			}
			if err := l.Host(DatabaseHost).Reboot(t.Context()); err != nil {
				t.Fatal(err)
			}
			var version string
			if err := db.QueryRowContext(t.Context(), "SELECT VERSION() FROM information_schema.schemata WHERE schema_name = 'kept'").Scan(&version); err != nil {
				t.Fatal(err)
			}
			if (kind == mysqld.MySQL56) != strings.HasPrefix(version, "5.6.") {
				t.Errorf("version %s of %s", version, kind)
			}
		})
	}
}

func TestABoundHostsFileCannotBeRenamedOver(t *testing.T) {
	l := real(t, Options{BoundHosts: "gw1"})
	h := l.Host("gw1")
	got := run(t, l, h, "sudo cp /etc/hosts /etc/new && sudo mv /etc/new /etc/hosts 2>&1; echo '# in place' | sudo tee -a /etc/hosts >/dev/null")
	if !strings.Contains(got, "Device or resource busy") {
		t.Errorf("mv over /etc/hosts: %q, want EBUSY", got)
	}
	if file, err := os.ReadFile(h.Path("/etc/hosts")); err != nil || !strings.HasSuffix(string(file), "# in place\n") {
		t.Errorf("Path(/etc/hosts) is not the host's file: %q, %v", file, err)
	}
	run(t, l, l.Host("pub1"), "sudo cp /etc/hosts /etc/new && sudo mv /etc/new /etc/hosts")
}

func TestSudoAsksForAPassword(t *testing.T) {
	l := real(t, Options{SudoPassword: "open sesame"})
	got := run(t, l, l.Hosts[0], "sudo -n true 2>&1; echo 'open sesame' | sudo -S -p '' id -un")
	if !strings.Contains(got, "a password is required") || !strings.HasSuffix(got, "root\n") {
		t.Errorf("got %q, want a refusal without and root with the password", got)
	}
}

func TestTheRealInventoryIsOne(t *testing.T) {
	l := real(t, Options{})
	path, err := l.WriteInventory()
	if err != nil {
		t.Fatal(err)
	}
	checkInventory(t, path, 4)
}

func TestANetworkInUseIsNotTaken(t *testing.T) {
	used := routedNetworks("default via 10.0.0.1 dev eth0\n10.213.7.0/24 dev br0 scope link\nunreachable 10.213.9.0/24\nlocal 172.29.4.4 dev lo\n192.168.0.0/16 dev x\n")
	for prefix, want := range map[string]bool{"10.213.7.": true, "10.213.9.": true, "10.213.8.": false, "172.29.4.": true, "172.29.5.": false, "192.168.77.": true} {
		if got := overlaps(used, prefix); got != want {
			t.Errorf("%s overlaps: %v, want %v", prefix, got, want)
		}
	}
}
