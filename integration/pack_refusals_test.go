package integration_test

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
)

// packRefusals are what must end before anything is changed on any host.
var packRefusals = []refusal{
	{name: "no zip", code: 3, want: []string{"pack: ", "no such file", "pack.file"}, make: packOf(func([]byte) []byte { return nil })},
	{name: "a truncated zip", code: 3, want: []string{"pack: ", "wso2appm-1.2.0.zip", "is cut off"}, make: packOf(func(d []byte) []byte { return d[:len(d)*2/3] })},
	{name: "what is no zip", code: 3, want: []string{"is no zip"}, make: packOf(func([]byte) []byte { return []byte("<html>404</html>") })},
	{name: "a wrong sha256", code: 3, want: []string{"has sha256 ", "the inventory says abab"}, make: wrongSum},
	{name: "the zip of another product", code: 3, want: []string{"is a pack of something else", "wso2am-1.10.0"}, make: packOf(renamed("wso2appm-1.2.0", "wso2am-1.10.0"))},
	{name: "the zip of another version", code: 3, want: []string{"is App Manager 1.1.0", "knows 1.2.0"}, make: packOf(otherRelease)},
	{name: "a zip that leads out", code: 3, want: []string{"leads out of it"}, make: packOf(renamed("wso2appm-1.2.0/tmp/", "wso2appm-1.2.0/../"))},
	{name: "a home with something else in it", code: 15, want: []string{"pub1: ", "holds no App Manager", "nothing is unpacked over it"}, not: []string{"gw1: "}, make: foreignHome},
	{name: "a home that is a file", code: 14, want: []string{"pub1: ", "is a file, not a directory"}, make: fileHome},
	{name: "a home of another version", code: 15, want: []string{"pub1: ", "1.1.0", "1.2.0"}, make: oldHome},
	{name: "a user that is not there", real: true, code: 14, want: []string{"idp1: ", "user nobody2: there is no such user", "create_user = true"}, make: noUser},
	{name: "no word of whom homes shall belong to", real: true, code: 3, want: []string{"host idp1: ", "service_user"}, make: noOwner},
}

func TestPackRefusals(t *testing.T) {
	t.Parallel()
	over(t, packed, func(t *testing.T, w *world) {
		data := bare(t, w)
		for _, r := range packRefusals {
			if r.real && w.Form != "real" {
				continue
			}
			t.Run(r.name, func(t *testing.T) {
				if err := os.WriteFile(packFile(w), data, 0o600); err != nil {
					t.Fatal(err)
				}
				inventory := r.make(t, w)
				before := w.bareFiles(t)
				for _, args := range [][]string{{"plan"}, {"apply", "--yes"}} {
					got := w.runOn(t, inventory, args...)
					if got.code != r.code || got.out != "" {
						t.Errorf("%v ended with %d, want %d: %s%s", args, got.code, r.code, got.out, got.err)
					}
					for _, text := range r.want {
						if !strings.Contains(got.err, text) {
							t.Errorf("%v does not say %q: %s", args, text, got.err)
						}
					}
					for _, text := range r.not {
						if strings.Contains(got.err, text) {
							t.Errorf("%v says %q: %s", args, text, got.err)
						}
					}
				}
				w.unchanged(t, before, "a refused run")
			})
		}
		if w.Form == "real" {
			t.Run("no space", func(t *testing.T) { noSpace(t, w, data) })
		}
	})
}

func packFile(w *world) string { return filepath.Join(w.Dir, product.PackRoot+".zip") }

// packOf is the lab's inventory with another zip; nil removes it.
func packOf(change func([]byte) []byte) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		data, err := os.ReadFile(packFile(w))
		if err != nil {
			t.Fatal(err)
		}
		if data = change(data); data == nil {
			err = os.Remove(packFile(w))
		} else {
			err = os.WriteFile(packFile(w), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return w.inventory
	}
}

// renamed puts another text into all names of a zip.
func renamed(from, to string) func([]byte) []byte {
	return rezipped(func(name string, text []byte) (string, []byte) { return strings.Replace(name, from, to, 1), text })
}

func rezipped(change func(name string, text []byte) (string, []byte)) func([]byte) []byte {
	return func(data []byte) []byte {
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			panic(err)
		}
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, f := range r.File {
			from, err := f.Open()
			if err != nil {
				panic(err)
			}
			var text bytes.Buffer
			if _, err := text.ReadFrom(from); err != nil {
				panic(err)
			}
			name, out := change(f.Name, text.Bytes())
			head := &zip.FileHeader{Name: name, Method: f.Method}
			head.SetMode(f.Mode())
			to, err := w.CreateHeader(head)
			if err == nil && len(out) > 0 {
				_, err = to.Write(out)
			}
			if err != nil {
				panic(err)
			}
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
}

func otherRelease(data []byte) []byte {
	return rezipped(func(name string, text []byte) (string, []byte) {
		if strings.HasSuffix(name, "/carbon.xml") {
			text = bytes.Replace(text, []byte("<Version>1.2.0</Version>"), []byte("<Version>1.1.0</Version>"), 1)
		}
		return name, text
	})(data)
}

func wrongSum(t *testing.T, w *world) string {
	return w.vary(t, "[pack]\n", "[pack]\nsha256 = \""+strings.Repeat("ab", 32)+"\"\n")
}

// homeWith makes the Publisher's home, with one file in it.
func homeWith(t *testing.T, w *world, file, text string) string {
	t.Helper()
	h, n := w.node(t, "publisher")
	at := h.Path(n.Home + "/" + file)
	t.Cleanup(func() { os.RemoveAll(h.Path(n.Home)) })
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	giveTo(t, w, h.Path(n.Home))
	return w.inventory
}

// giveTo gives a tree of a real host to the service user.
func giveTo(t *testing.T, w *world, root string) {
	t.Helper()
	if w.Form != "real" {
		return
	}
	err := filepath.WalkDir(root, func(file string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(file, 2002, 2002)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func foreignHome(t *testing.T, w *world) string { return homeWith(t, w, "precious.txt", "mine") }

func fileHome(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	t.Cleanup(func() { os.RemoveAll(h.Path(n.Home)) })
	if err := os.WriteFile(h.Path(n.Home), []byte("a file"), 0o644); err != nil {
		t.Fatal(err)
	}
	return w.inventory
}

func oldHome(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	homeWith(t, w, "precious.txt", "mine")
	if err := w.Options.Product.Write(h.Path(n.Home)); err != nil {
		t.Fatal(err)
	}
	giveTo(t, w, h.Path(n.Home))
	replace(t, h, n.Home+"/"+conf+"carbon.xml", "<Version>1.2.0</Version>", "<Version>1.1.0</Version>")
	return w.inventory
}

func noUser(t *testing.T, w *world) string {
	return w.vary(t, "service_user = \"wso2\"", "service_user = \"nobody2\"")
}

func noOwner(t *testing.T, w *world) string { return w.vary(t, "service_user = \"wso2\"\n", "") }

// noSpace: the plan is right all the same, so it is shown, and says that an apply
// will not begin.
func noSpace(t *testing.T, w *world, data []byte) {
	if err := os.WriteFile(packFile(w), data, 0o600); err != nil {
		t.Fatal(err)
	}
	h, n := w.node(t, "publisher")
	if _, err := h.Exec(t.Context(), "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", filepath.Dir(n.Home)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := h.Exec(context.WithoutCancel(t.Context()), "umount", filepath.Dir(n.Home)); err != nil {
			t.Error(err)
		}
	})
	before := w.bareFiles(t)
	if r := w.want(t, 0, "plan"); !strings.Contains(r.out, "apply will refuse: space: only 64 KB are free for "+filepath.Dir(n.Home)) {
		t.Errorf("the plan does not tell of the space:\n%s", r.out)
	}
	for _, args := range [][]string{{"apply", "--yes"}, {"check"}} {
		if r := w.want(t, 14, args...); !strings.Contains(r.out+r.err, "only 64 KB are free") || strings.Contains(r.err, "upload") {
			t.Errorf("%v does not tell of the space:\n%s%s", args, r.out, r.err)
		}
	}
	w.unchanged(t, before, "a refused run")
}
