package steps_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

func TestPickDriver(t *testing.T) {
	const v5, v8, renamed = "5.1.49", "8.0.30", "8.0.33"
	for _, c := range []struct {
		name      string
		data      []byte
		className string
		want      steps.Driver // without size and digest
	}{
		{"mysql-connector-java-5.1.49-bin.jar", product.Driver(v5), "", steps.Driver{Name: "mysql-connector-java-5.1.49-bin.jar", Version: v5, Class: "com.mysql.jdbc.Driver"}},
		{"/some/where/mysql-connector-java-5.1.49.jar", product.Driver(v5), "", steps.Driver{Name: "mysql-connector-java-5.1.49.jar", Version: v5, Class: "com.mysql.jdbc.Driver"}},
		{"mysql-connector-java-8.0.30.jar", product.Driver(v8), "", steps.Driver{Name: "mysql-connector-java-8.0.30.jar", Version: v8, Class: "com.mysql.cj.jdbc.Driver"}},
		{"mysql-connector-j-8.0.33.jar", product.Driver(renamed), "", steps.Driver{Name: "mysql-connector-j-8.0.33.jar", Version: renamed, Class: "com.mysql.cj.jdbc.Driver"}},
		{"mysql-connector-j-10.1.0.jar", product.Driver(renamed), "", steps.Driver{Name: "mysql-connector-j-10.1.0.jar", Version: "10.1.0", Class: "com.mysql.cj.jdbc.Driver"}},
		{"mysql-connector-j-8.0.33.jar", product.Driver(renamed), "com.mysql.jdbc.Driver", steps.Driver{Name: "mysql-connector-j-8.0.33.jar", Version: renamed, Class: "com.mysql.jdbc.Driver"}},
		{"mysql-connector-site.jar", product.Driver(v5), "", steps.Driver{Name: "mysql-connector-site.jar", Class: "com.mysql.jdbc.Driver"}},
		{product.DriverArchiveName(v5, product.TarGz), product.DriverArchive(v5, product.TarGz), "", steps.Driver{Name: "mysql-connector-java-5.1.49-bin.jar", Version: v5, Class: "com.mysql.jdbc.Driver"}},
		{product.DriverArchiveName(v5, product.Zip), product.DriverArchive(v5, product.Zip), "", steps.Driver{Name: "mysql-connector-java-5.1.49-bin.jar", Version: v5, Class: "com.mysql.jdbc.Driver"}},
		{product.DriverArchiveName(renamed, product.TarGz), product.DriverArchive(renamed, product.TarGz), "", steps.Driver{Name: "mysql-connector-j-8.0.33.jar", Version: renamed, Class: "com.mysql.cj.jdbc.Driver"}},
		{"connector.tgz", product.DriverArchive(v8, product.TarGz), "", steps.Driver{Name: "mysql-connector-java-8.0.30.jar", Version: v8, Class: "com.mysql.cj.jdbc.Driver"}},
		{"connector.zip", product.DriverArchive(v8, product.Zip), "", steps.Driver{Name: "mysql-connector-java-8.0.30.jar", Version: v8, Class: "com.mysql.cj.jdbc.Driver"}},
	} {
		got, jar, err := steps.PickDriver(c.name, c.data, c.className)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		c.want.Size, c.want.SHA256, c.want.Classes = int64(len(jar)), digest(jar), "com.mysql.jdbc.Driver"
		if c.want.Version >= v8 || c.want.Version == "10.1.0" {
			c.want.Classes = "com.mysql.cj.jdbc.Driver com.mysql.jdbc.Driver"
		}
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
		if want := product.Driver(c.want.Version); c.want.Version == v5 && !bytes.Equal(jar, want) {
			t.Errorf("%s: got %d bytes, want the jar's %d", c.name, len(jar), len(want))
		}
	}
}

func TestPickDriverRefuses(t *testing.T) {
	jar := product.Driver("5.1.49")
	targz, zipped := product.DriverArchive("5.1.49", product.TarGz), product.DriverArchive("5.1.49", product.Zip)
	const anew, vendor = "; get the driver anew from its vendor", "; get it anew from its vendor"
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"d/driver.jar", jar, "d/driver.jar: is not named mysql-connector-*.jar, by which the driver is told from the product's own jars; rename it"},
		{"mysql-connector.jar", jar, "mysql-connector.jar: is not named mysql-connector-*.jar, by which the driver is told from the product's own jars; rename it"},
		{"mysql-connector-java-5.1.49-bin.JAR", jar, "mysql-connector-java-5.1.49-bin.JAR: is neither a .jar nor the vendor's .tar.gz or .zip"},
		{"mysql-connector-java-5.1.49.deb", jar, "mysql-connector-java-5.1.49.deb: is neither a .jar nor the vendor's .tar.gz or .zip"},
		{"", nil, ": is neither a .jar nor the vendor's .tar.gz or .zip"},
		{"mysql-connector-java-5.1.49.jar", jar[:len(jar)-40], "mysql-connector-java-5.1.49.jar: is not a whole jar: zip: not a valid zip file" + anew},
		{"mysql-connector-java-5.1.49.jar", nil, "mysql-connector-java-5.1.49.jar: is not a whole jar: zip: not a valid zip file" + anew},
		{"mysql-connector-java-5.1.49.jar", []byte("<html>404 not found</html>"), "mysql-connector-java-5.1.49.jar: is not a whole jar: zip: not a valid zip file" + anew},
		{"mysql-connector-java-5.1.49.jar", archive(t, "zip", "org/example/A.class"), "mysql-connector-java-5.1.49.jar: holds no com.mysql classes" + anew},
		{"c.tar.gz", targz[:len(targz)/2], "c.tar.gz: is a broken archive: mysql-connector-java-5.1.49/mysql-connector-java-5.1.49.jar: unexpected EOF" + vendor},
		{"c.tar.gz", jar, "c.tar.gz: is not a readable gzip archive: gzip: invalid header" + vendor},
		{"c.tar.gz", nil, "c.tar.gz: is not a readable gzip archive: EOF" + vendor},
		{"c.zip", zipped[:len(zipped)/2], "c.zip: is not a readable zip archive: zip: not a valid zip file" + vendor},
		{"c.zip", archive(t, "zip", "c/README", "c/src/lib/mysql-connector-java-5.1.49.jar"), "c.zip: holds no mysql-connector-*.jar; is it Connector/J for another system, or its source?"},
		{"c.tar.gz", archive(t, "tar.gz", "c/README", "c/postgresql.jar"), "c.tar.gz: holds no mysql-connector-*.jar; is it Connector/J for another system, or its source?"},
		{"c.zip", archive(t, "zip", "mysql-connector-java-5.1.49.jar", "mysql-connector-java-5.1.35-bin.jar"), "c.zip: holds drivers of several versions: mysql-connector-java-5.1.35-bin.jar, mysql-connector-java-5.1.49.jar; name one jar"},
		{"c.zip", archive(t, "zip", "c/mysql-connector-java-5.1.49.jar"), "c.zip: mysql-connector-java-5.1.49.jar: is not a whole jar: zip: not a valid zip file" + anew},
		{"mysql-connector-java-5.1.49.jar", archive(t, "zip", "com/mysql/jdbc/Connection.class"), "mysql-connector-java-5.1.49.jar: holds no class com.mysql.jdbc.Driver, so no datasource could connect" + anew},
		{"mysql-connector-java-8.0.30.jar", jar, "mysql-connector-java-8.0.30.jar: holds no class com.mysql.cj.jdbc.Driver, so no datasource could connect; its drivers are com.mysql.jdbc.Driver: correct class in [driver], or leave it out"},
	} {
		d, data, err := steps.PickDriver(c.name, c.data, "")
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
		if d != (steps.Driver{}) || data != nil {
			t.Errorf("%s: got a driver beside the error: %+v", c.name, d)
		}
	}
}

// archive holds a line of text under each of the names.
func archive(t *testing.T, format string, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	if format == "zip" {
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.Create(name)
			if err == nil {
				_, err = f.Write([]byte("text\n"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return b.Bytes()
	}
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 5, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("text\n")); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	gz.Close()
	return b.Bytes()
}

func TestALinkIsNoDriver(t *testing.T) {
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	if err := w.WriteHeader(&tar.Header{Name: "c/mysql-connector-java-5.1.49.jar", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	gz.Close()
	if d, _, err := steps.PickDriver("c.tar.gz", b.Bytes(), ""); err == nil {
		t.Errorf("got %+v, want an error", d)
	}
}

func FuzzPickDriver(f *testing.F) {
	f.Add("a.zip", product.DriverArchive("5.1.49", product.Zip))
	f.Add("a.tar.gz", product.DriverArchive("8.0.33", product.TarGz))
	f.Add("mysql-connector-java-5.1.49.jar", product.Driver("5.1.49"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if d, jar, err := steps.PickDriver(name, data, ""); err == nil && (d.Name == "" || d.Class == "" || d.SHA256 != digest(jar)) {
			t.Errorf("%q: %+v", name, d)
		}
	})
}
