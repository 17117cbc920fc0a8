package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeOwn puts a file in its place whole, for its owner only. What is there
// already is replaced only where ours says that it is of the same kind: a name
// that was mistyped must not cost somebody's file.
func writeOwn(file string, data []byte, ours func(file string) error) (err error) {
	if err := replaceable(file, ours); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".appm-provision-*") // 0600, and nobody's before
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}

func replaceable(file string, ours func(file string) error) error {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return usage("%s is no file but %s; name a file", file, kindOf(info))
	}
	return ours(file)
}

func kindOf(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return fmt.Sprintf("something else (%v)", info.Mode().Type())
}
