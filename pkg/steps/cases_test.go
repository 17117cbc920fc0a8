package steps_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/steps"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the wanted part of the cases in testdata")

// testCase is one file of testdata: a world, and what the steps want of it.
//
//	step        the steps that plan, by name; all: every one
//	node        whose; all: everybody's; publisher1 where the case names none
//	inventory   replacements in testdata/inventory.toml, as in a replace section
//	limit       words of --limit
//	driver      the driver's version, 5.1.49 where the case names none
//	out         the steps that take the deployment away; databases: these too
//	want        what the operator gets to see, or error: and its text
type testCase struct {
	w     *world
	steps []string
	node  inventory.Node
	all   bool   // everybody's steps
	out   string // "" for the steps that bring the deployment there
	limit []string
}

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name, _ := filepath.Rel("testdata", file)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(archive.Comment)) == 0 {
				t.Error("the case does not say why it is there")
			}
			c := newCase(t, archive)
			compare(t, file, archive, c.run(t))
		})
	}
}

func newCase(t *testing.T, archive *txtar.Archive) *testCase {
	t.Helper()
	head := map[string]string{"driver": "5.1.49", "node": "publisher1"}
	var body []txtar.File
	for _, f := range archive.Files {
		switch f.Name {
		case "step", "node", "inventory", "limit", "driver", "out":
			head[f.Name] = strings.TrimSuffix(string(f.Data), "\n")
		case "want":
		default:
			body = append(body, f)
		}
	}
	inv := parse(t, head["inventory"])
	c := &testCase{w: newWorld(t, inv, head["driver"]), steps: strings.Split(head["step"], "\n"), limit: strings.Fields(head["limit"]), all: head["node"] == "all", out: head["out"]}
	if c.all {
		head["node"] = inv.Nodes[0].Name // whose world the sections change, until one says on
	}
	var known bool
	if c.node, known = inv.Node(head["node"]); !known {
		t.Fatalf("no node is called %s", head["node"])
	}
	for _, f := range body {
		if err := c.section(f.Name, f.Data); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	return c
}

// parse is the inventory of all cases, with one's replacements.
func parse(t *testing.T, replacements string) inventory.Inventory {
	t.Helper()
	src, err := os.ReadFile("testdata/inventory.toml")
	if err == nil && replacements != "" {
		src, err = replace(src, []byte(replacements))
	}
	if err != nil {
		t.Fatal(err)
	}
	inv, _, err := inventory.Parse("inventory.toml", src)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// list are the case's steps.
func (c *testCase) list(t *testing.T) []plan.Step {
	t.Helper()
	sel, err := c.w.inv.Select(c.limit)
	if err != nil {
		t.Fatal(err)
	}
	list := c.w.list(sel)
	if c.out != "" {
		sel.Database = c.out == "databases"
		list = steps.Out(steps.Deployment{Inventory: c.w.inv, Select: sel})
	}
	list = slices.DeleteFunc(list, func(s plan.Step) bool {
		mine := c.all || s.For == c.node.Name || s.For == c.node.Host || s.For == plan.Deployment
		return !mine || !slices.Contains(c.steps, s.Name) && c.steps[0] != "all"
	})
	if len(list) == 0 {
		t.Fatalf("no step is called %q", c.steps)
	}
	return list
}

func (w *world) list(sel inventory.Selection) []plan.Step {
	return steps.For(steps.Deployment{Inventory: w.inv, Select: sel, Password: inventory.NewSecret(password), Administrator: inventory.NewSecret(administrator), Driver: w.driver})
}

// build plans as cmd does: what the steps need is gathered, and nothing else.
func (w *world) build(list []plan.Step) (*plan.Plan, error) {
	return plan.Build(w.inv.Name, w.gather(steps.Needs(list)), list)
}

// apply is the section of that name.
func (c *testCase) apply(names []string) error {
	sel, err := c.w.inv.Select(nil)
	if err != nil {
		return err
	}
	list := c.w.list(sel)
	if names[0] != "" {
		list = slices.DeleteFunc(list, func(s plan.Step) bool { return !slices.Contains(names, s.Name) })
	}
	p, err := c.w.build(list)
	if err != nil {
		return err
	}
	err = c.w.apply(p)
	c.w.clock = c.w.clock.Add(24 * time.Hour)
	return err
}

func render(t *testing.T, p *plan.Plan, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b bytes.Buffer
	if err := report.Plan(&b, p, report.Options{Apart: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func compare(t *testing.T, file string, archive *txtar.Archive, got string) {
	t.Helper()
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		archive.Files, i = append(archive.Files, txtar.File{Name: "want"}), len(archive.Files)
	}
	if want := string(archive.Files[i].Data); got == want {
		return
	} else if !*update {
		t.Errorf("got\n%s\nwant\n%s\n(if the new text is right: make update)", got, want)
		return
	}
	archive.Files[i].Data = []byte(got)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
