// Package product writes homes of a product that can be handled without having
// it: configuration files, scripts and SQL of our own writing, with the shape
// of App Manager 1.2.0 and every trap that its files hold.
//
// Each fixture is there for what a careless editor would do to it: CRLF and
// trailing blanks in registry.xml, a commented store that ends before the
// active one begins in user-mgt.xml, a comment inside a URL in
// master-datasources.xml, a clustering block whose attributes stand on two
// lines in axis2.xml, and so on.
package product

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed all:home
var embedded embed.FS

// Version is the release whose shape the fixtures have.
const Version = "1.2.0"

// Home is a home as it comes out of the zip, before anybody configured it.
type Home struct {
	// Stock names a folder with files of the release itself, laid out from
	// the home ("repository/conf/..."). They replace ours of the same path.
	// Empty means ours alone.
	Stock string

	// Offset goes into carbon.xml, as an operator of several nodes on one
	// machine would write it.
	Offset int

	// Standin holds lines of repository/conf/standin.properties, which tell
	// the stand-in server to be slow, to hang or to die. Nil means no file.
	Standin map[string]string
}

// File is one file of a home.
type File struct {
	Path string // slash-separated, from the home
	Data []byte
	Mode fs.FileMode
}

// folders are in the zip although nothing is in them.
var folders = []string{
	"repository/components/lib",
	"repository/components/dropins",
	"repository/components/plugins",
	"repository/database",
	"repository/logs",
	"repository/resources/security",
	"lib/endorsed",
	"tmp",
}

// Write makes the home in dir, which need not exist. It replaces files that
// are there and leaves others alone.
func (h Home) Write(dir string) error {
	files, err := h.Files()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.write(dir); err != nil {
			return err
		}
	}
	return nil
}

// Files returns the files of the home, in order of their paths.
func (h Home) Files() ([]File, error) {
	byPath := map[string][]byte{}
	home, err := fs.Sub(embedded, "home")
	if err != nil {
		return nil, err
	}
	if err := collect(byPath, home); err != nil {
		return nil, fmt.Errorf("fixtures: %w", err)
	}
	if h.Stock != "" {
		if err := collect(byPath, os.DirFS(h.Stock)); err != nil {
			return nil, fmt.Errorf("stock files in %s: %w", h.Stock, err)
		}
	}
	if err := h.setOffset(byPath); err != nil {
		return nil, err
	}
	h.setStandin(byPath)
	addDatabases(byPath)
	return sorted(byPath), nil
}

const offsetZero = "<Offset>0</Offset>"

func (h Home) setOffset(files map[string][]byte) error {
	if h.Offset == 0 {
		return nil
	}
	const path = "repository/conf/carbon.xml"
	before := string(files[path])
	if strings.Count(before, offsetZero) != 1 {
		return fmt.Errorf("%s: %s is not there exactly once, so the offset cannot be set", path, offsetZero)
	}
	files[path] = []byte(strings.Replace(before, offsetZero, "<Offset>"+strconv.Itoa(h.Offset)+"</Offset>", 1))
	return nil
}

func (h Home) setStandin(files map[string][]byte) {
	if h.Standin == nil {
		return
	}
	files["repository/conf/standin.properties"] = Properties(h.Standin)
}

// addDatabases adds the embedded databases that the release comes with. The
// stand-in server locks them, and keeps nothing in them.
func addDatabases(files map[string][]byte) {
	for _, name := range []string{"WSO2CARBON_DB", "WSO2AM_DB", "ES_STORAGE", "WSO2SOCIAL_DB"} {
		files["repository/database/"+name+".h2.db"] = []byte("an embedded database would be here\n")
	}
}

func (f File) write(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, f.Data, f.Mode); err != nil {
		return err
	}
	return os.Chmod(path, f.Mode) // whatever the umask, and for a file that was there
}
