package steps

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What is unpacked has bounds, against an archive made to unpack without end:
// the largest driver so far has 2.5 MB, an archive holds it under two names, and
// the largest archive has 30 MB unpacked.
const (
	maxJar     = 64 << 20
	maxJars    = 4
	maxArchive = 256 << 20
)

var (
	driverName    = regexp.MustCompile(`^mysql-connector-(?:java|j)-(\d[\w.]*?)(?:-bin)?\.jar$`)
	driverLoosely = regexp.MustCompile(`^mysql-connector-.*\.jar$`)
)

// PickDriver finds the one driver jar in what the operator has: the jar itself,
// or the vendor's archive, which from 5.1.46 on holds the same driver under two
// names, and other people's jars below src/lib (facts.md section 6). The class
// is chosen by version when the inventory names none.
func PickDriver(name string, data []byte, className string) (Driver, []byte, error) {
	jar, data, err := unpack(path.Base(name), data)
	if err != nil {
		return Driver{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	if jar != path.Base(name) {
		name += ": " + jar
	}
	classes, err := checkJar(data)
	if err != nil {
		return Driver{}, nil, fmt.Errorf("%s: %w; get the driver anew from its vendor", name, err)
	}
	sum := sha256.Sum256(data)
	d := Driver{Name: jar, Class: className, Classes: strings.Join(classes, " "), Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	if m := driverName.FindStringSubmatch(jar); m != nil {
		d.Version = m[1]
	}
	if d.Class == "" {
		d.Class = class(d.Version)
	}
	if !slices.Contains(classes, d.Class) {
		return Driver{}, nil, fmt.Errorf("%s: holds no class %s, so no datasource could connect; %s", name, d.Class, instead(classes))
	}
	return d, data, nil
}

// instead is what to do about a class that is not in the jar.
func instead(classes []string) string {
	if len(classes) == 0 {
		return "get the driver anew from its vendor"
	}
	return "its drivers are " + strings.Join(classes, ", ") + ": correct class in [driver], or leave it out"
}

func unpack(name string, data []byte) (string, []byte, error) {
	switch {
	case strings.HasSuffix(name, ".jar"):
		if !driverLoosely.MatchString(name) {
			return "", nil, errors.New("is not named mysql-connector-*.jar, by which the driver is told from the product's own jars; rename it")
		}
		return name, data, nil
	case strings.HasSuffix(name, ".zip"):
		return pick(zipMembers(data))
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return pick(tarMembers(data))
	}
	return "", nil, errors.New("is neither a .jar nor the vendor's .tar.gz or .zip")
}

type member struct {
	name string // path in the archive
	data []byte
}

// pick chooses the driver among an archive's jars: of the two names of one
// version the one that the page uses, which ends in -bin.jar.
func pick(members []member, err error) (string, []byte, error) {
	if err != nil {
		return "", nil, err
	}
	versions := map[string][]member{}
	for _, m := range members {
		if v := driverName.FindStringSubmatch(path.Base(m.name)); v != nil {
			versions[v[1]] = append(versions[v[1]], m)
		}
	}
	if len(versions) == 0 {
		return "", nil, errors.New("holds no mysql-connector-*.jar; is it Connector/J for another system, or its source?")
	}
	if len(versions) > 1 {
		var names []string
		for _, m := range members {
			names = append(names, path.Base(m.name))
		}
		slices.Sort(names)
		return "", nil, fmt.Errorf("holds drivers of several versions: %s; name one jar", strings.Join(names, ", "))
	}
	for _, same := range versions {
		for _, m := range same {
			if strings.HasSuffix(m.name, "-bin.jar") {
				return path.Base(m.name), m.data, nil
			}
		}
		return path.Base(same[0].name), same[0].data, nil
	}
	return "", nil, nil
}

// crafted refuses names that lead out of the archive. Nothing is ever unpacked
// under such a name, but no vendor makes one.
func crafted(name string) error {
	if path.IsAbs(name) || strings.ContainsAny(name, "\\\x00") || slices.Contains(strings.Split(name, "/"), "..") {
		return fmt.Errorf("holds %.80q, a name that leads out of it; get the driver anew from its vendor", name)
	}
	return nil
}

// isDriver tells a driver's jar from the rest by its place and name: a driver
// lies in the archive's root folder.
func isDriver(name string) bool {
	name = strings.TrimPrefix(path.Clean(name), "/")
	return strings.Count(name, "/") <= 1 && driverName.MatchString(path.Base(name))
}

func zipMembers(data []byte) ([]member, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("is not a readable zip archive: %w; get it anew from its vendor", err)
	}
	var members []member
	for _, f := range r.File {
		if err := crafted(f.Name); err != nil {
			return nil, err
		}
		if !isDriver(f.Name) {
			continue
		}
		if !f.Mode().IsRegular() {
			return nil, noFile(f.Name)
		}
		open, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("is a broken archive: %s: %w; get it anew from its vendor", f.Name, err)
		}
		m, err := readMember(f.Name, open)
		if err != nil {
			return nil, err
		}
		if members, err = another(members, m); err != nil {
			return nil, err
		}
	}
	return members, nil
}

func noFile(name string) error {
	return fmt.Errorf("%s in it is no file but a link or a device; get the driver anew from its vendor", name)
}

func another(members []member, m member) ([]member, error) {
	if len(members) == maxJars {
		return nil, fmt.Errorf("holds more than %d drivers; name one jar", maxJars)
	}
	return append(members, m), nil
}

func tarMembers(data []byte) ([]member, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("is not a readable gzip archive: %w; get it anew from its vendor", err)
	}
	// The whole of a tar has to be read to find a member.
	whole := &io.LimitedReader{R: z, N: maxArchive}
	r := tar.NewReader(whole)
	var members []member
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil && whole.N == 0 {
			return nil, fmt.Errorf("unpacks to more than %d MB, which no driver's archive does", maxArchive>>20)
		}
		if err != nil {
			return nil, fmt.Errorf("is a broken archive: %w; get it anew from its vendor", err)
		}
		if err := crafted(h.Name); err != nil {
			return nil, err
		}
		if !isDriver(h.Name) || h.Typeflag == tar.TypeDir {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return nil, noFile(h.Name)
		}
		m, err := readMember(h.Name, r)
		if err != nil {
			return nil, err
		}
		if members, err = another(members, m); err != nil {
			return nil, err
		}
	}
}

func readMember(name string, r io.Reader) (member, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxJar+1))
	if err != nil {
		return member{}, fmt.Errorf("is a broken archive: %s: %w; get it anew from its vendor", name, err)
	}
	if len(data) > maxJar {
		return member{}, fmt.Errorf("%s: is larger than %d MB, which no driver is", name, maxJar>>20)
	}
	return member{name, data}, nil
}

// checkJar refuses a truncated jar: the product would say "Cannot create bundle
// from jar file" on a console that nobody sees. It returns the classes that are
// drivers.
func checkJar(data []byte) (classes []string, err error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("is not a whole jar: %w", err)
	}
	ours := false
	for _, f := range r.File {
		ours = ours || strings.HasPrefix(f.Name, "com/mysql/")
		if name, is := strings.CutSuffix(f.Name, "Driver.class"); is {
			classes = append(classes, strings.ReplaceAll(name, "/", ".")+"Driver")
		}
	}
	if !ours {
		return nil, errors.New("holds no com.mysql classes")
	}
	slices.Sort(classes)
	return classes, nil
}
