package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

const checked = `
name = "lab"
[ssh]
user = "deploy"
sudo = true
[product]
home = "/opt/appm"
[driver]
file = "driver.jar"
[database]
address = "10.0.0.5"
admin = { user = "root", password = { env = "A" } }
user = "appm"
password = { env = "B" }
[[host]]
name = "idp1"
address = "10.0.0.11"
nodes = [{ role = "idp" }]
[[host]]
name = "gw1"
address = "10.0.0.12"
nodes = [{ role = "gateway", running = false }]
[[host]]
name = "both"
address = "10.0.0.13"
nodes = [{ role = "publisher", name = "pub1", home = "/opt/pub" }, { role = "store", name = "store1", home = "/opt/store", offset = 1, cluster_port = 4001 }]
`

// unasked is a preflight in which nothing was asked yet, and its stderr.
func unasked(t *testing.T) (*preflight, *bytes.Buffer) {
	t.Helper()
	inv, _, err := inventory.Parse("inventory.toml", []byte(checked))
	if err != nil {
		t.Fatal(err)
	}
	sel, err := inv.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	s := &session{app: &app{stderr: &stderr}, inv: inv, sel: sel, health: map[string]converge.Health{}, conns: map[string]*sshexec.Conn{}}
	s.logins = &logins{hosts: map[string]*login{}}
	for _, h := range inv.Hosts {
		s.logins.hosts[h.Name] = &login{Config: sshexec.Config{Host: h.Name, User: "deploy"}}
	}
	return &preflight{session: s, asked: []string{"idp1", "gw1", "both"}, state: plan.NewState(), mapped: map[string]bool{}, hostOK: map[string]bool{}, well: map[string]bool{}}, &stderr
}

// lines are what was found, a line for each that says something.
func lines(p *preflight) string {
	var out strings.Builder
	for _, f := range p.findings() {
		fmt.Fprintf(&out, "%s %s%s: %s\n", f.Level, f.Where(), f.Check, f.Text)
	}
	return out.String()
}

// found fails where what was found is not, line by line, what it begins with.
func found(t *testing.T, p *preflight, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(lines(p), "\n"), "\n")
	if len(got) != len(want) {
		t.Fatalf("got %d findings, want %d:\n%s", len(got), len(want), lines(p))
	}
	for i := range want {
		level, rest, _ := strings.Cut(want[i], "…")
		if !strings.HasPrefix(got[i], level) || !strings.HasSuffix(got[i], rest) {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

func TestHowFarALoginCame(t *testing.T) {
	p, _ := unasked(t)
	p.loggedIn("idp1", nil)
	p.loggedIn("gw1", &sshexec.Error{Kind: sshexec.HostKey, Host: "gw1", Text: "the key changed"})
	p.loggedIn("both", &sshexec.Error{Kind: sshexec.Authentication, Host: "both", Text: "no key fits"})
	found(t, p, "ok idp1: reach: ", "ok idp1: key: ", "ok idp1: auth: as deploy", "ok gw1: reach: ", "FAIL gw1: key: the key changed",
		"ok both: reach: ", "ok both: key: ", "FAIL both: auth: no key fits")
	var known exit
	if err := p.outcome("not ready"); !errors.As(err, &known) || known.code != exitHostKey || known.text != "not ready: gw1, both" {
		t.Errorf("got %+v, want the code of the host key, as what comes first counts", known)
	}
	p.loggedIn("idp1", &sshexec.Error{Kind: sshexec.Lost, Host: "idp1", Text: "gone"})
	if err := p.outcome("x"); !errors.As(err, &known) || known.code != exitUnreachable {
		t.Errorf("got %+v", known)
	}
}

func TestHowSpaceIsJudged(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		what  string
		space converge.Space
		level report.Level
		text  string
	}{
		{"plenty", converge.Space{Folder: "/opt/appm", Home: "/opt/appm", There: true, Writable: true, Free: 9 << 30, FreeNodes: 9e6}, report.OK, "9216 MB free"},
		{"not told", converge.Space{Folder: "/opt/appm", Home: "/opt/appm", There: true, Writable: true, Free: -1, FreeNodes: -1}, report.OK, "unknown"},
		{"little for a start", converge.Space{Folder: "/opt/appm", Home: "/opt/appm", There: true, Writable: true, Free: 100 * mb, FreeNodes: 9e6}, report.Warning, "only 100 MB"},
		{"little for files", converge.Space{Folder: "/opt/appm/lib", Home: "/opt/appm", There: true, Writable: true, Free: 17 * mb, FreeNodes: 9e6}, report.Failure, "only 17 MB are free for /opt/appm/lib, and 18 MB are needed"},
		{"nothing", converge.Space{Folder: "/opt/appm/lib", Home: "/opt/appm", There: true, Writable: true, Free: 4 << 10, FreeNodes: 9e6}, report.Failure, "only 4 KB"},
		{"little for uploads", converge.Space{Folder: "/home/deploy", Asked: "~", There: true, Writable: true, Free: 3 * mb, FreeNodes: -1}, report.Failure, "only 3072 KB"},
		{"a small /etc", converge.Space{Folder: "/etc", There: true, Writable: true, Free: 3 * mb, FreeNodes: -1}, report.OK, ""},
		{"a full /etc", converge.Space{Folder: "/etc", There: true, Writable: true, Free: 8 << 10, FreeNodes: -1}, report.Failure, "only 8 KB"},
		{"no inodes", converge.Space{Folder: "/etc", There: true, Writable: true, Free: 1 << 30, FreeNodes: 3}, report.Failure, "only 3 inodes"},
		{"few inodes", converge.Space{Folder: "/opt/appm", Home: "/opt/appm", There: true, Writable: true, Free: 1 << 30, FreeNodes: 500}, report.Warning, "only 500 inodes"},
		{"closed", converge.Space{Folder: "/opt/appm/conf", Home: "/opt/appm", There: true, Free: 1 << 30, FreeNodes: -1}, report.Failure, "the owner of /opt/appm may not write there"},
		{"closed to the session", converge.Space{Folder: "/etc", There: true, Free: 1 << 30, FreeNodes: -1}, report.Failure, "who logs in may not write there"},
		{"no folder for uploads", converge.Space{Folder: "/home/deploy", Asked: "~", Free: -1, FreeNodes: -1}, report.Warning, "is not there"},
		{"no lib", converge.Space{Folder: "/opt/appm/lib", Home: "/opt/appm", Free: -1, FreeNodes: -1}, report.NotChecked, ""},
	} {
		p, _ := unasked(t)
		p.blobs = map[string]converge.Source{"": {Size: mb}}
		if text, level := p.spaceOf("idp1", c.space); level != c.level || !strings.Contains(text, c.text) {
			t.Errorf("%s: got %s %q, want %s %q", c.what, level, text, c.level, c.text)
		}
	}
}

func TestAClosedFolderMattersWhereSomethingIsWritten(t *testing.T) {
	p, _ := unasked(t)
	closed := converge.Space{Folder: "/etc", There: true, Free: -1, FreeNodes: -1}
	p.plan = &plan.Plan{}
	if _, level := p.spaceOf("idp1", closed); level != report.OK {
		t.Errorf("got %s where the plan changes nothing", level)
	}
	p.plan.Changes = []plan.Change{{Want: plan.Want{Ref: plan.Ref{Target: "idp1", Kind: plan.KindFile, Path: "/etc/hosts"}, After: &plan.File{}}}}
	if _, level := p.spaceOf("idp1", closed); level != report.Failure {
		t.Errorf("got %s where the plan writes /etc/hosts", level)
	}
	if _, level := p.spaceOf("gw1", closed); level != report.OK {
		t.Errorf("got %s where the plan writes another host's", level)
	}
}

func clock(ahead, doubt time.Duration) converge.Health {
	return converge.Health{Clock: converge.Clock{Least: ahead - doubt, Most: ahead + doubt}}
}

func TestTheClockThatIsWrongIsNamed(t *testing.T) {
	p, stderr := unasked(t)
	p.health = map[string]converge.Health{"idp1": clock(-400*time.Second, 0), "gw1": clock(time.Second, time.Millisecond), "both": clock(8*time.Second, time.Second)}
	p.clocks()
	found(t, p, "FAIL idp1: clock: its clock is 6m40s behind the other machines'…NTP", "ok gw1: clock: ", "warn both: clock: its clock is 8s ahead of the other machines'…NTP")
	if stderr.Len() > 0 {
		t.Errorf("this machine's clock is doubted: %s", stderr)
	}
}

func TestAClockIsNotDoubtedForASlowAnswer(t *testing.T) {
	p, _ := unasked(t)
	p.health = map[string]converge.Health{"idp1": clock(20*time.Second, 16*time.Second), "gw1": clock(0, 0), "both": clock(0, 0)}
	p.clocks()
	found(t, p, "ok idp1: clock: ", "ok gw1: clock: ", "ok both: clock: ")
}

func TestThisMachinesClockIsDoubtedWhereTheHostsAgree(t *testing.T) {
	p, stderr := unasked(t)
	p.health = map[string]converge.Health{"idp1": clock(time.Hour, 0), "gw1": clock(time.Hour, 0), "both": clock(time.Hour, 0)}
	p.clocks()
	found(t, p, "ok idp1: clock: ", "ok gw1: clock: ", "ok both: clock: ")
	if !strings.Contains(stderr.String(), "this machine's clock differs from the hosts' by 1h0m0s") {
		t.Errorf("got %q", stderr)
	}
}

func TestPortsAreFreeOrTheServersOwn(t *testing.T) {
	p, _ := unasked(t)
	p.state.Put(plan.Ref{Target: "idp1", Kind: plan.KindServer, Path: "/opt/appm"}, &plan.Server{Running: true, PID: 7})
	p.ports("idp1", converge.Health{Listeners: []converge.Listener{
		{Port: 9443, PID: 7, Command: "java"},                    // by its number: the home may be a link
		{Port: 9763, PID: 8, Command: "java", Home: "/opt/appm"}, // by its home
		{Port: 8280}, // may not be looked into, and the server runs
		{Port: 5672, PID: 9, Command: "rabbitmq"}, // a stranger's
		{Port: 8243, PID: 10, Command: "nginx"},   // likewise; the gateway's business on a gateway only
	}})
	p.ports("gw1", converge.Health{Listeners: []converge.Listener{{Port: 9443, PID: 1, Command: "nginx"}}}) // it shall not run
	p.ports("both", converge.Health{Listeners: []converge.Listener{
		{Port: 9443, PID: 20, Command: "java", Home: "/opt/store"}, // its old offset
		{Port: 4001, PID: 21, Command: "x"},
		{Port: 9444, PID: 22, Command: "java", Home: "/opt/other"}, // another deployment's
		{Port: 9444, PID: 22, Command: "java", Home: "/opt/other"}, // on a second address
		{Port: 10000, PID: 22, Command: "java", Home: "/opt/other"},
		{Port: 9764, UID: 33},
	}})
	found(t, p,
		"warn idp1: ports: port 5672 (amqp) is held by process 9 (rabbitmq); the server will start and do without it…",
		"warn idp1: ports: port 8243 (pass-through https) is held by process 10 (nginx)…",
		"warn both, node pub1: ports: port 9443 (https) is still held by the server of node store1…",
		"FAIL both, node store1: ports: port 4001 (cluster) is held by process 21 (x); end that, or give the node another cluster_port",
		"FAIL both, node store1: ports: ports 9444 (https) and 10000 (jmx registry) are held by process 22 (java), the server of /opt/other, which is no home of this inventory; end that, or give the node another offset",
		"FAIL both, node store1: ports: port 9764 (http) is held by a process of the user with id 33 that deploy may not look into…")
	if err := p.outcome("x"); exitCode(context.Background(), err) != exitConflict {
		t.Errorf("got %v", err)
	}
	p.finds = nil
	p.ports("idp1", converge.Health{Blind: true})
	if len(p.finds) > 0 {
		t.Errorf("a host that cannot tell who listens has %s", lines(p))
	}
}

func TestNamesResolveAsPlanned(t *testing.T) {
	p, _ := unasked(t)
	names := func(db string) converge.Health {
		return converge.Health{Addresses: map[string]string{"carbondb.mysql-wso2.com": db, "publisher.appm-wso2.com": "::ffff:10.0.0.13"}}
	}
	p.resolved("idp1", names("10.0.0.5"))
	p.resolved("gw1", names("10.9.9.9"))
	p.resolved("both", names(""))
	found(t, p, "ok idp1: names: carbondb.mysql-wso2.com is 10.0.0.5", "ok idp1: names: publisher.appm-wso2.com is ::ffff:10.0.0.13",
		"FAIL gw1: names: carbondb.mysql-wso2.com resolves to 10.9.9.9, although /etc/hosts maps it to 10.0.0.5…", "ok gw1: …",
		"FAIL both: names: carbondb.mysql-wso2.com does not resolve…", "FAIL both: names: publisher.appm-wso2.com resolves to ::ffff:10.0.0.13, although /etc/hosts maps it to 127.0.0.1…")
	p.finds, p.mapped["gw1"] = nil, true
	p.resolved("gw1", names(""))
	found(t, p, "planned gw1: names: carbondb.mysql-wso2.com is to be 10.0.0.5", "ok gw1: …")
}

// TestNamesInFilesResolve: a name of the inventory that the host does not know is a
// failure, as servers call it; one that only a file has is asked for later.
func TestNamesInFilesResolve(t *testing.T) {
	p, _ := unasked(t)
	r := plan.Ref{Target: "gw1", Kind: plan.KindFile, Path: "/opt/appm/repository/conf/app-manager.xml"}
	url := func(path, url string) string {
		before, after := "", ""
		for _, name := range strings.Split(path, "/") {
			before, after = before+"<"+name+">", "</"+name+">"+after
		}
		return before + url + after + "\n"
	}
	text := "<AppManager>" + url("AuthManager/ServerURL", "https://idp.example.com:9443/services/") +
		url("APIGateway/Environments/Environment/GatewayEndpoint", "http://${carbon.local.ip}:8280,https://gateway.example.com:8243") +
		url("SSOConfiguration/IdentityProviderUrl", "https://carbondb.mysql-wso2.com/samlsso") + // is ours to map, and said of that
		url("EntitlementServiceConfiguration/Parameters/ServerUrl", "https://[fe80::1]:9443") + "<!-- https://nowhere/ --></AppManager>"
	file := &plan.File{Data: []byte(text)}
	p.state.Put(r, file)
	for _, f := range []string{"/opt/appm/repository/conf/datasources/master-datasources.xml", "/etc/hosts"} {
		p.state.Put(plan.Ref{Target: "gw1", Kind: plan.KindFile, Path: f}, nil)
	}
	p.plan = &plan.Plan{}
	p.namesUsed("gw1", converge.Health{Addresses: map[string]string{"idp.example.com": ""}})
	found(t, p, "FAIL gw1: names: /opt/appm/repository/conf/app-manager.xml: line 1: AppManager/AuthManager/ServerURL names idp.example.com, which does not resolve on the host…")
	if len(p.unknown) != 1 || p.unknown[0].use.Name != "gateway.example.com" || p.unknown[0].use.Line != 2 {
		t.Errorf("unknown are %+v, want gateway.example.com", p.unknown)
	}
	portal := plan.Ref{Target: "both", Kind: plan.KindFile, Path: "/opt/store/repository/deployment/server/jaggeryapps/store/config/store.json"}
	p.finds, p.unknown = nil, nil
	p.state.Put(portal, &plan.File{Data: []byte("{\"ssoConfiguration\": {\n\"identityProviderURL\": \"https://login.example.com/samlsso\", \"storeAcs\": \"%https.host%/store/acs\"}}")})
	p.namesUsed("both", converge.Health{Addresses: map[string]string{"login.example.com": ""}})
	found(t, p, "FAIL both, node store1: names: "+portal.Path+": line 2: /ssoConfiguration/identityProviderURL names login.example.com, which does not resolve on the host…")
	p.finds, p.unknown = nil, nil
	p.plan.Changes = []plan.Change{{Want: plan.Want{Ref: plan.Ref{Target: "gw1", Kind: plan.KindFile, Path: "/etc/hosts"},
		After: &plan.File{Data: []byte("10.0.0.11 IDP.example.com gateway.example.com\n")}}}}
	p.namesUsed("gw1", converge.Health{Addresses: map[string]string{"idp.example.com": ""}})
	if len(p.finds) > 0 || len(p.unknown) > 0 {
		t.Errorf("names that the planned hosts file maps: %s %+v", lines(p), p.unknown)
	}
}

func TestWhatIsUnusualStandsInItsRow(t *testing.T) {
	p, _ := unasked(t)
	notes := []plan.Note{{Target: "gw1", Node: "gw1", Text: "hazelcast.xml is there"}, {Target: plan.Deployment, Text: "the account is old"}}
	p.unusual(notes)
	found(t, p, "warn gw1: files: hazelcast.xml is there", "warn database: database: the account is old")
	p.finds, p.sel.Database = nil, false // a limit leaves the row out
	p.unusual(notes)
	found(t, p, "warn gw1: files: hazelcast.xml is there")
}

func TestAGreetingIsThatOfAServer(t *testing.T) {
	packet := func(body string) string { return string([]byte{byte(len(body)), 0, 0, 0}) + body }
	for _, c := range []struct{ what, says, want string }{
		{"a server", packet("\x0a8.0.30\x00more"), ""},
		{"one that lets nobody in from here", packet("\xff\x6a\x04Host '10.0.0.11' is not allowed to connect"), ""},
		{"one that has blocked us", packet("\xff\x69\x04Host is blocked because of many connection errors"), "Error 1129"},
		{"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", "does not greet as a MySQL server does"},
		{"nobody", "", "does not greet as a MySQL server does"},
		{"nonsense", packet("zzz"), "is no MySQL server"},
		{"nothing in it", packet(""), "is no MySQL server"},
	} {
		near, far := net.Pipe()
		go func() { _, _ = far.Write([]byte(c.says)); far.Close() }()
		err := greeting(near)
		near.Close()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.what, err, c.want)
		}
	}
}

func TestWhatBarsAWay(t *testing.T) {
	for text, want := range map[string]string{
		"no connection from the host to db:3306: ssh: rejected: connect failed (Name or service not known)": obstacleName,
		"Temporary failure in name resolution":               obstacleName,
		"ssh: rejected: connect failed (Connection refused)": obstacleRefused,
		"connect failed (Connection timed out)":              obstacleSilence,
		"login: no answer within 20s":                        obstacleSilence,
		"ssh: rejected: connect failed (\"open failed\")":    obstacleRoute,
		"connect failed (No route to host)":                  obstacleRoute,
		"Access denied for user":                             "",
	} {
		if got := obstacle(errors.New(text)); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if refusedByPeer(&sshexec.Error{Kind: sshexec.Forbidden, Text: "connection refused"}) {
		t.Error("a tunnel that sshd forbids proves a port")
	}
}

func TestErrorsOfSeveralHostsAreTakenApart(t *testing.T) {
	got := byHost(errors.Join(&sshexec.Error{Host: "a", Text: "x"}, fmt.Errorf("wrapped: %w", &sshexec.Error{Host: "b", Text: "y"}), errors.New("c: 3 answers to 4 reads"), nil))
	if len(got) != 3 || got["a"] == nil || got["b"] == nil || got["c"] == nil {
		t.Errorf("got %v", got)
	}
	if got := byHost(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestAPlanSaysWhatAnApplyWillRefuse(t *testing.T) {
	p, _ := unasked(t)
	p.add(report.Failure, "both", "pub1", checkPorts, exitConflict, "port 9443 is held")
	p.add(report.Warning, "idp1", "", checkClock, 0, "its clock is 8s ahead")
	p.ok("gw1", "", checkTools, "")
	notes := p.notes()
	want := []plan.Note{{Target: "both", Node: "pub1", Text: "apply will refuse: ports: port 9443 is held"}, {Target: "idp1", Text: "clock: its clock is 8s ahead"}}
	if len(notes) != 2 || notes[0] != want[0] || notes[1] != want[1] {
		t.Errorf("got %+v\nwant %+v", notes, want)
	}
	err := p.ready(context.Background())
	if want := "both, node pub1: ports: port 9443 is held\nnothing was applied, as these are not ready: both"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEveryCheckIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(doc)[strings.Index(string(doc), "HOST "):], "\n")
	if want := strings.ToUpper(strings.Join(checks, " ")); strings.Join(strings.Fields(header)[1:], " ") != want {
		t.Errorf("the example's columns are %s, want %s", header, want)
	}
	for _, c := range checks {
		if !strings.Contains(string(doc), "\n| "+c+" | ") {
			t.Errorf("docs/check.md says nothing about %s", c)
		}
	}
}
