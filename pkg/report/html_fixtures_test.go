package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// noon is when the runs of the fixtures began.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// fourNodes is the usual deployment, its databases on a host of their own.
func fourNodes() *run.Layout {
	l := &run.Layout{Cluster: "wso2.pub.store.domain", Server: run.DBServer{
		Name: "carbondb.mysql-wso2.com", Address: "192.168.10.5", Port: 3306, Host: "db1", Account: "appm",
		Databases: []string{"AM_DB", "UM_DB", "REG_DB", "ES_STORAGE_DB"},
	}}
	l.Hosts = append(l.Hosts, run.Machine{Name: "db1", Address: "192.168.10.5"})
	for i, n := range []run.Node{{Name: "store1", Role: "store"}, {Name: "idp1", Role: "idp"}, {Name: "gw1", Role: "gateway"}, {Name: "pub1", Role: "publisher"}} {
		n.Home, n.Port, n.Databases = "/opt/wso2appm", 9443, l.Server.Databases[:2]
		if n.Role == "publisher" || n.Role == "store" {
			n.ClusterPort, n.Databases = 4000, l.Server.Databases
		}
		l.Hosts = append(l.Hosts, run.Machine{Name: n.Name, Address: fmt.Sprintf("192.168.10.1%d", i), Nodes: []run.Node{n}})
	}
	return l
}

// crowded has more nodes than fit side by side, several on a host.
func crowded() *run.Layout {
	l := fourNodes()
	l.Hosts = l.Hosts[:1]
	for i := range 4 {
		m := run.Machine{Name: fmt.Sprintf("a-host-with-a-long-name-%d.example.com", i), Address: fmt.Sprintf("2001:db8:1234:5678:9abc:def0:1234:567%d", i)}
		for k, role := range []string{"idp", "gateway", "publisher", "store"}[:1+i] {
			n := run.Node{Name: fmt.Sprintf("%s%d", role, i), Role: role, Home: "/opt/wso2appm", Port: 9443 + k, Databases: l.Server.Databases[:2], Stopped: k == 1}
			if k > 1 {
				n.ClusterPort, n.Databases = 4000+k, l.Server.Databases
			}
			m.Nodes = append(m.Nodes, n)
		}
		l.Hosts = append(l.Hosts, m)
	}
	return l
}

const axis2 = `        <!-- The membership scheme -->
        <parameter name="membershipScheme">wka</parameter>

        <!--
         The clustering domain/group. Nodes in the same group will belong to the same multicast
         domain. There will not be interference between nodes in different groups.
        -->
        <parameter name="domain">wso2.other.domain</parameter>

        <!-- The multicast address to be used -->
        <parameter name="mcastAddress">228.0.0.4</parameter>
`

// edited is a file that one value of changes, a password in it.
func edited(node, target, path, text, from, to string) change {
	const password = `	<password>S3cret-%s</password>` + "\n"
	before, after := text+fmt.Sprintf(password, "OLD"), strings.Replace(text, from, to, 1)+fmt.Sprintf(password, "NEW")
	at := func(s string) []plan.Span {
		start := strings.Index(s, "S3cret-")
		return []plan.Span{{Start: start, End: start + len("S3cret-OLD")}}
	}
	return change{file(before), plan.Want{Ref: ref(target, plan.KindFile, path), Node: node, After: file(after), Why: "cluster wso2.pub.store.domain",
		HiddenBefore: at(before), Hidden: at(after)}}
}

func drift() []change {
	list := []change{edited("pub1", "pub1", "/opt/wso2appm/repository/conf/axis2/axis2.xml", axis2, "wso2.other.domain", "wso2.pub.store.domain"),
		{&plan.Server{Running: true}, plan.Want{Ref: ref("pub1", plan.KindServer, "/opt/wso2appm"), Node: "pub1", After: &plan.Server{Running: true, Renew: true}, Why: "axis2.xml changes with this plan"}}}
	for i := range 5 {
		list = append(list, change{file("k"), plan.Want{Ref: ref("gw1", plan.KindFile, fmt.Sprintf("/kept/%d", i)), After: file("k"), Why: "it fits"}})
	}
	return list
}

// first is a first apply of four nodes.
func first() []change {
	var list []change
	for i, name := range []string{"AM_DB", "UM_DB", "REG_DB", "ES_STORAGE_DB"} {
		s := &plan.Schema{Load: true, Opening: "CREATE DATABASE `" + name + "` CHARACTER SET latin1", Scripts: []string{"mysql.sql"}}
		for n := range 12 + 20*i {
			s.Statements = append(s.Statements, plan.Statement{File: "mysql.sql", Line: 7 * n, SQL: fmt.Sprintf("CREATE TABLE T%d (\n  ID INTEGER AUTO_INCREMENT,\n  NAME VARCHAR(255) NOT NULL\n)", n)})
		}
		list = append(list, change{nil, plan.Want{Ref: ref(plan.Deployment, plan.KindSchema, name), After: s, Why: "30 tables"}})
	}
	grant := "CREATE USER 'appm'@'192.168.10.11' IDENTIFIED BY 'S3cret-NEW'"
	list = append(list, change{&plan.Account{}, plan.Want{Ref: ref(plan.Deployment, plan.KindAccount, "appm"), Why: "the nodes log in from 192.168.10.11", After: &plan.Account{
		Grants: []plan.Statement{{SQL: grant, Hidden: []plan.Span{{Start: len(grant) - 12, End: len(grant)}}}, {SQL: "GRANT ALL PRIVILEGES ON `AM\\_DB`.* TO 'appm'@'192.168.10.11'", Node: "idp1"}}}}})
	for _, host := range []string{"idp1", "gw1", "pub1", "store1"} {
		list = append(list,
			change{nil, plan.Want{Ref: ref(host, plan.KindBlob, "/opt/wso2appm/repository/components/lib/mysql-connector-java-5.1.49-bin.jar"), Node: host, Why: "JDBC driver",
				After: &plan.Blob{Size: 1006956, SHA256: strings.Repeat("5bba9ff5", 8)}}},
			change{file("127.0.0.1\tlocalhost\n"), plan.Want{Ref: ref(host, plan.KindFile, "/etc/hosts"), Why: "names of database, Publisher and Store",
				After: file("127.0.0.1\tlocalhost\n# appm-provision lab: begin\n192.168.10.5\tcarbondb.mysql-wso2.com\n# appm-provision lab: end\n")}},
			edited(host, host, "/opt/wso2appm/repository/conf/datasources/master-datasources.xml", axis2, "wka", "multicast"),
			change{nil, plan.Want{Ref: ref(host, plan.KindFile, "/etc/systemd/system/appm.service"), Why: "starts with the machine", After: file("[Unit]\nDescription=App Manager\n\n[Install]\nWantedBy=multi-user.target")}},
			change{&plan.Server{}, plan.Want{Ref: ref(host, plan.KindServer, "/opt/wso2appm"), Node: host, After: &plan.Server{Running: true}, Why: "not running"}})
	}
	return list
}

// past is what a record, or a plan, says of these changes.
func past(t *testing.T, changes []change, notes ...plan.Note) *run.Past {
	t.Helper()
	p := build(t, changes, notes...)
	out := &run.Plan{Summary: report.Summary(p), Layout: fourNodes()}
	for _, c := range p.Changes {
		shown, err := report.Shown(c, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out.Changes = append(out.Changes, run.Change{Target: c.Ref.Target, Kind: string(c.Ref.Kind), Path: c.Ref.Path, Node: c.Node, Why: report.Visible(c.Why), Shown: shown})
		if c.Before != nil {
			out.Changes[len(out.Changes)-1].Before = &run.Thing{}
		}
		if c.After != nil {
			out.Changes[len(out.Changes)-1].After = &run.Thing{}
		}
	}
	for _, n := range notes {
		out.Notes = append(out.Notes, run.Note(n))
	}
	for _, w := range p.Kept {
		out.Kept = append(out.Kept, report.KeptOf(w))
	}
	return &run.Past{At: noon, Plan: out, Made: map[int]run.Made{}, MadeAt: map[int]time.Time{}, Begin: run.Begin{
		Version: "v1.2.3", Operator: "ann@laptop", Command: []string{"plan", "-i", "inventory.toml"}, Deployment: "lab", Inventory: "/home/ann/deploy/inventory.toml", Digest: "04331b53d1e08b7c"}}
}

// ran adds a run to it that came so far and failed, or came to its end.
func ran(p *run.Past, fails bool) *run.Past {
	p.ID, p.Begin.ID, p.Begin.Command, p.EndAt = "20260314T120000Z-b2e9a7", "20260314T120000Z-b2e9a7", []string{"apply", "--yes"}, noon.Add(42*time.Second)
	say := func(ms int, e run.Event) {
		p.Events = append(p.Events, run.Happened{At: noon.Add(time.Duration(ms) * time.Millisecond), Event: e})
	}
	for i, h := range []string{"idp1", "gw1", "pub1", "store1"} {
		say(400+90*i, run.Event{Stage: run.Upload, Target: h, Text: "mysql-connector-java-5.1.49-bin.jar", Done: 1006956, Total: 1006956})
	}
	for i, s := range []string{"AM_DB", "UM_DB"} {
		say(800, run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "schema " + s, Total: 94})
		say(4000+900*i, run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "schema " + s, Done: 94, Total: 94})
	}
	say(5300, run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "account appm"})
	for i, h := range []string{"idp1", "gw1", "pub1", "store1"} {
		say(5900+40*i, run.Event{Stage: run.Files, Target: h, Node: h, Text: "/opt/wso2appm/repository/conf/axis2/axis2.xml"})
	}
	for i, h := range []string{"idp1", "gw1", "pub1"} {
		say(6500+9000*i, run.Event{Stage: run.Restart, Target: h, Node: h, Text: "starting with JAVA_HOME=/usr/lib/jvm/java-8"})
		say(12000+9000*i, run.Event{Stage: run.Restart, Target: h, Node: h, Text: "log: Mgt Console URL  : https://localhost:9443/carbon/"})
	}
	end := run.End{}
	for i, h := range []string{"idp1", "gw1", "pub1", "store1", plan.Deployment} {
		end.Outcomes = append(end.Outcomes, run.Ended{Target: h, Result: run.Done, Made: 5 - i/3, Planned: 5})
	}
	if fails {
		end.Exit, end.Error = 19, "pub1: node pub1 did not start: no answer at port 9443 within 10m0s; the last lines of its log:\n    ERROR <b>bold</b> Could not bind"
		end.Outcomes[2].Result, end.Outcomes[2].Error = run.Failed, end.Error
		end.Outcomes[3].Result, end.Outcomes[3].Error = run.NotStarted, "an error of its own"
		end.Outcomes[4] = run.Ended{Target: plan.Deployment, Result: run.Unchanged}
	} else {
		say(33000, run.Event{Stage: run.Verify, Target: "lab", Text: "gathering again"})
		say(41000, run.Event{Stage: run.Verify, Target: "gw1", Node: "gw1", Text: "uses AM_DB, UM_DB"})
	}
	p.End = &end
	for i := range p.Plan.Changes {
		if !fails || i%3 != 2 {
			p.Made[i], p.MadeAt[i] = run.Made{Change: i}, noon.Add(time.Duration(i)*time.Second)
		}
	}
	p.Made[0] = run.Made{Change: 0, Kept: "/var/lib/appm-provision/lab/20260314T120000Z-b2e9a7/0/000-axis2.xml"}
	p.Wire = []run.Wire{{Host: "gw1", Connections: 1, Sessions: 5, Tunnels: 1, Sent: 1_234_567, Received: 99}}
	return p
}
