package lab

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// copyTree copies a file or directory with its modes and links; what is not
// there is not copied.
func copyTree(from, to string) error {
	return eachFile(from, func(rel string, info fs.FileInfo) error {
		source, target := filepath.Join(from, rel), filepath.Join(to, rel)
		switch {
		case info.IsDir():
			return os.MkdirAll(target, info.Mode().Perm())
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(source)
			if err != nil {
				return err
			}
			return inDir(target, func() error { return os.Symlink(link, target) })
		case info.Mode().IsRegular():
			data, err := os.ReadFile(source)
			if err != nil {
				return err
			}
			return inDir(target, func() error { return os.WriteFile(target, data, info.Mode().Perm()) })
		}
		return nil
	})
}

// linkTree is copyTree with hard links: many hosts, one file.
func linkTree(from, to string) error {
	return eachFile(from, func(rel string, info fs.FileInfo) error {
		if !info.Mode().IsRegular() {
			return nil
		}
		target := filepath.Join(to, rel)
		return inDir(target, func() error { return os.Link(filepath.Join(from, rel), target) })
	})
}

func inDir(file string, do func() error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return do()
}

func eachFile(root string, do func(rel string, info fs.FileInfo) error) error {
	if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return do(rel, info)
	})
}

func chownTree(root string, id int) error {
	return eachFile(root, func(rel string, _ fs.FileInfo) error {
		return os.Lchown(filepath.Join(root, rel), id, id)
	})
}

func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}
