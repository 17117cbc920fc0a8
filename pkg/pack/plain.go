package pack

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
)

// Plain writes the same pack with its files as they are, none deflated: for a
// host that has nothing to inflate them with.
func (p *Pack) Plain(to io.Writer) error {
	w := zip.NewWriter(to)
	for _, folder := range append([]string{""}, p.Folders...) {
		name := p.Root + "/"
		if folder != "" {
			name += folder + "/"
		}
		head := &zip.FileHeader{Name: name}
		head.SetMode(fs.ModeDir | 0o755)
		if _, err := w.CreateHeader(head); err != nil {
			return err
		}
	}
	for i, f := range p.Files {
		head := &zip.FileHeader{Name: p.Root + "/" + f.Path, Method: zip.Store}
		head.SetMode(f.Mode)
		into, err := w.CreateHeader(head)
		if err != nil {
			return err
		}
		if err := p.copy(into, i); err != nil {
			return err
		}
	}
	return w.Close()
}

func (p *Pack) copy(to io.Writer, i int) error {
	from, err := p.members[i].Open()
	if err != nil {
		return broken(p.Files[i].Path, err)
	}
	defer from.Close()
	n, err := io.Copy(to, io.LimitReader(from, p.Files[i].Size+1))
	if err != nil {
		return fmt.Errorf("%s in it: %w", p.Files[i].Path, err)
	}
	if n != p.Files[i].Size {
		return broken(p.Files[i].Path, nil)
	}
	return nil
}
