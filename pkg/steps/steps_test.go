package steps_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// names are the steps of a selection, "step of whom", in order.
func names(t *testing.T, w *world, limit ...string) []string {
	t.Helper()
	sel, err := w.inv.Select(limit)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range w.list(sel) {
		list = append(list, s.Name+" of "+s.For)
	}
	return list
}

// TestTheStepsOfThePage holds the order of the page and its edit matrix: what
// each of the four components gets, a line for each step.
func TestTheStepsOfThePage(t *testing.T) {
	const file = "testdata/steps.golden"
	var b strings.Builder
	last := ""
	for _, name := range names(t, newWorld(t, parse(t, ""), "5.1.49")) {
		step, whose, _ := strings.Cut(name, " of ")
		if step != last {
			b.WriteString("\n" + step + ":")
		}
		b.WriteString(" " + whose)
		last = step
	}
	got := strings.TrimPrefix(b.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\n(if the new steps are right: make update)", got, want)
	}
}

func TestALimitPlansNothingBeyondIt(t *testing.T) {
	w := newWorld(t, parse(t, ""), "5.1.49")
	for _, c := range []struct {
		limit   []string
		targets []string
	}{
		{[]string{"store1"}, []string{"store1"}},
		{[]string{"gateway", "idp1"}, []string{"idp1", "gateway1"}},
		{[]string{"database"}, []string{plan.Deployment, "idp1"}}, // the scripts come from a node's home
		{[]string{"db1"}, nil},
	} {
		sel, err := w.inv.Select(c.limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range steps.Needs(w.list(sel)) {
			if !slices.Contains(c.targets, n.Target) {
				t.Errorf("--limit %v reads %s", c.limit, n.Ref)
			}
		}
		p, err := w.build(w.list(sel))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range p.Changes {
			if change.Ref.Target != c.targets[0] && !slices.Contains(c.targets, change.Ref.Target) {
				t.Errorf("--limit %v changes %s", c.limit, change.Ref)
			}
			if c.limit[0] == "database" && change.Ref.Target != plan.Deployment {
				t.Errorf("--limit database changes %s", change.Ref)
			}
		}
	}
}

func TestDatabasesOfSomebodyElseAreNotLookedAt(t *testing.T) {
	w := newWorld(t, parse(t, "admin = { user = \"root\", password = { env = \"ADMIN\" } }\n=>\nmanage = false\n"), "5.1.49")
	for _, name := range names(t, w) {
		if strings.HasPrefix(name, "databases") {
			t.Errorf("with manage = false there is a step %s", name)
		}
	}
}

// TestServersStartInRoleOrder because the first start fills the shared
// databases, and the Publisher needs a Gateway.
func TestServersStartInRoleOrder(t *testing.T) {
	w := newWorld(t, parse(t, ""), "5.1.49")
	sel, err := w.inv.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.build(w.list(sel))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.At(plan.StageRestart) {
		got = append(got, c.Node)
	}
	if want := []string{"idp1", "gateway1", "publisher1", "store1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSeveralNodesOfARole: whoever starts after whom, and who is whose peer, follows
// the roles, and within a role the inventory.
func TestSeveralNodesOfARole(t *testing.T) {
	w := newWorld(t, parse(t, severalNodes), "5.1.49")
	sel, err := w.inv.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.build(w.list(sel))
	if err != nil {
		t.Fatal(err)
	}
	var started []string
	for _, c := range p.At(plan.StageRestart) {
		started = append(started, c.Node)
	}
	if want := "idp1 gateway1 gateway2 zpub apub store2 store1"; strings.Join(started, " ") != want {
		t.Errorf("the servers start as %v, want %s", started, want)
	}
	peers := regexp.MustCompile(`(?s)<hostName>(\S+?)</hostName>\s*<port>(\d+)</port>`)
	for node, want := range map[string]string{
		"zpub":   "192.168.10.13:4001 192.168.10.12:4000 192.168.10.14:4000",
		"apub":   "192.168.10.13:4000 192.168.10.12:4000 192.168.10.14:4000",
		"store1": "192.168.10.13:4000 192.168.10.13:4001 192.168.10.12:4000",
	} {
		n, _ := w.inv.Node(node)
		var got []string
		for _, c := range p.On(n.Host) {
			if f, is := c.After.(*plan.File); is && c.Ref.Path == n.Home+"/repository/conf/axis2/axis2.xml" {
				for _, m := range peers.FindAllSubmatch(f.Data, -1) {
					got = append(got, string(m[1])+":"+string(m[2]))
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s lists %v, want %s", node, got, want)
		}
	}
}

// Two Publishers share a host, a Gateway and a Store another, and the file names
// them in no order.
const severalNodes = `nodes = [{ role = "publisher" }]
=>
nodes = [
  { role = "publisher", name = "zpub" },
  { role = "publisher", name = "apub", home = "/opt/apub", offset = 1, cluster_port = 4001 },
]
====
name = "gateway1"
address = "192.168.10.12"
nodes = [{ role = "gateway" }]
=>
name = "edge1"
address = "192.168.10.12"
nodes = [
  { role = "store", name = "store2", home = "/opt/store2", offset = 1 },
  { role = "gateway", name = "gateway1" },
  { role = "gateway", name = "gateway2", home = "/opt/gateway2", offset = 2 },
]
====
[[host]]
name = "idp1"
=>
[publisher]
address = "192.168.10.20"

[store]
address = "192.168.10.21"

[gateway]
address = "192.168.10.22"

[[host]]
name = "idp1"
`

// TestHowAServerIsStarted holds what the plan's text does not show: the ports
// that must answer, the timeouts and JAVA_HOME.
func TestHowAServerIsStarted(t *testing.T) {
	const java8 = "/usr/lib/jvm/java-8"
	for _, c := range []struct {
		why, inventory, node string
		server               plan.Server
		java                 []plan.JDK
		want                 string
	}{
		{"a Publisher answers on its cluster port too", "", "publisher1", plan.Server{}, nil, java8 + " [9443 9763 4000] 10m0s 2m0s"},
		{"a Gateway on its own", "", "gateway1", plan.Server{}, nil, java8 + " [9443 9763 8280 8243] 10m0s 2m0s"},
		{"an offset moves all but the cluster's", "[{ role = \"store\" }]\n=>\n[{ role = \"store\", offset = 2 }]", "store1", plan.Server{}, nil, java8 + " [9445 9765 4000] 10m0s 2m0s"},
		{"timeouts of the inventory", "home = \"/opt/wso2appm\"\n=>\nhome = \"/opt/wso2appm\"\nstart_timeout = \"20m\"\nstop_timeout = \"30s\"", "idp1", plan.Server{}, nil, java8 + " [9443 9763] 20m0s 30s"},
		{"JAVA_HOME of the inventory", "[{ role = \"idp\" }]\n=>\n[{ role = \"idp\", java_home = \"/opt/jdk7\" }]", "idp1", plan.Server{}, []plan.JDK{{Home: "/opt/jdk7", Version: "1.7.0_80"}}, "/opt/jdk7 [9443 9763] 10m0s 2m0s"},
		{"8 before 7", "", "idp1", plan.Server{}, []plan.JDK{{Home: "/opt/jdk7", Version: "1.7.0_80"}}, java8 + " [9443 9763] 10m0s 2m0s"},
		{"the one that the server runs on, if it fits", "", "idp1", plan.Server{Running: true, JDK: "/opt/jdk7"}, []plan.JDK{{Home: "/opt/jdk7", Version: "1.7.0_80"}}, "/opt/jdk7 [9443 9763] 10m0s 2m0s"},
		{"not the one that it runs on, if it does not", "", "idp1", plan.Server{Running: true, JDK: "/opt/jdk11"}, []plan.JDK{{Home: "/opt/jdk11", Version: "11.0.2"}}, java8 + " [9443 9763] 10m0s 2m0s"},
	} {
		w := newWorld(t, parse(t, c.inventory), "5.1.49")
		n, _ := w.inv.Node(c.node)
		m := w.hosts[n.Host]
		m.java = append(c.java, m.java...)
		m.servers[n.Home] = c.server // older than every file, if it runs: its start is the zero time
		sel, err := w.inv.Select([]string{c.node})
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.build(w.list(sel))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range p.At(plan.StageRestart) {
			s := change.After.(*plan.Server).Start
			if got := fmt.Sprint(s.JavaHome, " ", s.Ports, " ", s.StartTimeout, " ", s.StopTimeout); got != c.want {
				t.Errorf("%s: got %s, want %s", c.why, got, c.want)
			}
		}
	}
}

func TestAServerIsStoppedWithinTheInventorysTime(t *testing.T) {
	w := newWorld(t, parse(t, "home = \"/opt/wso2appm\"\n=>\nhome = \"/opt/wso2appm\"\nstop_timeout = \"30s\"\n====\n[{ role = \"idp\" }]\n=>\n[{ role = \"idp\", running = false }]"), "5.1.49")
	n, _ := w.inv.Node("idp1")
	w.hosts[n.Host].servers[n.Home] = plan.Server{Running: true, Started: w.clock}
	sel, err := w.inv.Select([]string{"idp1"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.build(w.list(sel))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.At(plan.StageRestart) {
		after := c.After.(*plan.Server)
		if after.Running || after.Start == nil || after.Start.StopTimeout.String() != "30s" {
			t.Errorf("got %+v, want a stop within 30s", after)
		}
	}
	if len(p.At(plan.StageRestart)) != 1 {
		t.Errorf("got %d changes of servers, want 1", len(p.At(plan.StageRestart)))
	}
}

// TestNeedsAndWantsHaveTheRightsOfTheHome: what lies in a home is read and written
// with its owner's rights, what does not with the session's.
func TestNeedsAndWantsHaveTheRightsOfTheHome(t *testing.T) {
	w := newWorld(t, parse(t, ""), "5.1.49")
	sel, err := w.inv.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, r plan.Ref, as string) {
		inHome := strings.HasPrefix(r.Path, "/opt/wso2appm/")
		if inHome && as != "/opt/wso2appm" || !inHome && r.Kind == plan.KindFile && as != "" {
			t.Errorf("%s %s is done as %q", what, r, as)
		}
	}
	for _, n := range steps.Needs(w.list(sel)) {
		check("reading", n.Ref, n.As)
	}
	p, err := w.build(w.list(sel))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Changes {
		check("writing", c.Ref, c.As)
		if c.Ref.Kind == plan.KindServer && c.As != "/opt/wso2appm" {
			t.Errorf("%s is started as %q", c.Ref, c.As)
		}
	}
}
