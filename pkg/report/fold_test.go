package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

var addresses = map[string]string{"gw1": "192.0.2.1", "gw2": "192.0.2.2", "gw10": "192.0.2.10", "pub1": "192.0.2.4"}

// sibling has the changes of a gateway; each is named after its host, or by what
// is given.
func sibling(host, node, domain string) []change {
	address := addresses[host]
	config := "<clustering>\n  <host>%s</host>\n  <domain>" + domain + "</domain>\n</clustering>\n"
	return []change{
		{nil, plan.Want{Ref: ref(host, plan.KindFile, "/etc/"+node), Node: node, After: file(address + "\t" + host + ".example.com\n"), Why: "names of " + node}},
		{file(fmt.Sprintf(config, "localhost")), plan.Want{Ref: ref(host, plan.KindFile, "/opt/axis2.xml"), Node: node, After: file(fmt.Sprintf(config, address)), Why: "cluster member"}},
		{&plan.Server{Running: true}, plan.Want{Ref: ref(host, plan.KindServer, "/opt"), Node: node, After: &plan.Server{Running: true, Renew: true}, Why: "axis2.xml changes with this plan"}},
	}
}

func folded(t *testing.T, o report.Options, hosts ...[]change) string {
	t.Helper()
	var all []change
	for _, h := range hosts {
		all = append(all, h...)
	}
	o.Addresses = addresses
	return render(t, build(t, all), o)
}

func TestHostsWithTheSameChangesAreFolded(t *testing.T) {
	golden(t, "plan-folded.txt", folded(t, report.Options{},
		sibling("gw1", "gw1", "gw"), sibling("pub1", "pub1", "pub.store"), sibling("gw2", "gw2", "gw"), sibling("gw10", "gw10", "gw")))
	golden(t, "plan-folded-nodes.txt", folded(t, report.Options{}, sibling("gw1", "left", "gw"), sibling("gw2", "right", "gw")))
	kept := func(host string) []change {
		return []change{{file("kept\n"), plan.Want{Ref: ref(host, plan.KindFile, "/kept"), After: file("kept\n"), Why: "it fits " + host}}}
	}
	golden(t, "plan-folded-kept.txt", folded(t, report.Options{Verbose: true}, kept("gw1"), kept("gw2")))
}

// What is folded can be unfolded: with the names that the group tells, each host
// has the text that it has alone.
func TestAFoldLosesNothing(t *testing.T) {
	together := folded(t, report.Options{}, sibling("gw1", "gw1", "gw"), sibling("gw10", "gw10", "gw"))
	_, body, found := strings.Cut(together, "each: files\n")
	if !found {
		t.Fatalf("it is not folded:\n%s", together)
	}
	body, _, _ = strings.Cut(body, "\n\n")
	for _, host := range []string{"gw1", "gw10"} {
		alone := folded(t, report.Options{}, sibling(host, host, "gw"))
		want := strings.NewReplacer("{host}", host, "{address}", addresses[host], "each:", host+":").Replace(body)
		if !strings.HasPrefix(alone, host+": files\n"+want+"\n\n") {
			t.Errorf("%s alone has\n%s\nwant\n%s", host, alone, want)
		}
	}
}

func TestADifferenceIsNotFolded(t *testing.T) {
	same := sibling("gw1", "gw1", "gw")
	for what, other := range map[string][]change{
		"another value":             sibling("gw2", "gw2", "gateway"),
		"one change less":           sibling("gw2", "gw2", "gw")[:2],
		"another address's place":   append(sibling("gw2", "gw2", "gw"), sibling("gw2", "gw2", "gw")[0])[1:3],
		"a node of another name":    sibling("gw2", "node2", "gw"),
		"the sibling's own address": {{nil, plan.Want{Ref: ref("gw2", plan.KindFile, "/etc/gw2"), Node: "gw2", After: file("192.0.2.1\tgw2.example.com\n"), Why: "names of gw2"}}, sibling("gw2", "gw2", "gw")[1], sibling("gw2", "gw2", "gw")[2]},
	} {
		if got := folded(t, report.Options{}, same, other); strings.Contains(got, "the same") {
			t.Errorf("%s is hidden:\n%s", what, got)
		}
	}
	literal := func(host string) []change {
		return []change{{nil, plan.Want{Ref: ref(host, plan.KindFile, "/a"), After: file("{host}\n"), Why: "it says so"}}}
	}
	if got := folded(t, report.Options{}, literal("gw1"), literal("gw2")); strings.Contains(got, "the same") {
		t.Errorf("what looks like a replacement is folded:\n%s", got)
	}
}

// A wrapped plan is the plan: without the line ends that the terminal's width
// made it says the same, and no line is wider.
func TestAWrappedPlan(t *testing.T) {
	long := strings.Repeat("<parameter name=\"members\">\t値 é</parameter> ", 12)
	changes := append([]change{
		{file("a\n" + long + "\nb\n"), plan.Want{Ref: ref("h1", plan.KindFile, "/opt/wso2appm/repository/conf/axis2/axis2.xml"), After: file("a\n" + long + "x\nb\n"),
			Why: "cluster wso2.pub.store.domain with its well-known members 192.0.2.3 and 192.0.2.4, and its ports 4000 and 4001 beside the offset"}},
		{&plan.Account{}, plan.Want{Ref: ref("database", plan.KindAccount, "app"), Why: "the nodes log in", After: &plan.Account{Grants: []plan.Statement{{SQL: "GRANT ALL PRIVILEGES ON `AM\\_DB`.* TO 'app'@'192.0.2.1', 'app'@'192.0.2.2', 'app'@'192.0.2.3'"}}}}},
	}, everything...)
	p := build(t, changes, plan.Note{Target: "h1", Text: strings.Repeat("a long note ", 20)})
	for _, width := range []int{80, 160} {
		got := render(t, p, report.Options{Width: width})
		golden(t, fmt.Sprintf("plan-%d.txt", width), got)
		if colored := render(t, p, report.Options{Width: width, Color: true}); uncolored(colored) != got {
			t.Errorf("at %d columns, without its colors it is\n%s\nwant\n%s", width, uncolored(colored), got)
		}
	}
	if render(t, p, report.Options{Width: 10000}) != render(t, p, report.Options{}) {
		t.Error("a very wide terminal shows another plan than a pipe")
	}
}

func uncolored(text string) string {
	for _, code := range []string{"0", "1", "2", "31", "32", "33", "36"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	return text
}

func TestABriefPlan(t *testing.T) {
	var b bytes.Buffer
	if err := report.Plan(&b, build(t, everything, plan.Note{Target: "h1", Text: "apply will refuse"}), report.Options{Brief: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan-brief.txt", b.String())
}
