package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// entry is a file of an archive.
type entry struct {
	name string
	data []byte
	mode fs.FileMode
}

// shells are those that completions are made for, and what their file is called.
var shells = map[string]string{
	"bash": program + ".bash", "zsh": "_" + program, "fish": program + ".fish", "powershell": program + ".ps1",
}

// readings are what lies beside the program in every archive: what the program
// itself says of its commands, and what the project says of it.
func readings(ctx context.Context, source, work string, own Built) ([]entry, error) {
	var list []entry
	for shell, name := range shells {
		out, err := exec.CommandContext(ctx, own.Program, "completion", shell).Output()
		if err != nil {
			return nil, fmt.Errorf("completion %s: %w", shell, err)
		}
		list = append(list, entry{"completions/" + name, out, 0o644})
	}
	man := filepath.Join(work, "man")
	pages := exec.CommandContext(ctx, own.Program, "man", man)
	pages.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", own.Time().Unix())) // where no commit's time is known
	if out, err := pages.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("man: %w\n%s", err, out)
	}
	for from, to := range map[string]string{
		filepath.Join(man, "*.1"):                         "man/man1",
		filepath.Join(source, "LICENSE"):                  "",
		filepath.Join(source, "*.md"):                     "",
		filepath.Join(source, "inventory.example.toml"):   "",
		filepath.Join(source, "docs", "*.md"):             "docs",
		filepath.Join(source, "docs", "*.json"):           "docs",
		filepath.Join(source, "docs", "how-to", "*.md"):   "docs/how-to",
		filepath.Join(source, "docs", "schema", "*.json"): "docs/schema",
	} {
		files, err := filepath.Glob(from)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			list = append(list, entry{path.Join(to, filepath.Base(file)), data, 0o644})
		}
	}
	return list, nil
}

func (t Target) suffix() string {
	if t.OS == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// pack writes the archive. Times are the commit's, and owners nobody's.
func (b Built) pack(folder string, files []entry) error {
	var (
		out bytes.Buffer
		err error
	)
	if strings.HasSuffix(b.Archive, ".zip") {
		err = b.zip(&out, folder, files)
	} else {
		err = b.tar(&out, folder, files)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(b.Archive, out.Bytes(), 0o644)
}

func (b Built) tar(out *bytes.Buffer, folder string, files []entry) error {
	packed := gzip.NewWriter(out)
	w := tar.NewWriter(packed)
	for _, f := range files {
		head := &tar.Header{Name: path.Join(folder, f.name), Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: b.Time(), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(head); err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return packed.Close()
}

func (b Built) zip(out *bytes.Buffer, folder string, files []entry) error {
	w := zip.NewWriter(out)
	for _, f := range files {
		head := &zip.FileHeader{Name: path.Join(folder, f.name), Method: zip.Deflate, Modified: b.Time()}
		head.SetMode(f.mode)
		to, err := w.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := to.Write(f.data); err != nil {
			return err
		}
	}
	return w.Close()
}
