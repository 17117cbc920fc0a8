package draft_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/byhand"
	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/draft"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

const password = `hunter2&<"'`

// site is a deployment of four machines in a folder, made by hand.
type site struct {
	t     *testing.T
	dir   string
	sites []draft.Site
	hosts []draft.Place
}

var roles = []string{"idp", "gateway", "publisher", "store"}

func handMade(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	addresses := map[string]string{"idp": "192.168.10.11", "gateway": "192.168.10.12", "publisher": "192.168.10.13", "store": "192.168.10.14"}
	for _, role := range roles {
		host := draft.Place{Name: role + "1", Address: addresses[role]}
		home := filepath.Join(s.dir, host.Name, "wso2appm")
		n := byhand.Node{Role: role, Home: home, User: "appm", Password: "hunter2&amp;&lt;\"'", Port: 3306, Address: host.Address}
		if peer := map[string]string{"publisher": "store", "store": "publisher"}[role]; peer != "" {
			n.ClusterPort, n.PeerPort, n.Peer = 4000, 4000, addresses[peer]
		}
		s.must((product.Home{Stock: os.Getenv("APPM_STOCK_CONF")}).Write(home))
		s.must(byhand.Edit(n))
		s.must(os.WriteFile(s.hostsFile(host.Name), []byte("127.0.0.1 localhost\n"+byhand.Hosts(n, "192.168.10.5")), 0o644))
		s.hosts = append(s.hosts, host)
		s.sites = append(s.sites, draft.Site{Host: host.Name, Address: host.Address, Home: home})
	}
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) hostsFile(host string) string { return filepath.Join(s.dir, host, "hosts") }

func (s *site) edit(host, rel, old, text string) {
	s.t.Helper()
	file := filepath.Join(s.dir, host, "wso2appm", rel)
	data, err := os.ReadFile(file)
	s.must(err)
	if !strings.Contains(string(data), old) {
		s.t.Fatalf("%s holds no %s", file, old)
	}
	s.must(os.WriteFile(file, []byte(strings.Replace(string(data), old, text, 1)), 0o644))
}

// gather answers needs from the folder; servers run since a moment ago.
func (s *site) gather(needs []plan.Need) *plan.State {
	state := plan.NewState()
	for _, n := range needs {
		switch n.Kind {
		case plan.KindFile, plan.KindBlob, plan.KindDir:
			s.put(state, n.Ref)
		case plan.KindListing:
			found, err := filepath.Glob(n.Path)
			s.must(err)
			list := &plan.Listing{}
			for _, file := range found {
				r := plan.Ref{Target: n.Target, Kind: plan.KindBlob, Path: file}
				list.Matches = append(list.Matches, r)
				s.put(state, r)
			}
			state.Put(n.Ref, list)
		case plan.KindServer:
			state.Put(n.Ref, &plan.Server{Running: true, PID: 1, Started: time.Now().Add(time.Hour), JDK: "/opt/java"})
		case plan.KindJava:
			state.Put(n.Ref, &plan.Java{Homes: []plan.JDK{{Home: "/opt/java", Version: "1.8.0_292"}}})
		default:
			s.t.Fatalf("nobody answers for %v", n.Ref)
		}
	}
	return state
}

func (s *site) put(state *plan.State, r plan.Ref) {
	stat, err := os.Stat(r.Path)
	if errors.Is(err, os.ErrNotExist) {
		state.Put(r, nil)
		return
	}
	s.must(err)
	meta := plan.Meta{Mode: uint32(stat.Mode().Perm()), Owner: "appm", Group: "appm", Changed: stat.ModTime()}
	if r.Kind == plan.KindDir {
		state.Put(r, &plan.Dir{Meta: meta})
		return
	}
	data, err := os.ReadFile(r.Path)
	s.must(err)
	if r.Kind == plan.KindFile {
		state.Put(r, &plan.File{Meta: meta, Data: data})
		return
	}
	sum := sha256.Sum256(data)
	state.Put(r, &plan.Blob{Meta: meta, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
}

// found reads the deployment.
func (s *site) found(roles map[string]inventory.Role) (*draft.Found, error) {
	var needs []plan.Need
	for _, h := range s.hosts {
		needs = append(needs, draft.Needs(h.Name, s.hostsFile(h.Name), s.sites)...)
	}
	return draft.FromState(s.gather(needs), s.sites, draft.Options{
		Name: "shop", User: "deploy", Sudo: true, Password: "env:APPM_DB_PASSWORD", Hosts: s.hosts, HostsFile: s.hostsFile, Roles: roles,
	})
}

// plan is that of the inventory, once it says what is meant.
func (s *site) plan(f *draft.Found) (string, *plan.Plan, []string) {
	s.t.Helper()
	jar, err := os.ReadFile(f.Driver.Path)
	s.must(err)
	var why []string
	for {
		text := string(f.Draft.Text())
		inv, warnings, err := inventory.Parse("inventory.toml", []byte(text))
		if err != nil || len(warnings) > 0 {
			s.t.Fatalf("%v\n%v\n%s", err, warnings, text)
		}
		d := steps.Deployment{Inventory: inv, Password: f.Password}
		d.Driver, _, err = steps.PickDriver(inv.Driver.File, jar, inv.Driver.Class)
		s.must(err)
		d.Select, err = inv.Select(nil)
		s.must(err)
		list := steps.For(d)
		p, err := plan.Build(inv.Name, s.gather(steps.Needs(list)), list)
		setting, because := draft.Meant(inv, p, err)
		if setting == "" {
			s.must(err)
			return text, p, why
		}
		why = append(why, because)
		s.must(f.Draft.Set(setting))
	}
}

// The page's snippets as they stand there, which the tool would have written
// otherwise: a plan has nothing to change.
func TestADeploymentMadeByHandIsReproduced(t *testing.T) {
	s := handMade(t)
	f, err := s.found(nil)
	s.must(err)
	text, p, why := s.plan(f)
	for _, c := range p.Changes {
		t.Errorf("the plan changes %v: %s", c.Ref, c.Why)
	}
	if len(f.Unusual) > 0 {
		t.Errorf("unusual is %q", f.Unusual)
	}
	if f.Password.Reveal() != password || strings.Contains(text, "hunter") {
		t.Errorf("the password is not what the files have, or stands in the inventory:\n%s", text)
	}
	for _, want := range []string{
		`manage   = false`, `schemas  = { am = "apimgtdb", um = "userdb", reg = "regdb" }`,
		`name     = "apimgtdb.mysql-wso2.com"`, `names    = { um = "userdb.mysql-wso2.com", reg = "regdb.mysql-wso2.com", es = "mysql-appm.wso2.com" }`,
		`address  = "192.168.10.5"`, `name = "store.appm-wso2.com"`, `[{ role = "gateway"`, `host_entries = false`, "[wiring]\nmanage = false",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the inventory does not say %s:\n%s", want, text)
		}
	}
	if len(why) != 4 || !strings.Contains(strings.Join(why, "\n"), "publisher1: ") || !strings.Contains(strings.Join(why, "\n"), "maps store.appm-wso2.com to 127.0.0.1") {
		t.Errorf("what is left alone: %q", why)
	}
}

func TestWhatIsUnusualIsTold(t *testing.T) {
	const conf = "repository/conf/"
	s := handMade(t)
	s.edit("publisher1", conf+"axis2/axis2.xml", ">wso2.pub.store.domain<", ">another<")
	s.edit("gateway1", conf+"datasources/master-datasources.xml", "apimgtdb?autoReconnect=true<", "apimgtdb?autoReconnect=false<")
	s.edit("gateway1", conf+"datasources/master-datasources.xml", "hunter2", "hunter3")
	s.edit("idp1", conf+"user-mgt.xml", "\n    <Property name=\"ReadOnly\">false<", "\n    <Property name=\"ReadOnly\">true<")
	f, err := s.found(nil)
	s.must(err)
	text, p, why := s.plan(f)
	all := strings.Join(append(f.Unusual, why...), "\n")
	for _, want := range []string{
		`store1: its cluster domain is "wso2.pub.store.domain", that of publisher1 is "another"`,
		`gateway1: its query of the URL of WSO2AM_DB is "autoReconnect=false", that of idp1 is "autoReconnect=true"`,
		"gateway1: the password of WSO2AM_DB is another than that of the first node",
		"idp1: the user store of user-mgt.xml is not the page's",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nobody says %q:\n%s", want, all)
		}
	}
	if strings.Contains(all+text, "hunter") {
		t.Error("a password is shown")
	}
	if p.Empty() {
		t.Error("the plan shows none of it")
	}
}

func TestSiblingsAreCompared(t *testing.T) {
	s := handMade(t)
	twin := draft.Site{Host: "store2", Address: "192.168.10.15", Home: filepath.Join(s.dir, "store2", "wso2appm")}
	s.must(os.CopyFS(filepath.Join(s.dir, "store2"), os.DirFS(filepath.Join(s.dir, "store1"))))
	s.hosts, s.sites = append(s.hosts, draft.Place{Name: twin.Host, Address: twin.Address}), append(s.sites, twin)
	s.edit("store2", "repository/conf/registry.xml", "<enableCache>true<", "<enableCache>false<")
	s.edit("store2", "repository/conf/axis2/axis2.xml", `"localMemberHost">192.168.10.14<`, `"localMemberHost">192.168.10.15<`)
	f, err := s.found(nil)
	s.must(err)
	got := strings.Join(f.Unusual, "\n")
	if !strings.HasPrefix(got, "store1 and store2 differ in registry.xml: line ") || strings.Contains(got, "axis2.xml") {
		t.Errorf("got %q", got)
	}
}

func TestRolesThatNobodyCanTell(t *testing.T) {
	s := handMade(t)
	s.hosts[0].Name, s.sites[0].Host = "box", "box"
	s.must(os.Rename(filepath.Join(s.dir, "idp1"), filepath.Join(s.dir, "box")))
	s.sites[0].Home = filepath.Join(s.dir, "box", "wso2appm")
	_, err := s.found(nil)
	if err == nil || !strings.Contains(err.Error(), "the Identity Provider or a Gateway, and neither its files nor its name tell which; say --role box=…") {
		t.Errorf("got %v", err)
	}
	f, err := s.found(map[string]inventory.Role{"box": inventory.IDP})
	if err != nil || !strings.Contains(string(f.Draft.Text()), `role = "idp"`) {
		t.Errorf("got %v", err)
	}
}

// Nodes that share a host have a name each, whatever their homes are called.
func TestSeveralNodesOnAHost(t *testing.T) {
	s := handMade(t)
	for i := range s.sites {
		s.sites[i].Host, s.sites[i].Address = "box", "192.168.10.11"
	}
	s.hosts = []draft.Place{{Name: "box", Address: "192.168.10.11"}}
	s.must(os.Mkdir(filepath.Join(s.dir, "box"), 0o755))
	s.must(os.WriteFile(s.hostsFile("box"), []byte("192.168.10.5 apimgtdb.mysql-wso2.com\n"), 0o644))
	f, err := s.found(map[string]inventory.Role{"box-wso2appm": inventory.IDP, "box-wso2appm-2": inventory.Gateway})
	s.must(err)
	text := string(f.Draft.Text())
	for _, want := range []string{`{ role = "idp", name = "box-wso2appm", home = "`, `{ role = "gateway", name = "box-wso2appm-2", home = "`, `{ role = "store", name = "box-wso2appm-4", home = "`} {
		if !strings.Contains(text, want) {
			t.Errorf("the inventory does not say %s:\n%s", want, text)
		}
	}
}

func TestAPasswordInAURLIsNotShown(t *testing.T) {
	s := handMade(t)
	s.edit("idp1", "repository/conf/datasources/master-datasources.xml", "apimgtdb?autoReconnect=true<", "apimgtdb?user=appm&amp;password=hunter4<")
	if _, err := s.found(nil); err == nil || strings.Contains(err.Error(), "hunter4") || !strings.Contains(err.Error(), "its URL holds a password") {
		t.Errorf("got %v", err)
	}
}

func TestHomesThatAreNone(t *testing.T) {
	s := handMade(t)
	s.edit("store1", "repository/conf/datasources/master-datasources.xml", "jdbc:mysql://mysql-appm.wso2.com:3306/ES_STORAGE_DB?autoReconnect=true", "jdbc:h2:x")
	if _, err := s.found(nil); err == nil || !strings.Contains(err.Error(), "has no datasource JAGH2 on MySQL, so this is not the deployment of the product's page") {
		t.Errorf("got %v", err)
	}
	s = handMade(t)
	s.sites[0].Home = filepath.Join(s.dir, "nowhere")
	if _, err := s.found(nil); err == nil || !strings.Contains(err.Error(), "nowhere/repository/conf/carbon.xml: there is no such file; name the home of an App Manager 1.2.0") {
		t.Errorf("got %v", err)
	}
}

// A deployment whose servers know each other is one that needs no [wiring], but
// for what somebody decided otherwise.
func TestWhatConnectsTheServersIsReproduced(t *testing.T) {
	s := handMade(t)
	f, err := s.found(nil)
	s.must(err)
	s.must(f.Draft.Set("wiring.manage=true"))
	_, p, _ := s.plan(f)
	for _, c := range p.Changes {
		if after, is := c.After.(*plan.File); is {
			s.must(os.WriteFile(c.Ref.Path, after.Data, 0o644))
		}
	}
	f, err = s.found(nil)
	s.must(err)
	text, p, _ := s.plan(f)
	if strings.Contains(text, "[wiring]") || !strings.Contains(text, `name = "gateway.appm-wso2.com"`) || !p.Empty() {
		t.Errorf("got %d changes, and\n%s", len(p.Changes), text)
	}
	const conf = "repository/conf/"
	for _, host := range []string{"gateway1", "publisher1", "store1"} {
		s.edit(host, conf+"app-manager.xml", ">http://gateway.appm-wso2.com:8280,https", ">https")
		s.edit(host, conf+"app-manager.xml", "https://store.appm-wso2.com:9443,http://store.appm-wso2.com:9763<", "https://localhost:9443<")
	}
	s.edit("store1", conf+"carbon.xml", "<HostName>store.appm", "<HostName>shop.appm")
	s.edit("store1", conf+"carbon.xml", "<MgtHostName>store.appm", "<MgtHostName>shop.appm")
	f, err = s.found(nil)
	s.must(err)
	text, p, _ = s.plan(f)
	for _, want := range []string{`gateway_endpoint = ["https://gateway.appm-wso2.com:8243"]`, `cors_origins     = "keep"`, `host_name = "shop.appm-wso2.com"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the inventory does not say %s:\n%s", want, text)
		}
	}
	if !p.Empty() {
		t.Errorf("the plan changes %v", p.Changes)
	}
}
