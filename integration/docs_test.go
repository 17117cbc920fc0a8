package integration_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/appm-provision/appm-provision/integration/docs"
	"github.com/appm-provision/appm-provision/integration/lab"
)

// allPages are what people read; the commands' reference is made of the program.
func allPages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, where := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md"} {
		files, err := filepath.Glob(where)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, files...)
	}
	if len(list) < 20 {
		t.Fatalf("only %d pages were found", len(list))
	}
	return list
}

// TestDocs runs what the pages tell their readers to run, each page over a fresh
// embedded lab of its own, and holds what they show to what is printed. The tutorial has a test of its own.
func TestDocs(t *testing.T) {
	t.Parallel()
	for _, file := range allPages(t) {
		if filepath.Base(file) == "tutorial.md" {
			continue
		}
		blocks, err := docs.Blocks(file)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(blocks, func(b docs.Block) bool { return runnable(b) || b.Lang == "toml" }) {
			t.Run(strings.TrimPrefix(filepath.ToSlash(file), "../"), func(t *testing.T) { newReader(t, blocks, layouts[filepath.Base(file)]).read(t) })
		}
	}
}

// TestEveryCommandIsRunnable: commands stand in blocks that say so, and one that
// is not run says why.
func TestEveryCommandIsRunnable(t *testing.T) {
	for _, file := range allPages(t) {
		if filepath.Base(file) == "commands.md" {
			continue // made from the program, whose tests run the examples
		}
		blocks, err := docs.Blocks(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			if why, is := strings.CutPrefix(b.Mark, "not run:"); is && len(strings.Fields(why)) < 3 {
				t.Errorf("%s:%d is not run and does not say why", b.Page, b.Line)
			}
			if b.Lang == "" && commandLike(b.Text) {
				t.Errorf("%s:%d holds a command in a block that is neither sh nor console", b.Page, b.Line)
			}
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(src)) {
			if text, is := strings.CutPrefix(line, "    "); is && commandLike(text) && !strings.Contains(text, ": ") {
				t.Errorf("%s holds a command outside of a block that can be run: %s", file, text)
			}
		}
	}
}

func commandLike(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return slices.Contains([]string{"$", "appm-provision", "bin/appm-provision", "make", "go", "curl", "git"}, first)
}

func runnable(b docs.Block) bool {
	return (b.Lang == "sh" || b.Lang == "console") && !strings.HasPrefix(b.Mark, "not run:")
}

// reader does what a page says, in a folder with the lab's inventory in it.
type reader struct {
	blocks []docs.Block
	w      *world
	dir    string
	hide   []string // pairs: what a page shows in place of the lab's own
}

// layouts are the hosts of pages that need others than the ordinary ones.
var layouts = map[string][]lab.HostSpec{
	"several-nodes.md": {
		{Name: "idp1", Nodes: []lab.NodeSpec{{Role: "idp"}}},
		{Name: "gw1", Nodes: []lab.NodeSpec{{Role: "gateway"}}},
		{Name: "pub1", Nodes: []lab.NodeSpec{{Role: "publisher"}, {Role: "store"}}},
	},
}

func newReader(t *testing.T, blocks []docs.Block, hosts []lab.HostSpec) *reader {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-docs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &reader{blocks: blocks, dir: dir}
	if slices.ContainsFunc(blocks, runnable) {
		r.w = up(t, deployment{hosts: hosts})
		src, err := os.ReadFile(r.w.inventory)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "inventory.toml"), src, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, h := range r.w.Hosts {
			r.hide = append(r.hide, h.Root, "")
		}
		r.hide = append(r.hide, r.w.Dir, "…")
	}
	return r
}

func (r *reader) read(t *testing.T) {
	for _, b := range r.blocks {
		switch {
		case b.Lang == "toml":
			r.configure(t, b)
		case !runnable(b):
		case b.Lang == "sh":
			if out, err := r.sh(b.Text); err != nil {
				t.Fatalf("%s:%d: %v\n%s\n%s", b.Page, b.Line, err, b.Text, out)
			}
		default:
			for _, c := range b.Calls() {
				out, err := r.sh(c.Command)
				if err != nil {
					t.Fatalf("%s:%d: %s: %v\n%s", b.Page, b.Line, c.Command, err, out)
				}
				if err := docs.Shows(c.Output, strings.NewReplacer(r.hide...).Replace(out)); err != nil {
					t.Errorf("%s:%d: %s: %v", b.Page, b.Line, c.Command, err)
				}
			}
		}
	}
}

// sh runs commands as a reader would who has put the tool into their PATH.
func (r *reader) sh(script string) (string, error) {
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(tool)+":"+os.Getenv("PATH"), "HOME="+r.dir, "XDG_STATE_HOME="+filepath.Join(r.dir, "state"), "SSH_AUTH_SOCK=", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// configure puts a page's TOML over an inventory: over the reader's own, if the
// page says that it is theirs from now on, else over the example, to see that it
// is valid.
func (r *reader) configure(t *testing.T, b docs.Block) {
	t.Helper()
	if strings.HasPrefix(b.Mark, "not run:") {
		return
	}
	stays := b.Mark == "in inventory.toml"
	base, target := "../inventory.example.toml", filepath.Join(r.dir, "valid.toml")
	if stays {
		base = filepath.Join(r.dir, "inventory.toml")
		target = base
	}
	var old, over map[string]any
	if _, err := toml.DecodeFile(base, &old); err != nil {
		t.Fatal(err)
	}
	if _, err := toml.Decode(b.Text, &over); err != nil {
		t.Fatalf("%s:%d: %v", b.Page, b.Line, err)
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(laidOver(old, over)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "validate", "-i", target).CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s\n%s", b.Page, b.Line, err, out, &text)
	}
}

// laidOver merges tables, and hosts by their names.
func laidOver(old, over map[string]any) map[string]any {
	for name, value := range over {
		was, now := old[name], value
		table, is := now.(map[string]any)
		hosts, are := now.([]map[string]any)
		switch {
		case are && name == "host":
			old[name] = hostsOver(was.([]map[string]any), hosts)
		case is && was != nil && !secretRef(table):
			old[name] = laidOver(was.(map[string]any), table)
		default:
			old[name] = now
		}
	}
	return old
}

// secretRef tells a reference to a secret, of which one form replaces another.
func secretRef(table map[string]any) bool {
	return len(table) == 1 && (table["env"] != nil || table["file"] != nil || table["command"] != nil || table["prompt"] != nil)
}

func hostsOver(old, over []map[string]any) []map[string]any {
	list := slices.Clone(old)
	for _, h := range over {
		i := slices.IndexFunc(list, func(o map[string]any) bool { return o["name"] == h["name"] })
		if i < 0 {
			list = append(list, h)
			continue
		}
		merged := maps.Clone(list[i])
		for key, value := range h {
			if table, is := value.(map[string]any); is && merged[key] != nil {
				value = laidOver(maps.Clone(merged[key].(map[string]any)), table)
			}
			merged[key] = value
		}
		list[i] = merged
	}
	return list
}
