package steps

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// managed are the files of a node that its server reads at start and this tool
// writes.
func (d Deployment) managed(n inventory.Node) []string {
	var files []string
	for _, s := range order() {
		if s.file != nil && slices.Contains(s.roles, n.Role) && (s.only == nil || s.only(d.Inventory)) {
			files = append(files, s.file(d, n).file)
		}
	}
	return files
}

// Restart wants a server that runs and is younger than everything it should
// have loaded. That is read off the host, not remembered from this run, so a
// run that died between writing and restarting heals on the next one.
func Restart(d Deployment, n inventory.Node) plan.Step {
	server := need(n, plan.KindServer, "")
	server.As = "" // other users' processes must be seen, and nothing of the home is read
	java := javaNeed(n)
	folder := need(n, plan.KindDir, lib)
	needs := append([]plan.Need{server, java, folder}, driverNeeds(d, n)...)
	for _, f := range d.managed(n) {
		needs = append(needs, need(n, plan.KindFile, f))
	}
	if n.Service != inventory.ServiceAny {
		needs = append(needs, plan.Need{Ref: d.unitFile(n)}, plan.Need{Ref: d.unit(n)})
	}
	return plan.Step{
		Name: "restart", Scope: plan.ScopeNode, For: n.Name, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Found(server.Ref)
			if err != nil {
				return nil, nil, err
			}
			found := o.(*plan.Server)
			by, err := d.startedBy(s, n, found)
			if err != nil {
				return nil, nil, err
			}
			after := &plan.Server{Running: n.Running, PID: found.PID, Started: found.Started, JDK: found.JDK, Unit: by}
			want := plan.Want{Ref: server.Ref, As: n.Home, Node: n.Name, After: after}
			switch {
			case !n.Running:
				want.Why = "the inventory says running = false"
				if found.Running {
					after.Start = &plan.Start{StopTimeout: round(d.Inventory.Product.StopTimeout), Leaves: d.leaves(n, found)}
				}
				return []plan.Want{want}, nil, d.mayUse(s, n, after)
			case !found.Running:
				want.Why = "not running"
			default:
				stale, err := d.stale(s, n, found)
				if err != nil {
					return nil, nil, err
				}
				want.Why = stale.why()
				after.Renew = want.Why != ""
			}
			if !found.Running || after.Renew {
				if after.Start, err = d.start(s, n, found, java.Ref); err != nil {
					return nil, nil, err
				}
				after.Start.Unit, after.Start.Leaves = by, d.leaves(n, found)
			} else {
				want.Why = "younger than everything it loads"
			}
			return []plan.Want{want}, nil, d.mayUse(s, n, after)
		},
	}
}

// staleness is why a running server is not on the configuration that it should
// be on.
type staleness struct {
	planned []string // changes with this plan
	since   []string // changed after the server started
	ahead   bool     // these have dates ahead of the host's clock
	place   string   // where the process is and should not be; "": where it should
}

// Since is what a node's server should have loaded and has not, as it changed
// after the server started; none of a server that does not run.
func (d Deployment) Since(s *plan.State, n inventory.Node) ([]string, error) {
	o, err := s.Found(at(n, plan.KindServer, ""))
	if err != nil {
		return nil, err
	}
	server, is := o.(*plan.Server)
	if !is || !server.Running {
		return nil, nil
	}
	stale, err := d.stale(s, n, server)
	return stale.since, err
}

// stale says why a running server is older than what it should have loaded.
func (d Deployment) stale(s *plan.State, n inventory.Node, server *plan.Server) (x staleness, err error) {
	for _, f := range d.managed(n) {
		r := at(n, plan.KindFile, f)
		if s.Changes(r) {
			x.planned = append(x.planned, path.Base(f))
			continue
		}
		o, err := s.Found(r)
		if err != nil {
			return x, err
		}
		if f, is := o.(*plan.File); is && server.Started.Before(f.Changed) {
			x.since = append(x.since, path.Base(r.Path))
			x.ahead = x.ahead || f.Changed.After(now(server).Add(loose))
		}
	}
	driver, changed, err := d.driverChange(s, n, server)
	if err != nil {
		return x, err
	}
	if driver {
		x.planned = append(x.planned, "the JDBC driver")
	} else if changed {
		x.since = append(x.since, "the JDBC driver")
	}
	account, changed := d.accountChange(s, n, server)
	if account {
		x.planned = append(x.planned, "the database account")
	} else if changed {
		x.since = append(x.since, "the database account")
	}
	err = d.staleUnit(s, n, server, &x)
	return x, err
}

// why is empty for a server that is on the configuration that it should be on.
func (x staleness) why() string {
	var why []string
	if x.place != "" {
		why = append(why, x.place)
	}
	if len(x.planned) > 0 {
		why = append(why, verb(x.planned)+" with this plan")
	}
	if len(x.since) > 0 {
		why = append(why, strings.Join(x.since, ", ")+" changed after the server started")
	}
	if x.ahead {
		why = append(why, "the dates of these are ahead of the host's clock, which was set back: whether the server has loaded them cannot be told until the clock is right")
	}
	return strings.Join(why, "; ")
}

// loose is how far dates may be ahead of a clock that was never set back.
const loose = 2 * time.Second

// now is the host's clock when it was asked about the server.
func now(server *plan.Server) time.Time { return server.Started.Add(server.Age) }

func verb(list []string) string {
	if len(list) == 1 {
		return list[0] + " changes"
	}
	return strings.Join(list, ", ") + " change"
}

// driverChange tells whether the plan changes the driver, and whether lib
// changed since the server started. dropins never counts: the server writes it
// itself at every start.
func (d Deployment) driverChange(s *plan.State, n inventory.Node, server *plan.Server) (planned, since bool, err error) {
	needs := driverNeeds(d, n)
	jar := func(r plan.Ref) bool { // also one that is to come back, which no listing has
		return r.Target == n.Host && r.Kind == plan.KindBlob && path.Dir(r.Path) == at(n, plan.KindDir, lib).Path
	}
	if slices.ContainsFunc(s.Refs(), func(r plan.Ref) bool { return jar(r) && s.Changes(r) }) {
		return true, false, nil
	}
	for _, list := range needs[1:] {
		o, err := s.Found(list.Ref)
		if err != nil {
			return false, false, err
		}
		if slices.ContainsFunc(o.(*plan.Listing).Matches, s.Changes) {
			return true, false, nil
		}
	}
	o, err := s.Found(at(n, plan.KindDir, lib))
	if err != nil {
		return false, false, err
	}
	folder, is := o.(*plan.Dir)
	driver, err := s.Found(needs[0].Ref)
	if err != nil {
		return false, false, err
	}
	file, isBlob := driver.(*plan.Blob)
	return false, is && server.Started.Before(folder.Changed) || isBlob && server.Started.Before(file.Changed), nil
}

// accountChange tells whether the plan changes the account that the node's
// datasources use, and whether this tool changed it since the server started.
// The database's clock is not the host's, so ages are compared.
func (d Deployment) accountChange(s *plan.State, n inventory.Node, server *plan.Server) (planned, since bool) {
	r := plan.Ref{Target: plan.Deployment, Kind: plan.KindAccount, Path: d.Inventory.Database.User}
	o, err := s.Found(r)
	if err != nil {
		return false, false // outside the limit, or not ours to manage
	}
	address := d.Inventory.HostOf(n).Address
	mine := func(host string) bool { return host == address || strings.ContainsAny(host, "%_/") }
	if after, err := s.Get(r); err == nil && s.Changes(r) {
		for _, e := range after.(*plan.Account).Entries {
			planned = planned || e.Changes && mine(e.Host)
		}
	}
	if account, is := o.(*plan.Account); is && !planned {
		for _, e := range account.Entries {
			since = since || e.Changed > 0 && e.Changed < server.Age && mine(e.Host)
		}
	}
	return planned, since
}

// start says how the node comes up. JAVA_HOME is the inventory's, else the one
// that the server runs on, else the newest fit one of the host.
func (d Deployment) start(s *plan.State, n inventory.Node, server *plan.Server, java plan.Ref) (*plan.Start, error) {
	home, err := javaHome(s, n, server, java)
	if err != nil {
		return nil, err
	}
	product := d.Inventory.Product
	ports := []int{9443 + n.Offset, 9763 + n.Offset}
	if n.Role == inventory.Gateway {
		ports = append(ports, 8280+n.Offset, 8243+n.Offset)
	}
	if n.Role.Clustered() {
		ports = append(ports, n.ClusterPort)
	}
	return &plan.Start{JavaHome: home, Ports: ports,
		StartTimeout: round(product.StartTimeout), StopTimeout: round(product.StopTimeout)}, nil
}

// round keeps a timeout of less than a second from meaning none.
func round(d time.Duration) time.Duration { return max(d, time.Second) }

func javaHome(s *plan.State, n inventory.Node, server *plan.Server, r plan.Ref) (string, error) {
	o, err := s.Get(r)
	if err != nil {
		return "", err
	}
	java, _ := o.(*plan.Java)
	if java == nil {
		java = &plan.Java{}
	}
	where := plan.Ref{Target: r.Target}
	if n.JavaHome != "" {
		for _, j := range java.Homes {
			if j.Home == n.JavaHome {
				return j.Home, fit(n, where, j)
			}
		}
		return "", missing(n, where, fmt.Sprintf("java_home %s holds no bin/java that the home's owner can run; correct it in the inventory", n.JavaHome))
	}
	for _, j := range java.Homes {
		if j.Home == server.JDK && fit(n, where, j) == nil {
			return j.Home, nil
		}
	}
	for _, want := range []string{"1.8", "1.7"} {
		for _, j := range java.Homes {
			if strings.HasPrefix(j.Version, want) {
				return j.Home, nil
			}
		}
	}
	return "", missing(n, where, "no Java 7 or 8 was found"+others(java)+"; install one, or set java_home in the inventory")
}

// javaNeed are the JDKs that the home's owner can run.
func javaNeed(n inventory.Node) plan.Need {
	return plan.Need{Ref: plan.Ref{Target: n.Host, Kind: plan.KindJava, Path: n.JavaHome}, As: n.Home}
}

func fit(n inventory.Node, where plan.Ref, j plan.JDK) error {
	if strings.HasPrefix(j.Version, "1.8") || strings.HasPrefix(j.Version, "1.7") {
		return nil
	}
	return conflict(n, where, fmt.Sprintf("java_home %s is Java %s; App Manager %s runs on 7 and 8 only", j.Home, j.Version, version))
}

func others(java *plan.Java) string {
	var list []string
	for _, j := range java.Homes {
		list = append(list, j.Home+" ("+j.Version+")")
	}
	if len(list) == 0 {
		return ""
	}
	return ", only " + strings.Join(list, ", ")
}
