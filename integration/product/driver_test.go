package product_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
)

func TestDriversHaveTheVendorsNames(t *testing.T) {
	for version, want := range map[string][3]string{
		"5.1.49": {"mysql-connector-java-5.1.49-bin.jar", "com.mysql.jdbc.Driver", "mysql-connector-java-5.1.49.tar.gz"},
		"8.0.30": {"mysql-connector-java-8.0.30.jar", "com.mysql.cj.jdbc.Driver", "mysql-connector-java-8.0.30.tar.gz"},
		"8.0.31": {"mysql-connector-j-8.0.31.jar", "com.mysql.cj.jdbc.Driver", "mysql-connector-j-8.0.31.tar.gz"},
		"9.1.0":  {"mysql-connector-j-9.1.0.jar", "com.mysql.cj.jdbc.Driver", "mysql-connector-j-9.1.0.tar.gz"},
	} {
		got := [3]string{product.DriverName(version), product.DriverClass(version), product.DriverArchiveName(version, product.TarGz)}
		if got != want {
			t.Errorf("%s: got %v, want %v", version, got, want)
		}
	}
}

func TestTheSameCallGivesTheSameBytes(t *testing.T) {
	for name, make := range map[string]func() []byte{
		"jar": func() []byte { return product.Driver("5.1.49") },
		"tar": func() []byte { return product.DriverArchive("5.1.49", product.TarGz) },
		"zip": func() []byte { return product.DriverArchive("5.1.49", product.Zip) },
	} {
		if !bytes.Equal(make(), make()) {
			t.Errorf("%s: the second call gives other bytes", name)
		}
	}
	if bytes.Equal(product.Driver("5.1.49"), product.Driver("5.1.48")) {
		t.Error("two versions have the same bytes")
	}
}

func TestADriverIsAWholeJar(t *testing.T) {
	for version, want := range map[string][]string{
		"5.1.49": {"META-INF/MANIFEST.MF", "META-INF/services/java.sql.Driver", "com/mysql/jdbc/Driver.class"},
		"8.0.33": {"META-INF/MANIFEST.MF", "META-INF/services/java.sql.Driver", "com/mysql/cj/jdbc/Driver.class", "com/mysql/jdbc/Driver.class"},
	} {
		entries := unzip(t, product.Driver(version))
		var got []string
		for name := range entries {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", version, got, want)
		}
		if !strings.Contains(string(entries["META-INF/MANIFEST.MF"]), "Implementation-Version: "+version+"\r\n") {
			t.Errorf("%s: the manifest names another version", version)
		}
	}
}

func TestAnArchiveHoldsMoreThanTheDriver(t *testing.T) {
	for version, jars := range map[string][]string{
		"5.1.49": {
			"mysql-connector-java-5.1.49/mysql-connector-java-5.1.49-bin.jar",
			"mysql-connector-java-5.1.49/mysql-connector-java-5.1.49.jar",
			"mysql-connector-java-5.1.49/src/lib/c3p0-0.9.1.jar",
			"mysql-connector-java-5.1.49/src/lib/mysql-test-stubs-1.0.jar",
		},
		"8.0.33": {
			"mysql-connector-j-8.0.33/mysql-connector-j-8.0.33.jar",
			"mysql-connector-j-8.0.33/src/lib/c3p0-0.9.1.jar",
			"mysql-connector-j-8.0.33/src/lib/mysql-test-stubs-1.0.jar",
		},
	} {
		for format, entries := range map[product.Archive]map[string][]byte{
			product.TarGz: untar(t, product.DriverArchive(version, product.TarGz)),
			product.Zip:   unzip(t, product.DriverArchive(version, product.Zip)),
		} {
			var got []string
			for name, data := range entries {
				if strings.HasSuffix(name, ".jar") {
					got = append(got, name)
					unzip(t, data) // whole
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, jars) {
				t.Errorf("%s of %s: got %v, want %v", format, version, got, jars)
			}
			driver := jars[0]
			if !bytes.Equal(entries[driver], product.Driver(version)) {
				t.Errorf("%s of %s: %s is not the driver", format, version, driver)
			}
		}
	}
}

func unzip(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if entries[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return entries
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string][]byte{}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		if entries[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
