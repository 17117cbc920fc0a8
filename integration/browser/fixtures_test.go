package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata holds pages without the style that all of them share.
const testdata = "../../pkg/report/testdata"

// fixtures are those pages as they are written: pkg/report's tests see to it
// that the style and its digest are what stands there.
func fixtures(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(testdata + "/html-*.html")
	if err != nil || len(files) < 5 {
		t.Fatalf("there are only %d pages: %v", len(files), err)
	}
	style, err := os.ReadFile("../../pkg/report/html/page.css")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(style)
	fill := strings.NewReplacer("{style}", string(style), "{digest}", base64.StdEncoding.EncodeToString(sum[:]))
	dir := t.TempDir()
	var pages []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(page, []byte(fill.Replace(string(data))), 0o600); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	return pages
}

// fixture is one of them.
func fixture(t *testing.T, name string) string {
	t.Helper()
	for _, page := range fixtures(t) {
		if filepath.Base(page) == name {
			return page
		}
	}
	t.Fatalf("there is no page %s", name)
	return ""
}
