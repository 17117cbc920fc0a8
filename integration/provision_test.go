package integration_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// TestProvision is the life of a deployment: fresh, planned, applied,
// converged, drifted, interrupted.
func TestProvision(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		steps := []struct {
			name string
			run  func(*testing.T, *world)
		}{
			{"a dry-run on fresh hosts changes nothing", freshPlan},
			{"apply brings four servers up, clustered and connected", firstApply},
			{"then nothing is to do, for one connection and one exec a host", converged},
			{"a limit is kept", limited},
			{"each drift is shown and healed, and nothing else", drifts},
			{"a changed password and a lost account are shown and healed", accounts},
			{"a new password of awkward characters reaches servers and files", newPassword},
			{"a node that its database refuses is named", refusedNode},
			{"a lost database is made again", lostDatabase},
			{"a kill between write and restart heals on the next run", killed},
			{"a stopped server is started", stopped},
			// last, as it leaves an app in the databases
			{"users log in through the IDP, publish an app to the Gateway and see it in the Store", func(t *testing.T, w *world) { w.visited(t, "") }},
		}
		for _, s := range steps {
			if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
				t.Fatal("the rest builds on this")
			}
		}
	})
}

func freshPlan(t *testing.T, w *world) {
	before := w.look(t)
	first := w.want(t, 2, "plan", "--detailed-exitcode")
	second := w.want(t, 0, "apply", "--dry-run")
	if first.out != second.out {
		t.Error("plan and apply --dry-run print different plans")
	}
	for _, want := range []string{
		"create, load 2 scripts (identity/mysql.sql, appmgt/mysql.sql)", "CREATE DATABASE `UM_DB` CHARACTER SET latin1;",
		"mysql-connector-java-5.1.49-bin.jar", "enable=\"true\"", "jdbc/WSO2REG_DB", "> start ",
	} {
		if !strings.Contains(first.out, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
	w.same(t, before, "a dry-run")
}

func firstApply(t *testing.T, w *world) {
	planned := w.planAgain(t)
	r := w.want(t, 0, "apply", "--yes")
	if !strings.HasPrefix(r.out, planned) {
		t.Error("apply does not begin with the plan that plan printed")
	}
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			w.server(t, h)
			log := h.ServerLog(n)
			if !strings.Contains(log, "WSO2 Carbon started in") {
				t.Errorf("%s did not start:\n%s", h.Name, log)
			}
			if n.ClusterPort != 0 && !strings.Contains(log, "Member joined") {
				t.Errorf("%s is alone in its cluster:\n%s", h.Name, log)
			}
		}
	}
	inOrder(t, r.err, "idp", "gw", "pub", "store")
	for host, databases := range map[string]string{"idp1": "AM_DB, UM_DB\n", "store1": "AM_DB, UM_DB, REG_DB, ES_STORAGE_DB\n"} {
		if proof := "verify    " + host + ": uses " + databases; !strings.Contains(r.err, proof) {
			t.Errorf("apply does not say %q", proof)
		}
	}
}

// inOrder checks that the nodes came up one after another in role order.
func inOrder(t *testing.T, progress string, prefixes ...string) {
	t.Helper()
	at := -1
	for _, p := range prefixes {
		starts, ups := strings.Index(progress, "restart   "+p), -1
		for _, l := range strings.Split(progress, "\n") {
			if strings.HasPrefix(unstamped(l), "restart   "+p) && strings.Contains(l, ": up, process ") {
				ups = strings.Index(progress, l)
			}
		}
		if starts < 0 || ups < 0 || starts < at {
			t.Errorf("%s came up out of order:\n%s", p, progress)
		}
		at = ups
	}
}

func converged(t *testing.T, w *world) {
	before := w.look(t)
	counts := map[string]lab.Stats{}
	for _, h := range w.Hosts {
		counts[h.Name] = stats(t, h)
	}
	r := w.want(t, 0, "plan", "--detailed-exitcode")
	if !strings.Contains(r.out, "No changes.") {
		t.Errorf("a converged deployment has a plan:\n%s", r.out)
	}
	for _, h := range w.Hosts {
		now, was := stats(t, h), counts[h.Name]
		connections, sessions := now.Connections-was.Connections, now.Sessions-was.Sessions
		t.Logf("%s: %d connections, %d session channels", h.Name, connections, sessions)
		if len(h.Nodes) > 0 && (connections != 1 || sessions < 1 || sessions > 2) {
			t.Errorf("%s: %d connections and %d session channels, want 1 and at most 2", h.Name, connections, sessions)
		}
	}
	w.want(t, 0, "apply", "--yes")
	w.same(t, before, "a run with nothing to do")
}

func stats(t *testing.T, h *lab.Host) lab.Stats {
	t.Helper()
	s, err := h.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// replace changes a text in a file of a host, keeping owner and mode.
func replace(t *testing.T, h *lab.Host, file, from, to string) {
	t.Helper()
	path := h.Path(file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s: %s holds no %q", h.Name, file, from)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

func limited(t *testing.T, w *world) {
	pub, p := w.node(t, "publisher")
	store, s := w.node(t, "store")
	const file = "/repository/conf/axis2/axis2.xml"
	replace(t, pub, p.Home+file, "wso2.pub.store.domain", "wso2.other.domain")
	replace(t, store, s.Home+file, "wso2.pub.store.domain", "wso2.other.domain")
	before, storeServer := w.look(t), w.server(t, store)
	w.want(t, 0, "apply", "--yes", "--limit", "publisher")
	after := w.look(t)
	for _, h := range w.Hosts {
		d := before.trees[h.Name].Diff(after.trees[h.Name])
		if h == pub && len(d) != 1 || h != pub && len(d) != 0 {
			t.Errorf("%s: changed %q", h.Name, d)
		}
	}
	if w.server(t, store) != storeServer {
		t.Error("a server outside the limit was restarted")
	}
	w.want(t, 0, "apply", "--yes")
	if r := w.run(t, "plan", "--limit", "publsher"); r.code != 3 || !strings.Contains(r.err, "publisher") {
		t.Errorf("a wrong limit ends with %d: %s", r.code, r.err)
	}
}

// drift is one way a deployment goes astray.
type drift struct {
	role string
	file string // below the home, or absolute
	make func(t *testing.T, w *world, h *lab.Host, n lab.Node)
	want []string // each of them a text of the plan
}

func swap(file, from, to string) func(*testing.T, *world, *lab.Host, lab.Node) {
	return func(t *testing.T, _ *world, h *lab.Host, n lab.Node) { replace(t, h, n.Home+"/"+file, from, to) }
}

const (
	conf    = "repository/conf/"
	portals = "repository/deployment/server/jaggeryapps/"
)

var driftCases = map[string]drift{
	"carbon.xml": {"idp", conf + "carbon.xml", func(t *testing.T, _ *world, h *lab.Host, n lab.Node) {
		replace(t, h, n.Home+"/"+conf+"carbon.xml", fmt.Sprintf("<Offset>%d<", n.Offset), "<Offset>99<")
	}, []string{"<Offset>99</Offset>"}},
	"master-datasources.xml": {"gateway", conf + "datasources/master-datasources.xml",
		swap(conf+"datasources/master-datasources.xml", "/AM_DB?autoReconnect=true", "/AM_DB"), []string{"/AM_DB?autoReconnect=true</url>"}},
	"a password": {"idp", conf + "datasources/master-datasources.xml", func(t *testing.T, w *world, h *lab.Host, n lab.Node) {
		replace(t, h, n.Home+"/"+conf+"datasources/master-datasources.xml", w.Database.App.Password, "forgotten")
	}, []string{"-                     <password>(secret)</password>", "+                     <password>(secret)</password>"}},
	"app-manager.xml": {"publisher", conf + "app-manager.xml",
		swap(conf+"app-manager.xml", "<DataSourceName>jdbc/WSO2AM_DB", "<DataSourceName>jdbc/Other"), []string{"<DataSourceName>jdbc/WSO2AM_DB"}},
	"a URL": {"gateway", conf + "app-manager.xml",
		swap(conf+"app-manager.xml", "/samlsso</IdentityProviderUrl>", "/sso</IdentityProviderUrl>"), []string{"/samlsso</IdentityProviderUrl>"}},
	"sso-idp-config.xml": {"idp", conf + "identity/sso-idp-config.xml",
		swap(conf+"identity/sso-idp-config.xml", "/social/acs</DefaultAssertionConsumerServiceURL>", "/elsewhere</DefaultAssertionConsumerServiceURL>"), []string{"/social/acs</DefaultAssertionConsumerServiceURL>"}},
	"publisher.json": {"publisher", portals + "publisher/config/publisher.json",
		swap(portals+"publisher/config/publisher.json", "/publisher/acs\"", "/publisher/sso\""), []string{"/publisher/acs\""}},
	"user-mgt.xml": {"store", conf + "user-mgt.xml",
		swap(conf+"user-mgt.xml", ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<"), []string{">jdbc/WSO2UM_DB<"}},
	"registry.xml": {"publisher", conf + "registry.xml",
		swap(conf+"registry.xml", `<mount path="/_system/config" overwrite="true">`, `<mount path="/_system/config" overwrite="virtual">`), []string{`overwrite="true"`, `overwrite="virtual"`}},
	"axis2.xml": {"store", conf + "axis2/axis2.xml",
		swap(conf+"axis2/axis2.xml", "\n                enable=\"true\"", "\n                enable=\"false\""), []string{`enable="true"`}},
	"host entries": {"gateway", "HOSTS", func(t *testing.T, w *world, h *lab.Host, _ lab.Node) {
		replace(t, h, h.HostsFile, "\tpublisher.appm-wso2.com\n", "\tpublisher.appm-wso2.com.old\n")
	}, []string{"+", "publisher.appm-wso2.com"}},
	"the driver": {"store", "repository/components/lib/mysql-connector-java-5.1.49-bin.jar", func(t *testing.T, _ *world, h *lab.Host, n lab.Node) {
		file := h.Path(n.Home + "/repository/components/lib/mysql-connector-java-5.1.49-bin.jar")
		if err := os.Truncate(file, 100); err != nil {
			t.Fatal(err)
		}
	}, []string{"mysql-connector-java-5.1.49-bin.jar", "dropins/mysql_connector_java_5.1.49_bin_1.0.0.jar"}},
}

func drifts(t *testing.T, w *world) {
	good := w.look(t)
	for name, d := range driftCases {
		if !t.Run(name, func(t *testing.T) { drifted(t, w, good, name, d) }) {
			return // what it left behind would fail the rest
		}
	}
}

func drifted(t *testing.T, w *world, good sight, name string, d drift) {
	h, n := w.node(t, d.role)
	file := n.Home + "/" + d.file
	restarts := 1
	if d.file == "HOSTS" {
		file, restarts = h.HostsFile, 0
	}
	servers := map[string]int{}
	for _, other := range w.Hosts {
		if len(other.Nodes) > 0 {
			servers[other.Name] = w.server(t, other)
		}
	}
	d.make(t, w, h, n)
	drifted := w.look(t)
	if diff := good.trees[h.Name].Diff(drifted.trees[h.Name]); len(diff) != 1 || !strings.Contains(diff[0], strings.TrimPrefix(h.Path(file), h.Root)) {
		t.Fatalf("the drift is %q, want %s", diff, file)
	}
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	w.same(t, drifted, "a dry-run")
	changed := headlines(plan)
	for _, l := range changed {
		inPlace := strings.Contains(l, file) || strings.HasPrefix(l, "> restart "+h.Name) || name == "the driver" && strings.HasPrefix(l, "- ") && strings.Contains(l, "/dropins/")
		if !inPlace {
			t.Errorf("the plan changes something else: %s", l)
		}
	}
	if got := strings.Count(strings.Join(changed, "\n"), "> restart "); got != restarts {
		t.Errorf("%d restarts, want %d:\n%s", got, restarts, plan)
	}
	for _, text := range d.want {
		if !strings.Contains(plan, text) {
			t.Errorf("the plan does not say %q:\n%s", text, plan)
		}
	}
	w.want(t, 0, "apply", "--yes")
	w.same(t, good, "healing")
	for _, other := range w.Hosts {
		if len(other.Nodes) == 0 {
			continue
		}
		if restarted := w.server(t, other) != servers[other.Name]; restarted != (other == h && restarts == 1) {
			t.Errorf("%s: restarted is %v", other.Name, restarted)
		}
	}
}

// sql executes statements on the lab's database.
func (w *world) sql(t *testing.T, statements ...string) {
	t.Helper()
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// accounts takes the Publisher's account away, then gives it another password.
func accounts(t *testing.T, w *world) {
	good := w.look(t)
	h, _ := w.node(t, "publisher")
	who := "'" + w.Database.App.User + "'@'" + h.Address + "'"
	for _, damage := range []string{"DROP USER " + who, "SET PASSWORD FOR " + who + " = PASSWORD('another')"} {
		server := w.server(t, h)
		w.sql(t, damage)
		plan := w.want(t, 2, "plan", "--detailed-exitcode").out
		got := headlines(plan)
		if len(got) != 1+sharing(w, h) || !strings.Contains(plan, "the database account changes with this plan") || strings.Contains(plan, "schema") {
			t.Errorf("after %s the plan is %q", damage, got)
		}
		w.want(t, 0, "apply", "--yes")
		if w.server(t, h) == server {
			t.Errorf("after %s the server was not restarted", damage)
		}
	}
	w.equal(t, good.withoutLedger(), w.look(t).withoutLedger(), "healing the accounts")
}

// newPassword gives the application another password, every character of which
// means something to SQL, XML, a shell or the product.
func newPassword(t *testing.T, w *world) {
	old, awkward := w.Database.App.Password, "p&<w>\"'\\;#%$(x)`|*? ]]>--/é"
	if err := os.WriteFile(w.Database.App.PasswordFile, []byte(awkward+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Database.App.Password = awkward
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	if strings.Contains(plan, old) || strings.Contains(plan, "&lt;w&gt;") {
		t.Error("the plan shows a password")
	}
	if got := strings.Count(strings.Join(headlines(plan), "\n"), "> restart "); got != 4 {
		t.Errorf("%d servers restart, want 4", got)
	}
	if !strings.Contains(plan, "-- while idp1 is stopped") {
		t.Error("the plan does not say when the password changes")
	}
	progress := w.want(t, 0, "apply", "--yes").err
	stop, change, start := strings.Index(progress, "idp1: stopping process"), strings.Index(progress, "idp1: account appm"), strings.Index(progress, "idp1: starting")
	if stop < 0 || change < stop || start < change {
		t.Errorf("idp1's password did not change between stop and start:\n%s", progress)
	}
	w.want(t, 0, "plan", "--detailed-exitcode")
	for _, h := range w.Hosts {
		if len(h.Nodes) > 0 {
			w.server(t, h) // which refuses to start without its databases
		}
	}
}

// refusedNode makes the database want TLS of the Publisher: password and
// grants are as planned, and the login fails all the same.
func refusedNode(t *testing.T, w *world) {
	h, _ := w.node(t, "publisher")
	who := "'" + w.Database.App.User + "'@'" + h.Address + "'"
	w.sql(t, "GRANT USAGE ON *.* TO "+who+" REQUIRE SSL")
	r := w.run(t, "status")
	if r.code != 16 || !strings.Contains(r.err, "pub1: node pub1 cannot use its databases: login: Error 1045") {
		t.Errorf("status ended with %d: %s", r.code, r.err)
	}
	if got := strings.Count(r.out, "FAILS"); got != sharing(w, h) {
		t.Errorf("%d nodes fail, want %d:\n%s", got, sharing(w, h), r.out)
	}
	w.sql(t, "GRANT USAGE ON *.* TO "+who+" REQUIRE NONE")
	if table := w.want(t, 0, "status").out; strings.Count(table, " ok ") != 4 {
		t.Errorf("not every node is well:\n%s", table)
	}
	if w.Form == "embedded" { // where sshd forbids tunnels nothing is proven, and nothing fails
		h.Forbid("forward")
		if table := w.want(t, 0, "status").out; strings.Count(table, "not provable") != 1 {
			t.Errorf("want one node not provable:\n%s", table)
		}
	}
}

// sharing counts the nodes that log in from the host's address.
func sharing(w *world, h *lab.Host) int {
	n := 0
	for _, other := range w.Hosts {
		if other.Address == h.Address {
			n += len(other.Nodes)
		}
	}
	return n
}

func lostDatabase(t *testing.T, w *world) {
	good := w.look(t)
	w.sql(t, "DROP DATABASE ES_STORAGE_DB")
	plan := w.want(t, 2, "plan", "--detailed-exitcode", "--limit", "database").out
	if got := headlines(plan); len(got) != 1 || !strings.Contains(got[0], "ES_STORAGE_DB") || !strings.Contains(got[0], "create") {
		t.Errorf("the plan is %q, want one database", got)
	}
	w.want(t, 0, "apply", "--yes", "--limit", "database")
	w.equal(t, good.withoutLedger(), w.look(t).withoutLedger(), "making a database again")
}

// headlines are the lines of a plan that name a change. Those of hosts that are
// shown as one are there once for each, with its own names.
func headlines(plan string) []string {
	var list []string
	as := []*strings.Replacer{strings.NewReplacer()}
	for l := range strings.Lines(plan) {
		if legend := strings.TrimSpace(l); strings.HasPrefix(l, "  {host} is ") || strings.HasPrefix(l, "  {address} is ") || strings.HasPrefix(l, "  {node") {
			as = replacers(legend)
		} else if legend == "" {
			as = as[:1]
			as[0] = strings.NewReplacer()
		}
		if len(l) > 4 && l[:2] == "  " && strings.ContainsRune("+~->", rune(l[2])) && l[3] == ' ' {
			for _, r := range as {
				list = append(list, r.Replace(strings.TrimSpace(l)))
			}
		}
	}
	return list
}

// replacers put the names of each host of a group in the places that its legend
// names: "{host} is gw1, gw2; {address} is 192.0.2.1, 192.0.2.2".
func replacers(legend string) []*strings.Replacer {
	var pairs [][]string
	for _, part := range strings.Split(legend, "; ") {
		stands, names, _ := strings.Cut(part, " is ")
		for i, name := range strings.Split(names, ", ") {
			if i == len(pairs) {
				pairs = append(pairs, nil)
			}
			pairs[i] = append(pairs[i], stands, name)
		}
	}
	var list []*strings.Replacer
	for _, p := range pairs {
		list = append(list, strings.NewReplacer(p...))
	}
	return list
}

// killed kills the tool as soon as it says that the drifted file is written.
func killed(t *testing.T, w *world) {
	h, n := w.node(t, "gateway")
	file := n.Home + "/" + conf + "user-mgt.xml"
	server := w.server(t, h)
	for range 5 {
		replace(t, h, file, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
		killAfterWrite(t, w, file)
		if w.run(t, "status").code == 0 && w.server(t, h) == server {
			break // else the kill came too late, and the drift is made again
		}
		w.want(t, 0, "apply", "--yes")
		server = w.server(t, h)
	}
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	if got := headlines(plan); len(got) != 1 || !strings.Contains(got[0], "user-mgt.xml changed after the server started") {
		t.Fatalf("after the kill the plan is %q, want one restart because of user-mgt.xml", got)
	}
	w.want(t, 0, "apply", "--yes")
	if w.server(t, h) == server {
		t.Error("the rerun did not restart the server")
	}
	w.want(t, 0, "plan", "--detailed-exitcode")
}

func killAfterWrite(t *testing.T, w *world, file string) {
	t.Helper()
	killWhen(t, w, func(line string) bool {
		return strings.HasPrefix(line, "files ") && strings.Contains(line, filepath.Base(file))
	}, "apply", "--yes")
}

// killWhen kills the tool at the first line of its progress that is it.
func killWhen(t *testing.T, w *world, it func(line string) bool, args ...string) {
	t.Helper()
	cmd := exec.Command(w.tool, append(args, "-i", w.inventory)...)
	cmd.Env = w.environ()
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := false
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		if !said && it(unstamped(lines.Text())) {
			said = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if !said {
		t.Fatalf("%v never said at which it was to be killed", args)
	}
}

func stopped(t *testing.T, w *world) {
	h, _ := w.node(t, "idp")
	if err := h.KillServers(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	if got := headlines(plan); len(got) != 1 || !strings.HasPrefix(got[0], "> start "+h.Name) {
		t.Fatalf("the plan is %q, want one start", got)
	}
	w.want(t, 0, "apply", "--yes")
	w.server(t, h)
	table := w.want(t, 0, "status").out
	for _, want := range []string{"idp", "gateway", "publisher", "store", "database", "none"} {
		if !strings.Contains(table, want) {
			t.Errorf("status does not say %q:\n%s", want, table)
		}
	}
}
