package product

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// packed is the one moment at which everything here was packed, so that the
// same call gives the same bytes.
var packed = time.Date(2019, 4, 15, 12, 0, 0, 0, time.UTC)

// DriverName is the name of the driver's jar. From 8.0.31 on it is another
// one, and 5.1 comes under two: see DriverArchive.
func DriverName(version string) string {
	switch {
	case strings.HasPrefix(version, "5.1."):
		return "mysql-connector-java-" + version + "-bin.jar"
	case renamed(version):
		return "mysql-connector-j-" + version + ".jar"
	}
	return "mysql-connector-java-" + version + ".jar"
}

func renamed(version string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n != 3 {
		return false
	}
	return major > 8 || major == 8 && (minor > 0 || patch >= 31)
}

// DriverClass is the class that a data source has to name for that version.
func DriverClass(version string) string {
	if strings.HasPrefix(version, "5.") {
		return "com.mysql.jdbc.Driver"
	}
	return "com.mysql.cj.jdbc.Driver"
}

// Driver returns a jar that the stand-in server takes for the MySQL driver of
// that version. It is a whole jar, with nothing in it that could be run.
func Driver(version string) []byte {
	return jar(version, 0)
}

// jar has pad bytes more in it, so that two jars of a version can differ.
func jar(version string, pad int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put(w, "META-INF/MANIFEST.MF", manifest(version))
	put(w, "com/mysql/jdbc/Driver.class", class("com/mysql/jdbc/Driver", version, pad))
	if DriverClass(version) == "com.mysql.cj.jdbc.Driver" {
		put(w, "com/mysql/cj/jdbc/Driver.class", class("com/mysql/cj/jdbc/Driver", version, pad))
	}
	put(w, "META-INF/services/java.sql.Driver", []byte(DriverClass(version)+"\n"))
	mustClose(w)
	return b.Bytes()
}

func manifest(version string) []byte {
	return []byte("Manifest-Version: 1.0\r\n" +
		"Bundle-SymbolicName: com.mysql.jdbc\r\n" +
		"Implementation-Title: a stand-in for MySQL Connector/J\r\n" +
		"Implementation-Version: " + version + "\r\n" +
		"Bundle-Version: " + version + "\r\n\r\n")
}

// class begins as a class file does, and goes on as one never would.
func class(name, version string, pad int) []byte {
	head := []byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52}
	return append(append(head, name+" "+version...), bytes.Repeat([]byte{0}, pad)...)
}

// Archive is a format in which the vendor offers the driver.
type Archive string

// The formats.
const (
	TarGz Archive = "tar.gz"
	Zip   Archive = "zip"
)

// DriverArchiveName is the vendor's name for the archive.
func DriverArchiveName(version string, format Archive) string {
	return archiveFolder(version) + "." + string(format)
}

// archiveFolder is the only entry at the archive's top.
func archiveFolder(version string) string {
	if renamed(version) {
		return "mysql-connector-j-" + version
	}
	return "mysql-connector-java-" + version
}

// DriverArchive returns an archive like the vendor's: of 5.1 it holds the same
// driver twice, under two names, and jars below src/lib that are no driver.
// Whoever copies *.jar out of it gets all of them.
func DriverArchive(version string, format Archive) []byte {
	entries := archiveEntries(version)
	if format == Zip {
		return zipped(entries)
	}
	return tarred(entries)
}

type entry struct {
	name string
	data []byte
}

func archiveEntries(version string) []entry {
	top := archiveFolder(version)
	list := []entry{
		{top + "/", nil},
		{top + "/CHANGES", []byte("Changes of " + version + ": none that anybody could run.\n")},
		{top + "/README", []byte("A stand-in. Copy one of the jars.\n")},
		{top + "/docs/connector.html", []byte("<html>mysql-connector-java-" + version + "-bin.jar</html>\n")},
	}
	if strings.HasPrefix(version, "5.1.") {
		list = append(list, entry{top + "/mysql-connector-java-" + version + ".jar", Driver(version)})
	}
	return append(list,
		entry{top + "/" + DriverName(version), Driver(version)},
		entry{top + "/src/lib/mysql-test-stubs-1.0.jar", otherJar("test-stubs")},
		entry{top + "/src/lib/c3p0-0.9.1.jar", otherJar("c3p0")},
		entry{top + "/src/com/mysql/jdbc/Driver.java", []byte("// no source here\n")},
	)
}

func otherJar(name string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put(w, "META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\r\nImplementation-Title: "+name+"\r\n\r\n"))
	put(w, "org/example/"+strings.ReplaceAll(name, "-", "_")+".class", class("org/example/"+name, "1", 0))
	mustClose(w)
	return b.Bytes()
}

func zipped(entries []entry) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		put(w, e.name, e.data)
	}
	mustClose(w)
	return b.Bytes()
}

func tarred(entries []entry) []byte {
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.data)), ModTime: packed, Typeflag: tar.TypeReg}
		if path.Base(e.name)+"/" == e.name {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		must(w.WriteHeader(h))
		_, err := w.Write(e.data)
		must(err)
	}
	mustClose(w)
	mustClose(gz)
	return b.Bytes()
}

func put(w *zip.Writer, name string, data []byte) {
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed})
	must(err)
	if len(data) > 0 {
		_, err = f.Write(data)
		must(err)
	}
}

func mustClose(c io.Closer) { must(c.Close()) }

// must is for writes into memory of what is built here: they cannot fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
