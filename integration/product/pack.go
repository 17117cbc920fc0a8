package product

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"slices"
)

// PackRoot is the folder at the top of the distribution zip.
const PackRoot = "wso2appm-" + Version

// Pack returns a distribution zip of the home: one folder at its top, which
// has the release's name, and the modes that the release packs its files with.
// The same home gives the same bytes.
func (h Home) Pack() ([]byte, error) {
	files, err := h.Files()
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		files = append(files, File{Path: folder + "/", Mode: fs.ModeDir | 0o755})
	}
	slices.SortFunc(files, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range append([]File{{Mode: fs.ModeDir | 0o755}}, files...) {
		f.Path = PackRoot + "/" + f.Path
		f.pack(w)
	}
	mustClose(w)
	return b.Bytes(), nil
}

func (f File) pack(w *zip.Writer) {
	head := &zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: packed}
	if f.Mode.IsDir() {
		head.Method = zip.Store
	}
	head.SetMode(f.Mode)
	to, err := w.CreateHeader(head)
	must(err)
	if len(f.Data) > 0 {
		_, err = to.Write(f.Data)
		must(err)
	}
}
