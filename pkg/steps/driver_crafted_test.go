package steps_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/steps"
)

const aDriver = "c/mysql-connector-java-5.1.49.jar"

// TestCraftedArchives are made to write where they should not, or to unpack
// without end.
func TestCraftedArchives(t *testing.T) {
	many := []string{}
	for i := range 5 {
		many = append(many, fmt.Sprintf("%d/mysql-connector-java-5.1.49.jar", i))
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"c.zip", archive(t, "zip", "../mysql-connector-java-5.1.49.jar"), "leads out of it"},
		{"c.zip", archive(t, "zip", "c/../../etc/passwd", aDriver), "leads out of it"},
		{"c.zip", archive(t, "zip", "/mysql-connector-java-5.1.49.jar"), "leads out of it"},
		{"c.zip", archive(t, "zip", `..\mysql-connector-java-5.1.49.jar`), "leads out of it"},
		{"c.tar.gz", archive(t, "tar.gz", "../mysql-connector-java-5.1.49.jar"), "leads out of it"},
		{"c.tar.gz", archive(t, "tar.gz", "/etc/cron.d/x", aDriver), "leads out of it"},
		{"c.zip", zippedLink(t), "is no file but a link"},
		{"c.tar.gz", tarred(t, &tar.Header{Typeflag: tar.TypeSymlink, Name: aDriver, Linkname: "/etc/shadow"}, nil), "is no file but a link"},
		{"c.tar.gz", tarred(t, &tar.Header{Typeflag: tar.TypeLink, Name: aDriver, Linkname: "/etc/shadow"}, nil), "is no file but a link"},
		{"c.tar.gz", tarred(t, &tar.Header{Typeflag: tar.TypeFifo, Name: aDriver}, nil), "is no file but a link"},
		{"c.zip", archive(t, "zip", many...), "holds more than 4 drivers"},
		{"c.tar.gz", archive(t, "tar.gz", many...), "holds more than 4 drivers"},
		{"c.zip", zippedZeros(t, 65<<20), "is larger than 64 MB, which no driver is"},
		{"c.tar.gz", tarred(t, &tar.Header{Typeflag: tar.TypeReg, Name: aDriver, Size: 65 << 20}, zeros(65<<20)), "is larger than 64 MB, which no driver is"},
		{"c.tar.gz", tarred(t, &tar.Header{Typeflag: tar.TypeReg, Name: "c/README", Size: 300 << 20}, zeros(300<<20)), "unpacks to more than 256 MB"},
	} {
		_, data, err := steps.PickDriver(c.name, c.data, "")
		if err == nil || !strings.Contains(err.Error(), c.want) || data != nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func zippedLink(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: aDriver}
	h.SetMode(fs.ModeSymlink | 0o777)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write([]byte("/etc/shadow"))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zippedZeros(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(aDriver)
	if err == nil {
		_, err = io.Copy(f, zeros(n))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, h *tar.Header, data io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = w.WriteHeader(h)
	if err == nil && data != nil {
		_, err = io.Copy(w, data)
	}
	if err != nil || w.Close() != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
