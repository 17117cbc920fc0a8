package integration_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// TestUnits: a host whose first process is a real systemd, and servers that it
// starts.
func TestUnits(t *testing.T) {
	t.Parallel()
	why := deployment{real: true}.left()
	if why == "" {
		why = lab.NoSystemd()
	}
	if why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := upSystemd(t)
	before := w.bareTrees(t)
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"a plan shows the units, and nothing changes", plannedUnits},
		{"apply brings the servers up in their units", appliedUnits},
		{"and they come up with their host", rebootedUnits},
		{"what somebody changes about a unit is shown and healed", driftedUnits},
		{"a server beside its unit is brought into it", besideUnit},
		{"a run that was broken off after it wrote a unit heals", unreadUnit},
		{"a server that is stopped on purpose does not come up with its host", stoppedUnit},
		{"a unit is taken out of use, and that is taken back", withoutUnits},
		{"and the host is as bare as it was, once all is taken away", func(t *testing.T, w *world) { unitsOut(t, w, before) }},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
			t.Fatal("the rest builds on this")
		}
	}
}

const (
	unitsDir = "/etc/systemd/system/"
	idpUnit  = "appm-lab-all1-idp.service"
	pubUnit  = "appm-lab-all1-publisher.service"
)

// upSystemd is a lab of two nodes on a bare host that systemd runs.
func upSystemd(t *testing.T) *world {
	t.Helper()
	return upPartial(t, lab.Options{
		Layout: []lab.HostSpec{{Name: "all1", Nodes: []lab.NodeSpec{{Role: "idp"}, {Role: "publisher"}}}}, Systemd: "all1", Pack: true,
	}, "service = \"systemd\"\n")
}

// ask is one property of a unit, as the host's systemd tells it.
func (w *world) ask(t *testing.T, unit, property string) string {
	t.Helper()
	out, err := w.Host("all1").Systemctl(t.Context(), "show", "--value", "-p", property, unit)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inUnits fails unless both servers run, each in its unit.
func (w *world) inUnits(t *testing.T) {
	t.Helper()
	list, err := w.Host("all1").Servers()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d servers run, want 2: %v", len(list), err)
	}
	for _, s := range list {
		unit := idpUnit
		if strings.Contains(s.Home, "publisher") {
			unit = pubUnit
		}
		group, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", s.PID))
		if err != nil || !strings.Contains(string(group), "/"+unit+"\n") {
			t.Errorf("the server of %s is in %s, want %s: %v", s.Home, group, unit, err)
		}
	}
	for _, unit := range []string{idpUnit, pubUnit} {
		for property, want := range map[string]string{"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no", "User": "wso2"} {
			if got := w.ask(t, unit, property); got != want {
				t.Errorf("%s of %s is %s, want %s", property, unit, got, want)
			}
		}
	}
}

func plannedUnits(t *testing.T, w *world) {
	before := w.bareTrees(t)
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	w.says(t, plan, "+ "+unitsDir+idpUnit, "enable unit "+pubUnit, "User=wso2", "ExecStart=/bin/sh "+w.Host("all1").Nodes[0].Home+"/bin/wso2server.sh",
		"After=network-online.target "+idpUnit, "start all1-idp, by "+idpUnit+": not running")
	w.equal(t, before, w.bareTrees(t), "a plan")
}

func appliedUnits(t *testing.T, w *world) {
	planned := w.planAgain(t)
	r := w.want(t, 0, "apply", "--yes")
	if !strings.HasPrefix(r.out, planned) {
		t.Error("apply does not begin with the plan that plan printed")
	}
	w.inUnits(t)
	if got := w.ask(t, pubUnit, "After"); !strings.Contains(got, idpUnit) || !strings.Contains(got, "network-online.target") {
		t.Errorf("%s comes after %s", pubUnit, got)
	}
	if out, err := w.Host("all1").Exec(t.Context(), "systemd-analyze", "verify", unitsDir+idpUnit, unitsDir+pubUnit); err != nil {
		t.Errorf("systemd does not like the units: %s%v", out, err)
	}
	w.converged(t)
}

// rebootedUnits: the pid files in the homes name processes that are gone, and
// other processes may have their numbers by now.
func rebootedUnits(t *testing.T, w *world) {
	h := w.Host("all1")
	for _, n := range h.Nodes {
		if _, err := os.Stat(h.Path(n.Home + "/wso2carbon.pid")); err != nil {
			t.Errorf("no pid file is left to be mistaken: %v", err)
		}
	}
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.await(t, 2)
	w.inUnits(t)
	w.converged(t)
}

// await waits until as many servers run and all of them say that they are up.
func (w *world) await(t *testing.T, servers int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		list, err := w.Host("all1").Servers()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == servers && w.run(t, "status").code == 0 {
			return
		}
		if time.Now().After(end) {
			out, _ := w.Host("all1").Systemctl(t.Context(), "status", "--no-pager", idpUnit, pubUnit)
			t.Fatalf("%d servers run, want %d\n%s\n%s", len(list), servers, out, w.run(t, "status").out)
		}
	}
}

func driftedUnits(t *testing.T, w *world) {
	h := w.Host("all1")
	for _, c := range []struct {
		what string
		do   func() error
		want []string
	}{
		{"an edit", func() error { return rewrite(h.Path(unitsDir+idpUnit), "TimeoutStopSec=120", "TimeoutStopSec=5") },
			[]string{"- TimeoutStopSec=5", "reload unit " + idpUnit + ": its file changes with this plan", "restart all1-idp, by " + idpUnit, idpUnit + " changes with this plan"}},
		{"disabling", func() error { _, err := h.Systemctl(t.Context(), "disable", pubUnit); return err },
			[]string{"enable unit " + pubUnit + ": starts with the host", "Plan: 1 to change;"}},
		{"a stop", func() error { _, err := h.Systemctl(t.Context(), "stop", pubUnit); return err },
			[]string{"start all1-publisher, by " + pubUnit + ": not running", "Plan: 1 to start;"}},
		{"another mode", func() error { return os.Chmod(h.Path(unitsDir+idpUnit), 0o666) },
			[]string{"mode 0666 to 0644", "reload unit"}},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		plan := w.want(t, 2, "plan", "--detailed-exitcode").out
		w.says(t, plan, c.want...)
		w.want(t, 0, "apply", "--yes")
		w.inUnits(t)
		w.converged(t)
	}
}

func rewrite(file, old, now string) error {
	data, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(data), old) {
		return fmt.Errorf("%s holds no %q: %v", file, old, err)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(data), old, now, 1)), 0o644)
}

// besideUnit: somebody stops the unit and starts the server by hand.
func besideUnit(t *testing.T, w *world) {
	h := w.Host("all1")
	if _, err := h.Systemctl(t.Context(), "stop", idpUnit); err != nil {
		t.Fatal(err)
	}
	w.startByHand(t, h, h.Nodes[0])
	w.await(t, 2)
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	w.says(t, plan, "restart all1-idp, by "+idpUnit+": runs beside its unit", "Plan: 1 to restart;")
	w.want(t, 0, "apply", "--yes")
	w.inUnits(t)
	w.converged(t)
}

func unreadUnit(t *testing.T, w *world) {
	h := w.Host("all1")
	file := h.Path(unitsDir + pubUnit)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // the date is what tells systemd
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	w.says(t, plan, "reload unit "+pubUnit+": its file has changed since systemd read it", "restart all1-publisher, by "+pubUnit+": "+pubUnit+" changed after the server started")
	w.want(t, 0, "apply", "--yes")
	w.inUnits(t)
	w.converged(t)
}

func stoppedUnit(t *testing.T, w *world) {
	h := w.Host("all1")
	stopped := w.vary(t, `role = "publisher",`, `role = "publisher", running = false,`)
	r := w.runOn(t, stopped, "apply", "--yes")
	if r.code != 0 {
		t.Fatal(r.out, r.err)
	}
	w.says(t, r.out, "disable unit "+pubUnit, "stop all1-publisher")
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.await(t, 1)
	if got := w.ask(t, pubUnit, "ActiveState"); got != "inactive" {
		t.Errorf("%s is %s after the reboot", pubUnit, got)
	}
	w.want(t, 0, "apply", "--yes")
	w.inUnits(t)
}

func withoutUnits(t *testing.T, w *world) {
	h := w.Host("all1")
	none := w.vary(t, `service = "systemd"`, `service = "none"`)
	r := w.runOn(t, none, "apply", "--yes")
	if r.code != 0 {
		t.Fatal(r.out, r.err)
	}
	w.says(t, r.out, "- "+unitsDir+idpUnit, "disable unit "+pubUnit, "restart all1-idp: runs in a unit that shall not be")
	for _, unit := range []string{idpUnit, pubUnit} {
		if got := w.ask(t, unit, "LoadState"); got != "not-found" {
			t.Errorf("%s is %s", unit, got)
		}
		for _, file := range []string{unitsDir + unit, unitsDir + "multi-user.target.wants/" + unit} {
			if _, err := os.Lstat(h.Path(file)); err == nil {
				t.Errorf("%s is still there", file)
			}
		}
	}
	if again := w.runOn(t, none, "plan"); !strings.Contains(again.out, "No changes.") {
		t.Errorf("there is more to do:\n%s", again.out)
	}
	w.want(t, 0, "rollback", w.lastRun(t), "--yes")
	w.inUnits(t)
	w.converged(t)
}

func unitsOut(t *testing.T, w *world, before sight) {
	r := w.want(t, 0, "destroy", "--yes")
	w.says(t, r.out, "- "+unitsDir+idpUnit, "- home "+w.Host("all1").Nodes[0].Home)
	w.says(t, r.err, "systemctl stop --no-block -- "+pubUnit)
	if got := w.ask(t, pubUnit, "LoadState"); got != "not-found" {
		t.Errorf("%s is %s", pubUnit, got)
	}
	w.says(t, w.want(t, 0, "destroy", "--yes").out, "No changes.")
	w.equal(t, before, w.bareTrees(t), "units that came and went")
}
