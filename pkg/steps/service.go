package steps

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// units is where the administrator's units are; a package's are elsewhere.
const units = "/etc/systemd/system/"

// unitMark begins the unit of a node: what does not begin so is somebody else's.
// Node a-b of deployment x and node b of deployment x-a have units of one name.
func (d Deployment) unitMark(n inventory.Node) string {
	return fmt.Sprintf("# Written by appm-provision for the node %s of the deployment %s.\n", n.Name, d.Inventory.Name)
}

// UnitName is that of a node's unit. It carries the deployment's name, as two
// of them may share a host.
func UnitName(inv inventory.Inventory, n inventory.Node) string {
	return "appm-" + inv.Name + "-" + n.Name + ".service"
}

func (d Deployment) unit(n inventory.Node) plan.Ref {
	return plan.Ref{Target: n.Host, Kind: plan.KindUnit, Path: UnitName(d.Inventory, n)}
}

func (d Deployment) unitFile(n inventory.Node) plan.Ref {
	return plan.Ref{Target: n.Host, Kind: plan.KindFile, Path: units + UnitName(d.Inventory, n)}
}

// serves tells whether units are the inventory's business.
func serves(inv inventory.Inventory) bool {
	for _, n := range inv.Nodes {
		if n.Service != inventory.ServiceAny {
			return true
		}
	}
	return false
}

// UnitFile wants the file by which systemd starts the node's server, or, with
// service = "none", that there is none of ours.
func UnitFile(d Deployment, n inventory.Node) plan.Step {
	step := plan.Step{Name: "unit", Scope: plan.ScopeNode, For: n.Name, Want: func(*plan.State) ([]plan.Want, []plan.Note, error) { return nil, nil, nil }}
	if n.Service == inventory.ServiceAny {
		return step
	}
	ref := d.unitFile(n)
	home, server, java := need(n, plan.KindDir, ""), need(n, plan.KindServer, ""), javaNeed(n)
	home.As, server.As = "", ""
	step.Needs = []plan.Need{{Ref: ref}}
	if n.Service == inventory.ServiceSystemd {
		step.Needs = append(step.Needs, home, server, java)
	}
	step.Want = func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		there, err := d.ourUnit(s, n)
		if err != nil {
			return nil, nil, err
		}
		want := plan.Want{Ref: ref, Node: n.Name}
		if n.Service == inventory.ServiceNone {
			if there == nil {
				return nil, nil, nil
			}
			want.During = plan.StageRemove // its server has left it by then
			want.Why = `the inventory says service = "none"`
			return []plan.Want{want}, nil, nil
		}
		text, err := d.unitText(s, n, there)
		if err != nil {
			return nil, nil, err
		}
		want.Why = "starts the server with its host"
		want.After = &plan.File{Meta: plan.Meta{Mode: 0o644, Owner: "root", Group: "root"}, Data: []byte(text)}
		return []plan.Want{want}, nil, nil
	}
	return step
}

// ourUnit is the node's unit file as it was found; nil: there is none of ours.
// One that somebody else made is left alone, and in the way of ours.
func (d Deployment) ourUnit(s *plan.State, n inventory.Node) (*plan.File, error) {
	ref := d.unitFile(n)
	o, err := s.Get(ref)
	f, is := o.(*plan.File)
	switch {
	case err != nil || !is:
		return nil, err
	case bytes.HasPrefix(f.Data, []byte(d.unitMark(n))):
		return f, nil
	case n.Service == inventory.ServiceSystemd:
		return nil, conflict(n, ref, "this unit is not that of the node, as its first line says; move it away, or give the node no service")
	}
	return nil, nil
}

// theirUnit tells whether a unit of that name is there, and is somebody else's.
func (d Deployment) theirUnit(s *plan.State, n inventory.Node) (bool, error) {
	o, err := s.Found(d.unitFile(n))
	f, is := o.(*plan.File)
	return err == nil && is && !bytes.HasPrefix(f.Data, []byte(d.unitMark(n))), err
}

// Service wants systemd to know the node's unit as its file is, and to start it
// with the host unless the server shall be stopped.
func Service(d Deployment, n inventory.Node) plan.Step {
	step := plan.Step{Name: "service", Scope: plan.ScopeNode, For: n.Name, Want: func(*plan.State) ([]plan.Want, []plan.Note, error) { return nil, nil, nil }}
	if n.Service == inventory.ServiceAny {
		return step
	}
	ref, file := d.unit(n), d.unitFile(n)
	step.Needs = []plan.Need{{Ref: ref}, {Ref: file}}
	step.Want = func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		o, err := s.Get(ref)
		if err != nil {
			return nil, nil, err
		}
		found := o.(*plan.Unit)
		wanted := n.Service == inventory.ServiceSystemd
		if theirs, err := d.theirUnit(s, n); err != nil || theirs && !wanted {
			return nil, nil, err
		}
		if wanted && !found.Systemd {
			return nil, nil, conflict(n, ref, `systemd does not run on this host; take service = "systemd" out of the inventory for this node`)
		}
		after := &plan.Unit{Systemd: found.Systemd, Root: found.Root, Enabled: wanted && n.Running, Reload: found.Systemd && (s.Changes(file) || found.Stale)}
		want := plan.Want{Ref: ref, Node: n.Name, After: after, Why: unitWhy(s.Changes(file), found, after, n)}
		changes := after.Reload || after.Enabled != found.Enabled
		switch {
		case changes && !found.Root:
			return nil, nil, missing(n, ref, "changing units needs root; write sudo = true for this host")
		case !changes && !wanted:
			return nil, nil, nil
		case !wanted:
			want.During = plan.StageRemove
		}
		return []plan.Want{want}, dropinNotes(n, found), nil
	}
	return step
}

func unitWhy(file bool, found, after *plan.Unit, n inventory.Node) string {
	var why []string
	switch {
	case after.Enabled != found.Enabled && after.Enabled:
		why = append(why, "starts with the host")
	case after.Enabled != found.Enabled && n.Service == inventory.ServiceSystemd:
		why = append(why, "the inventory says running = false")
	case after.Enabled != found.Enabled:
		why = append(why, "starts no more with the host")
	}
	switch {
	case file && after.Reload:
		why = append(why, "its file changes with this plan")
	case after.Reload:
		why = append(why, "its file has changed since systemd read it")
	}
	if len(why) == 0 {
		return map[bool]string{true: "starts with the host", false: "known to systemd"}[after.Enabled]
	}
	return strings.Join(why, "; ")
}

func dropinNotes(n inventory.Node, found *plan.Unit) []plan.Note {
	if len(found.Dropins) == 0 {
		return nil
	}
	return []plan.Note{{Target: n.Host, Node: n.Name, Text: "its unit is changed by " + strings.Join(found.Dropins, ", ") + ", which is not this tool's and stays"}}
}

// unitText is the unit. The product's script runs in the foreground, as it does
// without a command: its start says "already running" for whatever process has
// the number in a pid file that nobody removes, and that file is padded with NUL
// bytes, which PIDFile= does not read (facts.md section 3). The script is the
// server's parent and starts it anew when it ends with 121, so both belong to
// the unit and both get the signal to stop.
func (d Deployment) unitText(s *plan.State, n inventory.Node, there *plan.File) (string, error) {
	o, err := s.Get(at(n, plan.KindDir, ""))
	if err != nil {
		return "", err
	}
	home, is := o.(*plan.Dir)
	if !is {
		return "", missing(n, at(n, plan.KindDir, ""), "there is no such directory")
	}
	server, err := s.Found(at(n, plan.KindServer, ""))
	if err != nil {
		return "", err
	}
	runs := *server.(*plan.Server)
	if runs.JDK == "" { // of one that is stopped the unit says what it ran on
		runs.JDK = unitJava(there)
	}
	java, err := javaHome(s, n, &runs, javaNeed(n).Ref)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(d.unitMark(n))
	b.WriteString("# A change here is taken back by the next run; a drop-in of yours is not:\n# systemctl edit " + UnitName(d.Inventory, n) + "\n")
	fmt.Fprintf(&b, "[Unit]\nDescription=WSO2 App Manager %s: %s %s of %s\n", version, n.Role, n.Name, d.Inventory.Name)
	fmt.Fprintf(&b, "Wants=network-online.target\nAfter=%s\n", strings.Join(d.unitAfter(n), " "))
	fmt.Fprintf(&b, "\n[Service]\nType=simple\nUser=%s\nEnvironment=\"JAVA_HOME=%s\"\nWorkingDirectory=%s\n", home.Owner, unitQuote(java), n.Home)
	fmt.Fprintf(&b, "ExecStart=/bin/sh %s/%s\n", n.Home, serverScript)
	fmt.Fprintf(&b, "# A Java that ends by the signal ends with 143.\nSuccessExitStatus=143\n")
	fmt.Fprintf(&b, "# A server that does not stop is not killed.\nTimeoutStopSec=%d\nSendSIGKILL=no\n", int(round(d.Inventory.Product.StopTimeout).Seconds()))
	b.WriteString("\n[Install]\nWantedBy=multi-user.target\n")
	return b.String(), nil
}

// unitAfter are hints for the order in which a host starts: the network, a
// database server on the same host by whatever name, then the nodes in the order
// of their roles. What is not there is not waited for.
func (d Deployment) unitAfter(n inventory.Node) []string {
	inv := d.Inventory
	after := []string{"network-online.target"}
	host := inv.HostOf(n)
	if inv.Database.Host == n.Host || inv.Database.Address == host.Address {
		after = append(after, "mysql.service", "mysqld.service", "mariadb.service")
	}
	for _, other := range inv.NodesOn(n.Host) {
		if other.Name == n.Name {
			break
		}
		if other.Service == inventory.ServiceSystemd {
			after = append(after, UnitName(inv, other))
		}
	}
	return after
}

// unitQuote is a text between quotes of a unit.
func unitQuote(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(text)
}

// unitJava is the JAVA_HOME in a unit of ours.
func unitJava(f *plan.File) string {
	if f == nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(f.Data), "\nEnvironment=\"JAVA_HOME=")
	text, _, _ := strings.Cut(rest, "\"\n")
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, "%%", "%").Replace(text)
}
