package xmledit

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stockFiles are the product's XML files below APPM_STOCK_CONF, or nothing,
// loudly.
func stockFiles(t testing.TB) map[string][]byte {
	root := os.Getenv("APPM_STOCK_CONF")
	if root == "" {
		t.Log("APPM_STOCK_CONF is not set: THE STOCK FILES ARE LEFT OUT, only the fixtures in testdata are read")
		return nil
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if head := bytes.TrimSpace(data[:min(len(data), 200)]); bytes.HasPrefix(head, []byte("<")) && !strings.HasSuffix(path, ".jag") {
			files[strings.TrimPrefix(path, root+"/")] = data
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("APPM_STOCK_CONF=%s: %d XML files, %v", root, len(files), err)
	}
	return files
}

func TestStockFilesAreTiledAndUnchanged(t *testing.T) {
	for name, src := range stockFiles(t) {
		d, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		at := 0
		for tok := range d.Tokens() {
			if tok.Span.Start != at || tok.Span.End <= at {
				t.Errorf("%s: token %v does not follow byte %d", name, tok, at)
			}
			at = tok.Span.End
		}
		if at != len(src) {
			t.Errorf("%s: tokens end at %d of %d", name, at, len(src))
		}
	}
}
