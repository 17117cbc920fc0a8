package steps_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// What must never be shown. The application's password holds what XML, SQL and
// regular expressions treat as their own; the other one is planted wherever a
// fixture has a password that is not ours.
const (
	password      = `appm-S3cret&<>"'\$1`
	administrator = `adm1n-S3cret&<>"'\$1`
	planted       = `Pl4nted&amp;Secret`
)

// world is what the steps see of a deployment, in memory: hosts that carry
// homes as they come out of the zip, and an empty database server.
type world struct {
	inv    inventory.Inventory
	driver steps.Driver
	jar    []byte
	clock  time.Time // hosts and database agree here
	hosts  map[string]*machine
	db     *database
}

type machine struct {
	files   map[string]plan.File
	dirs    map[string]plan.Dir
	unread  map[string]string // why a path cannot be read
	servers map[string]plan.Server
	java    []plan.JDK
	units   map[string]plan.Unit
	homes   map[string]plan.Unpacked // what the state says of them
	systemd bool
	session string // who logs in, root where nobody is named
}

// passwords are the places in the fixtures where somebody's password stands.
var passwords = regexp.MustCompile(`(<\w*[Pp]assword>|name="(?:ConnectionPassword|AuthPass|password)">|"\w*[Pp]assword": ?")[^<"]+([<"])`)

// pack are the files of a fresh home, with passwords of our own in them.
var pack = sync.OnceValues(func() ([]product.File, error) {
	files, err := product.Home{}.Files()
	for i, f := range files {
		files[i].Data = passwords.ReplaceAll(f.Data, []byte("${1}"+planted+"${2}"))
	}
	return files, err
})

func newWorld(t *testing.T, inv inventory.Inventory, driver string) *world {
	t.Helper()
	w := &world{inv: inv, clock: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), hosts: map[string]*machine{}, db: newDatabase()}
	w.jar = product.Driver(driver)
	var err error
	if w.driver, _, err = steps.PickDriver(product.DriverName(driver), w.jar, inv.Driver.Class); err != nil {
		t.Fatal(err)
	}
	files, err := pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range inv.Hosts {
		m := &machine{files: map[string]plan.File{}, dirs: map[string]plan.Dir{}, unread: map[string]string{}, servers: map[string]plan.Server{}, units: map[string]plan.Unit{}, homes: map[string]plan.Unpacked{}, systemd: true,
			java: []plan.JDK{{Home: "/usr/lib/jvm/java-8", Version: "1.8.0_392"}}}
		m.files[h.HostsFile] = w.file([]byte("127.0.0.1\tlocalhost\n"), 0o644, "root")
		w.hosts[h.Name] = m
	}
	for _, n := range inv.Nodes {
		w.unpack(w.hosts[n.Host], n.Home, files)
	}
	return w
}

// unpack makes a fresh home, a day old.
func (w *world) unpack(m *machine, home string, files []product.File) {
	for _, dir := range []string{"", "repository/components/lib", "repository/components/dropins"} {
		m.dirs[path.Join(home, dir)] = plan.Dir{Meta: w.file(nil, 0o755, "appm").Meta}
	}
	for _, f := range files {
		m.files[path.Join(home, f.Path)] = w.file(f.Data, uint32(f.Mode), "appm")
	}
}

func (w *world) file(data []byte, mode uint32, owner string) plan.File {
	return plan.File{Data: data, Meta: plan.Meta{Mode: mode, Owner: owner, Group: owner, Changed: w.clock.Add(-24 * time.Hour)}}
}

// gather answers needs, as a host and a database server would, and nothing else.
func (w *world) gather(needs []plan.Need) *plan.State {
	s := plan.NewState()
	for _, n := range needs {
		m, known := w.hosts[n.Target]
		switch {
		case n.Target == plan.Deployment:
			s.Put(n.Ref, w.object(n.Ref))
		case !known:
		case m.unread[n.Path] != "":
			s.PutError(n.Ref, &plan.Error{Cause: plan.Unread, Ref: n.Ref, Text: m.unread[n.Path]})
		case n.Kind == plan.KindListing:
			listing := &plan.Listing{}
			for _, name := range slices.Sorted(maps.Keys(m.files)) {
				if match, _ := path.Match(n.Path, name); match {
					ref := plan.Ref{Target: n.Target, Kind: plan.KindBlob, Path: name}
					listing.Matches = append(listing.Matches, ref)
					s.Put(ref, m.object(ref, w.clock))
				}
			}
			s.Put(n.Ref, listing)
		default:
			s.Put(n.Ref, m.object(n.Ref, w.clock))
		}
	}
	return s
}

// object is a resource of a host; nil where there is none.
func (m *machine) object(r plan.Ref, now time.Time) plan.Object {
	f, isFile := m.files[r.Path]
	switch r.Kind {
	case plan.KindServer:
		server := m.servers[r.Path]
		if server.Running {
			server.Age = now.Sub(server.Started)
		}
		return &server
	case plan.KindJava:
		return &plan.Java{Homes: m.java}
	case plan.KindUnit:
		unit := m.units[r.Path]
		unit.Systemd, unit.Root = m.systemd, m.session == ""
		return &unit
	case plan.KindUnpacked:
		home := m.homes[r.Path]
		if _, is := m.dirs[r.Path]; is || home.Left {
			return &home
		}
	case plan.KindDir:
		if d, is := m.dirs[r.Path]; is {
			return &d
		}
	case plan.KindFile:
		if isFile {
			f.Data = bytes.Clone(f.Data)
			return &f
		}
	case plan.KindBlob:
		if isFile {
			return &plan.Blob{Meta: f.Meta, Size: int64(len(f.Data)), SHA256: digest(f.Data)}
		}
	}
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// print is everything in the world, for comparing.
func (w *world) print() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.hosts)) {
		m := w.hosts[name]
		for _, f := range slices.Sorted(maps.Keys(m.files)) {
			fmt.Fprintf(&b, "%s %s %s %+v\n", name, f, digest(m.files[f].Data), m.files[f].Meta)
		}
		fmt.Fprintf(&b, "%s %+v %+v\n", name, m.servers, m.units)
	}
	return b.String() + w.db.print()
}

// apply makes a plan's changes, and lets a minute pass before the servers start.
func (w *world) apply(p *plan.Plan) error {
	w.clock = w.clock.Add(time.Minute)
	var errs []error
	for _, stage := range []plan.Stage{plan.StageStop, plan.StageDatabases, plan.StageFiles, plan.StageRestart, plan.StageRemove} {
		for _, c := range p.At(stage) {
			errs = append(errs, w.make(c))
		}
		w.clock = w.clock.Add(time.Minute)
	}
	return errors.Join(errs...)
}

func (w *world) make(c plan.Change) error {
	m := w.hosts[c.Ref.Target]
	if c.Ref.Target != plan.Deployment && c.Ref.Kind == plan.KindUnpacked {
		return m.takeHome(c)
	}
	if c.Ref.Target == plan.Deployment {
		return w.db.make(c, w.inv, w.clock)
	}
	switch after := c.After.(type) {
	case nil:
		delete(m.files, c.Ref.Path)
		w.touch(m, path.Dir(c.Ref.Path))
		m.rewritten(c.Ref.Path)
	case *plan.File:
		m.put(c.Ref.Path, after.Data, after.Meta, w.clock)
		m.rewritten(c.Ref.Path)
	case *plan.Blob:
		if after.SHA256 != w.driver.SHA256 {
			return fmt.Errorf("%s: nothing here has the sha256 %s", c.Ref, after.SHA256)
		}
		m.put(c.Ref.Path, w.jar, after.Meta, w.clock)
		w.touch(m, path.Dir(c.Ref.Path))
	case *plan.Server:
		m.servers[c.Ref.Path] = plan.Server{Running: after.Running, PID: 4711, Started: w.clock}
		if after.Running && after.Start.Unit != "" {
			return m.startUnit(c.Ref.Path, after.Start.Unit, w.clock)
		}
		if after.Running && after.Start.JavaHome == "" {
			return fmt.Errorf("%s: started without a JAVA_HOME", c.Ref)
		}
	case *plan.Unit:
		u := m.units[c.Ref.Path]
		u.Enabled, u.Stale = after.Enabled, u.Stale && !after.Reload
		m.units[c.Ref.Path] = u
	default:
		return fmt.Errorf("%s: %T cannot be made", c.Ref, c.After)
	}
	return nil
}

// takeHome removes a home that is ours, or what is left of one.
func (m *machine) takeHome(c plan.Change) error {
	home := m.homes[c.Ref.Path]
	if server := m.servers[c.Ref.Path]; server.Running {
		return fmt.Errorf("%s: its server runs", c.Ref)
	}
	if !home.Ours && !home.Left || c.After != nil {
		return fmt.Errorf("%s: is not ours to remove", c.Ref)
	}
	if home.Ours {
		m.empty(c.Ref.Path)
	}
	delete(m.homes, c.Ref.Path)
	return nil
}

func (m *machine) empty(home string) {
	for name := range m.files {
		if strings.HasPrefix(name, home+"/") {
			delete(m.files, name)
		}
	}
	for name := range m.dirs {
		if name == home || strings.HasPrefix(name, home+"/") {
			delete(m.dirs, name)
		}
	}
}

// rewritten: systemd still holds the old text of a unit.
func (m *machine) rewritten(name string) {
	if unit, is := strings.CutPrefix(name, "/etc/systemd/system/"); is {
		u := m.units[unit]
		u.Stale = true
		m.units[unit] = u
	}
}

// startUnit starts a server as systemd does, by the text that it has read.
func (m *machine) startUnit(home, unit string, now time.Time) error {
	if m.units[unit].Stale {
		return fmt.Errorf("%s: systemd starts it by an old text", unit)
	}
	if _, is := m.files["/etc/systemd/system/"+unit]; !is {
		return fmt.Errorf("%s: there is no such unit", unit)
	}
	m.servers[home] = plan.Server{Running: true, PID: 4711, Started: now, Unit: unit}
	return nil
}

// put writes a file as converge does: what the plan does not say stays as it was.
func (m *machine) put(name string, data []byte, meta plan.Meta, now time.Time) {
	f, was := m.files[name]
	if !was {
		f.Meta = plan.Meta{Mode: 0o644, Owner: "appm", Group: "appm"}
	}
	if meta.Mode != 0 {
		f.Mode = meta.Mode
	}
	if meta.Owner != "" {
		f.Owner, f.Group = meta.Owner, meta.Group
	}
	f.Data, f.Changed = bytes.Clone(data), now
	m.files[name] = f
}

func (w *world) touch(m *machine, dir string) {
	if d, is := m.dirs[dir]; is {
		d.Changed = w.clock
		m.dirs[dir] = d
	}
}
