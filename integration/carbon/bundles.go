package carbon

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// driverClasses are the names under which MySQL's driver is known. Each entry
// of a jar is looked up by its path.
var driverClasses = []string{"com.mysql.jdbc.Driver", "com.mysql.cj.jdbc.Driver"}

const bundleCreator = "org.wso2.carbon.server.extensions.DefaultBundleCreator"

// bundles turns the jars of components/lib into bundles of components/dropins
// and returns which driver class comes out of which bundle. What lies in
// dropins from an earlier start is loaded too, whatever became of its jar.
func (s *server) bundles() (map[string]string, error) {
	components := filepath.Join(s.home, "repository", "components")
	dropins := filepath.Join(components, "dropins")
	if err := os.MkdirAll(dropins, 0o755); err != nil {
		return nil, err
	}
	jars, err := jarsIn(filepath.Join(components, "lib"))
	if err != nil {
		return nil, faultf(bundleCreator, "repository/components/lib cannot be read: %v", err)
	}
	var errs []error
	for _, name := range jars {
		errs = append(errs, s.bundle(filepath.Join(components, "lib", name), filepath.Join(dropins, bundleName(name))))
	}
	drivers, err := s.drivers(dropins)
	return drivers, errors.Join(append(errs, err)...)
}

// bundleName is the name of the bundle that a jar becomes.
func bundleName(jar string) string {
	return strings.ReplaceAll(strings.TrimSuffix(jar, ".jar"), "-", "_") + "_1.0.0.jar"
}

// bundle writes one. A jar that is no jar is only noted, on a console that
// nobody sees; here it is at least in the log.
func (s *server) bundle(jar, bundle string) error {
	data, err := os.ReadFile(jar)
	if err != nil {
		return faultf(bundleCreator, "Cannot create bundle from jar file: %v", err)
	}
	if _, err := classesOf(data); err != nil {
		s.log.warn(bundleCreator, "Cannot create bundle from jar file: "+jar+": "+err.Error())
		return nil
	}
	if err := os.WriteFile(bundle, data, 0o644); err != nil {
		return faultf(bundleCreator, "Cannot create bundle from jar file: %v", err)
	}
	return nil
}

// drivers finds the bundles that hold MySQL's driver. With two of them the
// real server takes whichever it resolves first; this one refuses.
func (s *server) drivers(dropins string) (map[string]string, error) {
	jars, err := jarsIn(dropins)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	var holders []string
	for _, name := range jars {
		data, err := os.ReadFile(filepath.Join(dropins, name))
		if err != nil {
			return nil, err
		}
		classes, err := classesOf(data)
		if err != nil {
			s.log.warn(bundleCreator, "Cannot load bundle "+name+": "+err.Error())
			continue
		}
		for _, c := range classes {
			found[c] = name
		}
		if len(classes) > 0 {
			holders = append(holders, name)
		}
	}
	if len(holders) > 1 {
		return nil, faultf(bundleCreator, "%d bundles in repository/components/dropins export com.mysql.jdbc, and any of them may win: %s", len(holders), strings.Join(holders, ", "))
	}
	return found, nil
}

// classesOf reads a jar to its end, and returns the driver classes in it.
func classesOf(data []byte) ([]string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var classes []string
	for _, f := range z.File {
		content, err := readEntry(f)
		if err != nil {
			return nil, err
		}
		class, ok := strings.CutSuffix(f.Name, ".class")
		class = strings.ReplaceAll(class, "/", ".")
		if ok && slices.Contains(driverClasses, class) && bytes.HasPrefix(content, []byte{0xca, 0xfe, 0xba, 0xbe}) {
			classes = append(classes, class)
		}
	}
	return classes, nil
}

func readEntry(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r) // to the end, where the checksum is compared
}

func jarsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jar") && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
