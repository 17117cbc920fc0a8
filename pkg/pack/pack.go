// Package pack reads a distribution zip: which files it unpacks to, with which
// modes and sizes, and where in the zip each of them is.
//
// What is in a zip was written by somebody else. All of it is looked at before
// a byte of it is used anywhere, and a zip that is in any way not what a vendor
// would make is refused as a whole.
package pack

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Bounds, against a zip made to fill a disk or a memory. The release has some
// 10,000 files of 1 GB in a zip of 600 MB; what is read here whole, a
// configuration file or a jar, is far below its bound.
const (
	maxFiles   = 200_000
	maxSize    = 16 << 30 // unpacked
	maxRatio   = 100      // unpacked to packed, of the whole
	maxRead    = 64 << 20
	maxName    = 1024
	maxElement = 255
)

// product is what the names of the release's root folders begin with.
const product = "wso2appm-"

const carbonXML = "repository/conf/carbon.xml"

// A Pack is a distribution zip that was looked at.
type Pack struct {
	Root    string // the folder at its top
	Version string // of the product, as its carbon.xml says
	Size    int64  // of all files, unpacked
	Folders []string
	Files   []File // in the order of their places in the zip
	Remote  bool   // the places are those of the files' headers

	index   map[string]int
	folders map[string]bool
	members []*zip.File
}

// A File is one that the pack unpacks to.
type File struct {
	Path   string // from the home on
	Mode   fs.FileMode
	Size   int64
	CRC    uint32
	Stored bool  // it is in the zip as it is, not deflated
	At     int64 // where in the zip its bytes begin
	Packed int64 // how many they are
}

// Open looks at a zip as a whole, but for the bytes of its files.
func Open(r io.ReaderAt, size int64) (*Pack, error) {
	p, err := open(r, size, false)
	if err != nil {
		return nil, err
	}
	return p, p.whose()
}

func open(r io.ReaderAt, size int64, remote bool) (*Pack, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, noZip(r, err)
	}
	p := &Pack{Remote: remote, index: map[string]int{}, folders: map[string]bool{}}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("holds more than %d files, which no pack does", maxFiles)
	}
	for _, f := range z.File {
		if err := p.add(f); err != nil {
			return nil, fmt.Errorf("%.200q in it %w; get the pack anew from its vendor", f.Name, err)
		}
	}
	if err := p.whole(size); err != nil {
		return nil, fmt.Errorf("%w; get the pack anew from its vendor", err)
	}
	return p, nil
}

// noZip says why a file cannot be read as a zip.
func noZip(r io.ReaderAt, err error) error {
	head := make([]byte, 4)
	if n, _ := r.ReadAt(head, 0); n == 4 && string(head) == "PK\x03\x04" && errors.Is(err, zip.ErrFormat) {
		return errors.New("is a zip that is cut off: its end, with the list of its files, is missing; copy or fetch it again")
	}
	if errors.Is(err, zip.ErrFormat) {
		return errors.New("is no zip; the pack is the file that the vendor offers, " + product + "….zip")
	}
	return err
}

// add takes one entry.
func (p *Pack) add(f *zip.File) error {
	name, err := checkName(f.Name)
	if err != nil {
		return err
	}
	root, rel, below := strings.Cut(name, "/")
	if p.Root == "" {
		p.Root = root
	}
	if root != p.Root || !below && !f.Mode().IsDir() {
		return fmt.Errorf("is not below the zip's only root folder, %s", p.Root)
	}
	if f.Mode().IsDir() {
		if below {
			return p.folder(rel)
		}
		return nil
	}
	return p.file(f, rel)
}

func checkName(name string) (string, error) {
	clean := strings.TrimSuffix(name, "/")
	switch {
	case clean == "" || len(name) > maxName || path.IsAbs(name) || path.Clean(clean) != clean || clean == "..", strings.HasPrefix(clean, "../"):
		return "", errors.New("has a name that leads out of it")
	case strings.Contains(name, `\`):
		return "", errors.New("has a name with a backslash, which leads out of it on some systems")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }):
		return "", errors.New("has a name that is no text")
	}
	for element := range strings.SplitSeq(clean, "/") {
		if len(element) > maxElement {
			return "", errors.New("has a name that no file system takes")
		}
	}
	return clean, nil
}

// folder notes a folder and those above it.
func (p *Pack) folder(rel string) error {
	for at := rel; at != "." && !p.folders[at]; at = path.Dir(at) {
		if _, is := p.index[at]; is {
			return fmt.Errorf("is a folder or lies in one, and %s is a file", at)
		}
		p.folders[at] = true
		p.Folders = append(p.Folders, at)
	}
	return nil
}

func (p *Pack) file(f *zip.File, rel string) error {
	if !f.Mode().IsRegular() {
		return errors.New("is no file but a link or a device")
	}
	if _, twice := p.index[rel]; twice || p.folders[rel] {
		return errors.New("is there twice")
	}
	if err := p.folder(path.Dir(rel)); err != nil {
		return err
	}
	if f.Flags&1 != 0 {
		return errors.New("is encrypted")
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return fmt.Errorf("is packed by a method that is not used for packs (%d)", f.Method)
	}
	if f.UncompressedSize64 > maxSize || f.CompressedSize64 > maxSize || f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64 {
		return errors.New("says an impossible size of itself")
	}
	at, err := f.DataOffset()
	if err != nil {
		return fmt.Errorf("cannot be found: %w", err)
	}
	if p.Remote {
		at -= headerSize
	}
	p.index[rel] = len(p.members)
	p.members = append(p.members, f)
	p.Files = append(p.Files, File{
		Path: rel, Mode: mode(f), Size: int64(f.UncompressedSize64), CRC: f.CRC32,
		Stored: f.Method == zip.Store, At: at, Packed: int64(f.CompressedSize64),
	})
	return nil
}

// mode keeps what the zip says, but for what no file of a server needs: to
// become another user, or to be written by everybody. A zip made where there are
// no modes gets the release's.
func mode(f *zip.File) fs.FileMode {
	const unix, darwin = 3, 19
	if system := f.CreatorVersion >> 8; system != unix && system != darwin {
		if strings.HasSuffix(f.Name, ".sh") {
			return 0o755
		}
		return 0o644
	}
	return f.Mode().Perm()&^0o002 | 0o600
}

// whole looks at all files together. Files that share bytes of the zip are how a
// small one unpacks to a large one.
func (p *Pack) whole(size int64) error {
	order := make([]int, len(p.Files))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(min(1, max(-1, p.Files[a].At-p.Files[b].At))) })
	files, members := make([]File, 0, len(order)), make([]*zip.File, 0, len(order))
	end := int64(0)
	for i, was := range order {
		f := p.Files[was]
		if f.At < end || f.At+f.Packed > size {
			return fmt.Errorf("%.200q in it overlaps with another file, or with the zip's end", f.Path)
		}
		end = f.At + f.Packed
		if p.Remote {
			end += headerSize + int64(len(p.members[was].Name))
		}
		p.Size += f.Size
		p.index[f.Path] = i
		files, members = append(files, f), append(members, p.members[was])
	}
	p.Files, p.members = files, members
	slices.Sort(p.Folders)
	if p.Size > maxSize || p.Size > maxRatio*size {
		return fmt.Errorf("unpacks to %d MB, more than any pack does", p.Size>>20)
	}
	return nil
}

// whose tells the product and its version.
func (p *Pack) whose() error {
	if p.Root == "" {
		return errors.New("holds nothing; get the pack anew from its vendor")
	}
	if !strings.HasPrefix(p.Root, product) {
		return fmt.Errorf("is a pack of something else: its root folder is %.80q, that of App Manager begins with %s", p.Root, product)
	}
	data, err := p.Read(carbonXML)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("is no whole pack: it has no %s", carbonXML)
	}
	if err != nil {
		return err
	}
	doc, err := xmledit.Parse(data)
	if err != nil {
		return fmt.Errorf("%s in it: %w", carbonXML, err)
	}
	v, err := doc.One("Server/Version")
	if err != nil {
		return fmt.Errorf("%s in it: %w", carbonXML, err)
	}
	p.Version = v.Text()
	return nil
}

// File finds a file by its path from the home on.
func (p *Pack) File(rel string) (File, bool) {
	i, there := p.index[rel]
	if !there {
		return File{}, false
	}
	return p.Files[i], true
}

// Folder tells whether there is a folder of that path; "" is the home itself.
func (p *Pack) Folder(rel string) bool { return rel == "" || p.folders[rel] }

// Glob are the files that match a pattern whose last element may have * and ?,
// sorted.
func (p *Pack) Glob(pattern string) []string {
	var list []string
	for _, f := range p.Files {
		if path.Dir(f.Path) != path.Dir(pattern) {
			continue
		}
		if match, err := path.Match(path.Base(pattern), path.Base(f.Path)); err == nil && match {
			list = append(list, f.Path)
		}
	}
	slices.Sort(list)
	return list
}

// Read returns the bytes of one file.
func (p *Pack) Read(rel string) ([]byte, error) {
	f, there := p.File(rel)
	if !there {
		return nil, fmt.Errorf("%s: %w", rel, fs.ErrNotExist)
	}
	if f.Size > maxRead {
		return nil, fmt.Errorf("%s in it is larger than %d MB, which it is in no pack", rel, maxRead>>20)
	}
	from, err := p.members[p.index[rel]].Open()
	if err == nil {
		defer from.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(from, f.Size+1)); err == nil && int64(len(data)) == f.Size {
			return data, nil
		}
	}
	return nil, broken(rel, err)
}

// Sum returns the sha256 of one file.
func (p *Pack) Sum(rel string) (string, error) {
	f, there := p.File(rel)
	if !there {
		return "", fmt.Errorf("%s: %w", rel, fs.ErrNotExist)
	}
	from, err := p.members[p.index[rel]].Open()
	if err != nil {
		return "", broken(rel, err)
	}
	defer from.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(h, io.LimitReader(from, f.Size+1), make([]byte, 64<<10))
	if err != nil || n != f.Size {
		return "", broken(rel, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func broken(rel string, err error) error {
	if err == nil {
		err = errors.New("it is longer than it says")
	}
	return fmt.Errorf("%s in it cannot be unpacked: %w; get the pack anew from its vendor", rel, err)
}
