package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/docs"
)

// TestAddedStep plans and applies with a tool that has the step of
// docs/add-a-step.md, built as the page says in a copy of the module.
func TestAddedStep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := docs.Copy("..", dir); err != nil {
		t.Fatal(err)
	}
	if _, err := docs.Follow("../docs/add-a-step.md", dir); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", "bin/appm-provision", "./cmd/appm-provision")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := up(t, deployments[0])
	w.tool = filepath.Join(dir, "bin", "appm-provision")
	w.inventory = w.vary(t, "[cluster]\n", "[store]\nurl = \"https://store.example.com\"\n\n[cluster]\n")
	host, node := w.node(t, "store")
	file := host.Path(node.Home + "/repository/conf/tomcat/catalina-server.xml")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const shown = "catalina-server.xml: the port of the load balancer"
	if r := w.want(t, 2, "plan", "--detailed-exitcode"); !strings.Contains(r.out, shown) {
		t.Errorf("the plan does not say %q:\n%s", shown, r.out)
	}
	w.want(t, 0, "apply", "--yes")
	w.want(t, 0, "plan", "--detailed-exitcode")
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(string(after), " proxyPort=\"443\"/>"), 1; got != want || strings.Count(string(before), "\n")+1 != strings.Count(string(after), "\n") {
		t.Errorf("%d ports were set, want %d:\n%s", got, want, after)
	}
	// A server that is older than the step's file restarts, whoever changed it.
	if err := os.WriteFile(file, before, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := w.want(t, 2, "plan", "--detailed-exitcode"); !strings.Contains(r.out, "> restart store") && !strings.Contains(r.out, "> restart "+host.Name) {
		t.Errorf("the plan does not restart the node:\n%s", r.out)
	}
}
