package converge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// bareHost is a host on which a database server can be installed: its scripts
// answer what they are told to.
type bareHost struct {
	fakeHost
	says map[string]string // by "package" and "service"
	ends map[string]int
	did  []string
}

func (h *bareHost) Run(_ context.Context, _, script string, args []string, _ []byte, line func(string)) (int, string, error) {
	what, known := map[string]string{installScript: "package", serviceScript: "service"}[script]
	if !known {
		return 0, "", errors.New("fake: an unknown script")
	}
	h.did = append(h.did, what+" "+strings.Join(args, " "))
	for l := range strings.Lines(h.says[what]) {
		line(strings.TrimSuffix(l, "\n"))
	}
	return h.ends[what], "stderr of " + what, nil
}

const ourConf = "/etc/mysql/mariadb.conf.d/zz.cnf"

// installing are the changes that bring a server into being, then one of the
// databases that sends the statement.
func installing(t *testing.T, statement string) *plan.Plan {
	t.Helper()
	s := plan.NewState()
	var wants []plan.Want
	for _, w := range []struct {
		ref    plan.Ref
		before plan.Object
		want   plan.Want
	}{
		{ref("db1", plan.KindPackage, "mariadb-server"), &plan.Package{}, plan.Want{After: &plan.Package{Manager: "apt", Name: "mariadb-server", Version: "1:10"}}},
		{ref("db1", plan.KindFile, ourConf), nil, plan.Want{After: &plan.File{Data: []byte("[mysqld]\n")}, During: plan.StageInstall}},
		{ref("db1", plan.KindService, "3306"), &plan.Service{}, plan.Want{After: &plan.Service{Running: true, Flavor: "MariaDB", Port: 3306, Address: "10.0.0.5"}}},
		{ref(plan.Deployment, plan.KindAccount, "appm"), nil, plan.Want{After: &plan.Account{Grants: []plan.Statement{{SQL: statement, Account: "appm@10.0.0.1"}}}}},
	} {
		w.want.Ref = w.ref
		s.Put(w.ref, w.before)
		wants = append(wants, w.want)
	}
	step := plan.Step{Name: "install", For: "db1", Want: func(*plan.State) ([]plan.Want, []plan.Note, error) { return wants, nil, nil }}
	for _, w := range wants {
		step.Needs = append(step.Needs, plan.Need{Ref: w.Ref})
	}
	p, err := plan.Build("test", s, []plan.Step{step})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// install applies the plan; what is needed afterwards is the statement now.
func install(t *testing.T, h *bareHost, now string) (*run.Report, []string) {
	t.Helper()
	if h.files == nil {
		h.files = map[string]string{}
	}
	var events []string
	report := Apply(t.Context(), Deployment{Hosts: map[string]Host{"db1": h}, Events: func(e run.Event) { events = append(events, string(e.Stage)+" "+e.Text) },
		Look: func(context.Context) (*plan.Plan, error) { return installing(t, now), nil }}, installing(t, "CREATE USER a"))
	return report, events
}

func TestAServerIsInstalledInOrderAndLookedAtAgain(t *testing.T) {
	h := &bareHost{says: map[string]string{"package": "Reading package lists...\nSetting up mariadb-server (1:10) ...\r\n", "service": "says /etc/init.d/mariadb restart\nup\n"}}
	report, events := install(t, h, "CREATE USER b")
	if want := []string{"package apt mariadb-server 1:10", "service MariaDB 3306 0500000A 120"}; !slices.Equal(h.did, want) {
		t.Errorf("the host was told %q, want %q", h.did, want)
	}
	if h.files[ourConf] != "[mysqld]\n" {
		t.Errorf("the file holds %q", h.files[ourConf])
	}
	want := []string{"install package mariadb-server by apt", "install Setting up mariadb-server (1:10) ...", "install " + ourConf,
		"install /etc/init.d/mariadb restart", "install the database server listens at port 3306"}
	if !slices.Equal(events, want) {
		t.Errorf("got %q\nwant %q", events, want)
	}
	var e *Error
	if err := report.Err(); !errors.As(err, &e) || e.Cause != Drift || !strings.Contains(e.Text, "account appm needs CREATE USER b; its databases were left alone: plan again") {
		t.Errorf("another server than planned for: got %v", err)
	}
	if o := report.Outcomes[0]; o.Target != "db1" || o.Result != run.Done || o.Made != 3 {
		t.Errorf("db1 came out as %+v, want done with 3 changes", o)
	}
}

func TestWhatStopsAnInstallation(t *testing.T) {
	for _, c := range []struct {
		what  string
		host  *bareHost
		cause Cause
		want  string
		did   int
	}{
		{"the package manager fails", &bareHost{says: map[string]string{"package": strings.Repeat("before\n", 30) + "E: Unmet dependencies.\n"}, ends: map[string]int{"package": 100}},
			Install, "package mariadb-server was not installed: apt ended with 100; correct what it says, then run again; its last lines:\n    before", 1},
		{"it says nothing", &bareHost{ends: map[string]int{"package": 1}}, Install, "its last lines:\n    stderr of package", 1},
		{"somebody was faster", &bareHost{ends: map[string]int{"package": exitThere}}, Drift, "was installed meanwhile", 1},
		{"no root", &bareHost{ends: map[string]int{"package": exitNoRoot}}, Install, "needs root", 1},
		{"the file has come meanwhile", &bareHost{fakeHost: fakeHost{files: map[string]string{ourConf: "x"}}}, Drift, ourConf + " is no longer what the plan saw", 1},
		{"the server does not come up", &bareHost{says: map[string]string{"service": "says service\nfailed nobody listens\nlog InnoDB: no space\n"}, ends: map[string]int{"service": 1}},
			Install, "the database server did not come up: nobody listens; the last lines of its log:\n    InnoDB: no space", 2},
		{"the script on the host is killed", &bareHost{ends: map[string]int{"service": 137}}, Install, "ended with 137: stderr of service", 2},
	} {
		report, _ := install(t, c.host, "CREATE USER a")
		var e *Error
		if err := report.Err(); !errors.As(err, &e) || e.Cause != c.cause || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v\nwant %s and %q", c.what, err, c.cause, c.want)
		} else if len(e.Log) > lastLines {
			t.Errorf("%s: %d lines of the package manager, want %d at most", c.what, len(e.Log), lastLines)
		}
		if len(c.host.did) != c.did {
			t.Errorf("%s: the host was told %q, want %d", c.what, c.host.did, c.did)
		}
		if o := report.Outcomes[len(report.Outcomes)-1]; o.Target != plan.Deployment || o.Result != run.NotStarted {
			t.Errorf("%s: the databases came out as %+v, want not started", c.what, o)
		}
	}
}

// TestWhatIsPlannedForAServerIsComparedWithWhatItNeeds holds what no plan of
// one account shows.
func TestWhatIsPlannedForAServerIsComparedWithWhatItNeeds(t *testing.T) {
	account := func(sql ...string) plan.Change {
		a := &plan.Account{}
		for _, s := range sql {
			a.Grants = append(a.Grants, plan.Statement{SQL: s})
		}
		return plan.Change{Want: plan.Want{Ref: ref(plan.Deployment, plan.KindAccount, "appm"), After: a}}
	}
	schema := func(resume int, sql ...string) plan.Change {
		s := &plan.Schema{Opening: "CREATE DATABASE", Resume: resume}
		for _, text := range sql {
			s.Statements = append(s.Statements, plan.Statement{SQL: text})
		}
		return plan.Change{Want: plan.Want{Ref: ref(plan.Deployment, plan.KindSchema, "AM_DB"), After: s}}
	}
	for _, c := range []struct {
		what    string
		was, is []plan.Change
		want    string
	}{
		{"the same", []plan.Change{schema(0, "a", "b"), account("c")}, []plan.Change{schema(0, "a", "b"), account("c")}, ""},
		{"fewer changes", []plan.Change{schema(0, "a"), account("c")}, []plan.Change{schema(0, "a")}, "account appm needs other changes"},
		{"more changes", []plan.Change{schema(0, "a")}, []plan.Change{schema(0, "a"), account("c")}, "account appm needs a change"},
		{"a statement more", []plan.Change{account("c")}, []plan.Change{account("c", "d")}, "account appm needs d"},
		{"a statement less", []plan.Change{account("c", "d")}, []plan.Change{account("c")}, "account appm does not need d"},
		{"a load that is half done", []plan.Change{schema(0, "a", "b")}, []plan.Change{schema(1, "a", "b")}, "schema AM_DB needs b"},
	} {
		if got := differs(c.was, c.is); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}
