package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// TestADriverIsTakenByItsDigestOnly: whatever a web server, or somebody before
// it, gives in its place is neither used nor kept.
func TestADriverIsTakenByItsDigestOnly(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	jar := product.Driver("5.1.49")
	asked, given := 0, product.Driver("8.0.30")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write(given)
	}))
	defer web.Close()
	want := inventory.Driver{URL: web.URL + "/d/mysql-connector-java-5.1.49.jar", SHA256: fmt.Sprintf("%x", sha256.Sum256(jar))}
	_, _, err := driver(t.Context(), "", want)
	if err == nil || !strings.Contains(err.Error(), "and the inventory says "+want.SHA256) || exitCode(t.Context(), err) != exitInput {
		t.Errorf("another jar gives %v", err)
	}
	if kept, err := filepath.Glob(cache + "/*/*/*"); err != nil || len(kept) > 0 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	given = jar
	for range 2 {
		if d, _, err := driver(t.Context(), "", want); err != nil || d.SHA256 != want.SHA256 {
			t.Errorf("the jar gives %+v, %v", d, err)
		}
	}
	if asked != 2 {
		t.Errorf("the web server was asked %d times, want 2", asked)
	}
	kept, err := filepath.Glob(cache + "/*/*/*.jar")
	if more, _ := filepath.Glob(cache + "/*/*/*/*.jar"); len(more) > 0 {
		kept = more // macOS has a folder more
	}
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v", kept, err)
	}
	if err := os.WriteFile(kept[0], given[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := driver(t.Context(), "", want); err == nil {
		t.Error("a jar that was changed in the cache is taken")
	}
}
