package integration_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// nodesOf are nodes of a deployment, by their roles.
func nodesOf(deployment string, roles ...string) (list []lab.NodeSpec) {
	for _, r := range roles {
		list = append(list, lab.NodeSpec{Role: r, Deployment: deployment})
	}
	return list
}

var allRoles = []string{"idp", "gateway", "publisher", "store"}

// TestLayouts provisions from hosts without homes and a pack: on real hosts,
// where they can be built.
func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, hosts := range map[string][]lab.HostSpec{
		"a host each":     lab.Ordinary(),
		"all on one host": {{Name: "one", Nodes: nodesOf("", allRoles...)}},
		"two of each but the IDP, on six hosts": {
			{Name: "pub1", Nodes: nodesOf("", "publisher")}, {Name: "pub2", Nodes: nodesOf("", "publisher")},
			{Name: "store1", Nodes: nodesOf("", "store")}, {Name: "store2", Nodes: nodesOf("", "store")},
			{Name: "gw1", Nodes: nodesOf("", "gateway", "idp")}, {Name: "gw2", Nodes: nodesOf("", "gateway")},
		},
		"two deployments on the same hosts": {
			{Name: "h1", Nodes: append(nodesOf("", "idp", "gateway"), nodesOf("second", "store", "publisher")...)},
			{Name: "h2", Nodes: append(nodesOf("", "publisher", "store"), nodesOf("second", "gateway", "idp")...)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployment{real: true, kind: mysqld.MariaDB, stock: true, hosts: hosts, pack: true}
			if why := d.left(); why != "" {
				t.Logf("embedded instead of real hosts: %s", why)
				d = deployment{hosts: hosts, pack: true}
			}
			w := up(t, d)
			provisioned(t, w)
			if len(hosts) == 1 {
				misled(t, w)
			}
		})
	}
}

// provisioned brings each deployment of a lab up, and finds nothing to do then
// in any of them.
func provisioned(t *testing.T, w *world) {
	inventories := map[string]string{"": w.inventory}
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			if inventories[n.Deployment] == "" {
				inventories[n.Deployment] = w.another(t, n.Deployment)
			}
		}
	}
	w.bare(t)
	for name, file := range inventories {
		r := w.runOn(t, file, "apply", "--yes")
		if r.code != 0 {
			w.logs(t)
			t.Fatalf("apply of %q ended with %d\n%s%s", name, r.code, r.out, r.err)
		}
		if strings.Contains(r.out+r.err, "ward1") {
			t.Errorf("apply of %q prints the administrator's password", name)
		}
	}
	w.runs(t)
	for name := range inventories {
		w.visited(t, name)
		w.content(t, name)
	}
	before := w.look(t)
	for name, file := range inventories {
		if r := w.runOn(t, file, "plan", "--detailed-exitcode"); r.code != 0 || !strings.Contains(r.out, "No changes.") {
			t.Errorf("%q is not converged: exit code %d\n%s%s", name, r.code, r.out, r.err)
		}
		if r := w.runOn(t, file, "apply", "--yes"); r.code != 0 {
			t.Errorf("apply of %q again ended with %d\n%s%s", name, r.code, r.out, r.err)
		}
	}
	w.same(t, before, "a run with nothing to do")
}

// bare checks that no host has a home yet.
func (w *world) bare(t *testing.T) {
	t.Helper()
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			if _, err := os.Lstat(h.Path(n.Home)); !os.IsNotExist(err) {
				t.Errorf("%s has a home at %s before anything was done: %v", h.Name, n.Home, err)
			}
		}
	}
}

// another writes the inventory of another deployment of the lab, which has an
// administrator of its own.
func (w *world) another(t *testing.T, name string) string {
	t.Helper()
	file := fmt.Sprintf("%s/%s.toml", w.Dir, name)
	boss := fmt.Sprintf("[admin]\nuser = %q\npassword = { file = %q }", bossName, "boss-password")
	for path, text := range map[string]string{file: w.Inventory(lab.InventoryOptions{Name: name, Extra: boss}), w.Dir + "/boss-password": bossPassword} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// Another deployment's administrator, who is not the one that the pack brings.
const bossName, bossPassword = "boss.of-it", `Aw&k<"'ward1`

// user is who visits a deployment.
func user(deployment string) lab.Visitor {
	if deployment == "" {
		return lab.Visitor{User: "admin", Password: "admin"}
	}
	return lab.Visitor{Deployment: deployment, User: bossName, Password: bossPassword}
}

var memberJoined = regexp.MustCompile(`Member joined \[[0-9a-f-]+\]: (/\S+)`)

// runs checks that every node has a server, and that the members of each
// deployment's cluster have met one another and nobody else.
func (w *world) runs(t *testing.T) {
	t.Helper()
	members := map[string]int{}
	for _, h := range w.Hosts {
		list, err := h.Servers()
		if err != nil || len(list) != len(h.Nodes) {
			t.Errorf("%s runs %v, %v; want %d servers", h.Name, list, err, len(h.Nodes))
		}
		for _, n := range h.Nodes {
			if n.ClusterPort != 0 {
				members[n.Deployment]++
			}
		}
	}
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			log := h.ServerLog(n)
			if !strings.Contains(log, "WSO2 Carbon started in") {
				t.Errorf("%s, %s did not start:\n%s", h.Name, n.Home, log)
			}
			met := map[string]bool{}
			for _, m := range memberJoined.FindAllStringSubmatch(log, -1) {
				met[m[1]] = true
			}
			if n.ClusterPort != 0 && len(met) != members[n.Deployment]-1 {
				t.Errorf("%s, %s met %v, want %d other members", h.Name, n.Home, met, members[n.Deployment]-1)
			}
		}
	}
}

// visited goes through a deployment as its users do: logins through the IDP,
// an app from the Publisher to the first Gateway and into the Store.
func (w *world) visited(t *testing.T, deployment string) {
	t.Helper()
	u := user(deployment)
	seen, err := w.Visit(t.Context(), u)
	if err != nil {
		w.logs(t)
		t.Fatalf("a user of %q meets: %v", deployment, err)
	}
	var gateway lab.Node
	for _, n := range w.of(deployment) {
		if n.Role == "gateway" && gateway.Home == "" {
			gateway = n.Node
		}
	}
	if want := "through " + gateway.Home + " for " + u.User; len(seen.Served) != 1 || !strings.HasSuffix(seen.Served[0], want) {
		t.Errorf("the app is served by %q, want one %q", seen.Served, want)
	}
}

// placed is a node and its host.
type placed struct {
	lab.Node
	host *lab.Host
}

// of lists the nodes of a deployment.
func (w *world) of(deployment string) (list []placed) {
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			if n.Deployment == deployment {
				list = append(list, placed{n, h})
			}
		}
	}
	return list
}

// content checks that no server of a deployment has found anything wrong with
// what it was told of the others.
func (w *world) content(t *testing.T, deployment string) {
	t.Helper()
	for _, n := range w.of(deployment) {
		if log := n.host.ServerLog(n.Node); strings.Contains(log, " ERROR {") || strings.Contains(log, bossPassword) {
			t.Errorf("%s, %s complains:\n%s", n.host.Name, n.Home, log)
		}
	}
}

// misled sends the Publisher's apps where nothing listens: its server says so
// in the product's words, and no user gets an app published until that is healed.
func misled(t *testing.T, w *world) {
	file := w.Dir + "/misled.toml"
	wrong := w.Inventory(lab.InventoryOptions{Extra: "[wiring]\ngateway_url = \"https://localhost:1/services/\""})
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.runOn(t, file, "apply", "--yes"); r.code != 0 {
		t.Fatalf("apply of a wrong URL ended with %d\n%s%s", r.code, r.out, r.err)
	}
	h, n := w.node(t, "publisher")
	const said = "Error while publishing to Gateway  {org.wso2.carbon.appmgt.impl.APIProviderImpl}\norg.apache.axis2.AxisFault: Error while contacting the authentication admin services\nCaused by: java.net.ConnectException: Connection refused"
	if log := h.ServerLog(n); !strings.Contains(log, said) {
		t.Errorf("the Publisher does not say %q:\n%s", said, log)
	}
	if _, err := w.Visit(t.Context(), user("")); err == nil || !strings.Contains(err.Error(), "publishing hello") {
		t.Errorf("a user meets %v, want that nothing is published", err)
	}
	w.want(t, 0, "apply", "--yes")
	if _, err := w.Visit(t.Context(), user("")); err != nil {
		t.Errorf("after it was healed a user meets: %v", err)
	}
}
