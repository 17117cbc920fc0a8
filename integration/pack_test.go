package integration_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/product"
)

// packed are the forms of the lab whose homes come out of a pack.
var packed = []deployment{
	{name: "embedded"},
	{name: "OpenSSH and MariaDB", real: true, stock: true},
}

// bare takes the homes away and gives the inventory a pack. It returns the pack's
// bytes.
func bare(t *testing.T, w *world) []byte {
	t.Helper()
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			if err := os.RemoveAll(h.Path(n.Home)); err != nil {
				t.Fatal(err)
			}
		}
	}
	data, err := w.Options.Product.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, product.PackRoot+".zip"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	w.inventory = w.vary(t, "[product]\n", "[pack]\nfile = \""+filepath.Join(w.Dir, product.PackRoot+".zip")+"\"\n\n[product]\nservice_user = \""+serviceUser(w)+"\"\n")
	return data
}

func serviceUser(w *world) string {
	if w.Form == "real" {
		return "wso2"
	}
	return w.User
}

// TestPack is the life of a deployment that begins with bare hosts.
func TestPack(t *testing.T) {
	t.Parallel()
	over(t, packed, func(t *testing.T, w *world) {
		data := bare(t, w)
		planned := map[string]map[string]plannedFile{}
		for _, s := range []struct {
			name string
			run  func(*testing.T, *world)
		}{
			{"a plan on bare hosts changes nothing", func(t *testing.T, w *world) { planned = barePlan(t, w) }},
			{"apply makes what was planned, byte for byte", func(t *testing.T, w *world) { bareApply(t, w, data, planned) }},
			{"then nothing is to do, for one connection and one exec a host", converged},
			{"a rollback says that the homes stay", bareRollback},
		} {
			if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
				t.Fatal("the rest builds on this")
			}
		}
	})
}

// plannedFile is what a plan says of a file.
type plannedFile struct {
	text *string // with (secret) for each secret; nil: a blob, or to be removed
	sum  string
	mode string
}

// files of a plan, by host and path.
func plannedFiles(t *testing.T, out string) map[string]map[string]plannedFile {
	t.Helper()
	var doc struct {
		Changes []struct {
			Target, Kind, Path string
			After              *struct {
				File *struct {
					Text *string
					Mode string
				}
				Blob *struct{ SHA256, Mode string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]plannedFile{}
	for _, c := range doc.Changes {
		if all[c.Target] == nil {
			all[c.Target] = map[string]plannedFile{}
		}
		switch {
		case c.After == nil:
		case c.After.File != nil:
			all[c.Target][c.Path] = plannedFile{text: c.After.File.Text, mode: c.After.File.Mode}
		case c.After.Blob != nil:
			all[c.Target][c.Path] = plannedFile{sum: c.After.Blob.SHA256, mode: c.After.Blob.Mode}
		}
	}
	return all
}

func barePlan(t *testing.T, w *world) map[string]map[string]plannedFile {
	before := w.bareFiles(t)
	r := w.want(t, 0, "plan")
	_, n := w.node(t, "publisher")
	for _, want := range []string{
		"+ " + n.Home + ": unpack wso2appm-1.2.0.zip", "uploaded", "~ " + n.Home + "/repository/conf/registry.xml", "> start ", "Plan: ",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, r.out)
		}
	}
	planned := plannedFiles(t, w.want(t, 0, "plan", "--json", "-v").out)
	w.unchanged(t, before, "a plan")
	return planned
}

// bareFiles are all files of the hosts, of which there are few where homes are not.
func (w *world) bareFiles(t *testing.T) map[string]lab.Tree {
	t.Helper()
	all := map[string]lab.Tree{}
	for _, h := range w.Hosts {
		tree, err := h.HashTree(lab.Volatile...)
		if err != nil || len(tree) < 3 {
			t.Fatalf("%s: %d files were looked at (%v)", h.Name, len(tree), err)
		}
		all[h.Name] = tree
	}
	return all
}

func (w *world) unchanged(t *testing.T, before map[string]lab.Tree, what string) {
	t.Helper()
	now := w.bareFiles(t)
	for _, h := range w.Hosts {
		if d := before[h.Name].Diff(now[h.Name]); len(d) > 0 {
			t.Errorf("%s changed files on %s:\n%s", what, h.Name, strings.Join(d, "\n"))
		}
	}
}

func bareApply(t *testing.T, w *world, data []byte, planned map[string]map[string]plannedFile) {
	saved := filepath.Join(t.TempDir(), "bare.plan")
	w.want(t, 0, "plan", "--out", saved)
	_, n := w.node(t, "idp")
	if r := w.want(t, 0, "check", "-v"); !strings.Contains(r.out, n.Home+" is to be unpacked") || strings.Contains(r.out, "home: "+n.Home+"\n") {
		t.Errorf("check does not say that homes are to be unpacked:\n%s", r.out)
	}
	if r := w.run(t, "status"); strings.Contains(r.out, product.Version+" ") && strings.Contains(r.out, "idp1      idp        idp1    1.2.0") {
		t.Errorf("status knows the version of what is not there:\n%s", r.out)
	}
	r := w.want(t, 0, "apply", saved, "--yes")
	if !strings.Contains(r.err, "unpack    ") {
		t.Errorf("apply does not tell of unpacking:\n%s", r.err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			w.server(t, h)
			asPlanned(t, h, n, z, planned[h.Name])
			noTraces(t, h, n)
		}
	}
}

// asPlanned compares every file that the pack or the plan has with what is there.
func asPlanned(t *testing.T, h *lab.Host, n lab.Node, z *zip.Reader, planned map[string]plannedFile) {
	t.Helper()
	files := 0
	for _, f := range z.File {
		rel := strings.TrimPrefix(f.Name, product.PackRoot+"/")
		at := path.Join(n.Home, rel)
		info, err := os.Lstat(h.Path(at))
		if err != nil {
			t.Errorf("%s: %v", h.Name, err)
			continue
		}
		if volatile(rel) {
			continue
		}
		if info.Mode() != f.Mode() && !strings.HasSuffix(rel, ".xml") || info.Mode().Perm() != f.Mode().Perm() {
			t.Errorf("%s: %s has mode %v, want %v", h.Name, at, info.Mode(), f.Mode())
		}
		if _, changes := planned[at]; changes || f.Mode().IsDir() {
			continue
		}
		files++
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(from)
		got, errGot := os.ReadFile(h.Path(at))
		if err != nil || errGot != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s is not as in the pack (%v %v)", h.Name, at, err, errGot)
		}
	}
	changed := 0
	for at, want := range planned {
		if want.text == nil || !strings.HasPrefix(at, n.Home+"/") {
			continue
		}
		changed++
		got, err := os.ReadFile(h.Path(at))
		text := strings.ReplaceAll(regexp.QuoteMeta(*want.text), regexp.QuoteMeta("(secret)"), "[^\n]*?")
		if err != nil || !regexp.MustCompile(`\A`+text+`\z`).Match(got) {
			t.Errorf("%s: %s is not as planned (%v)", h.Name, at, err)
		}
	}
	if files < 10 || changed < 2 {
		t.Errorf("%s: only %d files of the pack and %d of the plan were compared", h.Name, files, changed)
	}
}

// volatile are files that a server writes itself.
func volatile(rel string) bool {
	for _, prefix := range []string{"repository/logs", "repository/components/dropins", "repository/database", "tmp", "wso2carbon.pid"} {
		if strings.HasPrefix(rel, prefix) {
			return true
		}
	}
	return false
}

// noTraces: nothing is left beside a home, and nobody but its owner may write in
// it.
func noTraces(t *testing.T, h *lab.Host, n lab.Node) {
	t.Helper()
	beside, err := os.ReadDir(filepath.Dir(h.Path(n.Home)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range beside {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s: %s lies beside %s", h.Name, e.Name(), n.Home)
		}
	}
	home, err := os.Stat(h.Path(n.Home))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(h.Path(n.Home), func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && (ownerOf(info) != ownerOf(home) || info.Mode().Perm()&0o002 != 0) {
			return fmt.Errorf("%s belongs to %s and has mode %v, the home to %s", file, ownerOf(info), info.Mode(), ownerOf(home))
		}
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", h.Name, err)
	}
}

func bareRollback(t *testing.T, w *world) {
	_, n := w.node(t, "store")
	r := w.want(t, 0, "rollback", w.lastRun(t), "--dry-run")
	if !strings.Contains(r.out, "not taken back: the home "+n.Home+" stays") {
		t.Errorf("the way back does not say that the home stays:\n%s", r.out)
	}
}
