package steps_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Dates that a host's clock has not reached yet say nothing about what its
// server has loaded, and no restart can change that.
func TestAClockThatWasSetBackIsNamed(t *testing.T) {
	for ahead, want := range map[time.Duration]bool{time.Second: false, time.Hour: true} {
		w := newWorld(t, parse(t, "name = \"test\"\n=>\nname = \"test\"\nwiring = { host_names = false }"), "5.1.49") // carbon.xml stays
		n, _ := w.inv.Node("idp1")
		m := w.hosts[n.Host]
		m.servers[n.Home] = plan.Server{Running: true, Started: w.clock}
		name := n.Home + "/repository/conf/carbon.xml"
		f := m.files[name]
		f.Changed = w.clock.Add(ahead)
		m.files[name] = f
		sel, err := w.inv.Select([]string{"idp1"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.build(w.list(sel))
		if err != nil {
			t.Fatal(err)
		}
		list := p.At(plan.StageRestart)
		if len(list) != 1 || strings.Contains(list[0].Why, "which was set back") != want {
			t.Errorf("a file whose date is ahead by %s: got %+v, want the clock named: %v", ahead, list, want)
		}
	}
}
