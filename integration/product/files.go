package product

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// collect reads every file below root into files, over what is there.
func collect(files map[string][]byte, root fs.FS) error {
	return fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		files[path] = data
		return err
	})
}

func sorted(files map[string][]byte) []File {
	var list []File
	for _, path := range slices.Sorted(maps.Keys(files)) {
		list = append(list, File{Path: path, Data: files[path], Mode: mode(path)})
	}
	return list
}

// mode is the mode that the release packs a file with: app-manager.xml is
// executable there, for no reason, and an editor has to keep it so.
func mode(path string) fs.FileMode {
	if strings.HasPrefix(path, "bin/") && strings.HasSuffix(path, ".sh") ||
		path == "repository/conf/app-manager.xml" {
		return 0o755
	}
	return 0o644
}

// Properties returns the lines of a properties file, sorted by key.
func Properties(values map[string]string) []byte {
	var b bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&b, "%s=%s\n", key, values[key])
	}
	return b.Bytes()
}
