package product_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
)

func TestAPackHoldsTheHome(t *testing.T) {
	data, err := product.Home{}.Pack()
	if err != nil {
		t.Fatal(err)
	}
	again, err := product.Home{}.Pack()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("packed twice, it has other bytes (%v)", err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	home, folders := files(t, product.Home{}), 0
	for _, f := range r.File {
		name, below := strings.CutPrefix(f.Name, "wso2appm-1.2.0/")
		if !below {
			t.Errorf("%s is not below the root", f.Name)
		}
		if f.Mode().IsDir() {
			folders++
			continue
		}
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(from)
		if err != nil || !bytes.Equal(got, home[name].Data) || f.Mode() != home[name].Mode {
			t.Errorf("%s has mode %v and other bytes than the home's, or %v", f.Name, f.Mode(), err)
		}
		delete(home, name)
	}
	if len(home) > 0 || folders < 5 {
		t.Errorf("%d folders, and these files are not in the pack: %v", folders, home)
	}
	if f, err := fs.Stat(r, "wso2appm-1.2.0/bin/wso2server.sh"); err != nil || f.Mode() != 0o755 {
		t.Errorf("the script of the server: %v", err)
	}
}
