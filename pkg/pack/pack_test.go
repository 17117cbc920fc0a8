package pack_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/pack"
)

// entry is one of a crafted zip.
type entry struct {
	name string
	text string
	mode fs.FileMode
	head func(*zip.FileHeader)
}

const carbon = `<?xml version="1.0"?><Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Version>1.2.0</Version></Server>`

// vendor is a zip as small as one can be, and more entries.
func vendor(t *testing.T, more ...entry) []byte {
	t.Helper()
	return zipped(t, append([]entry{
		{name: "wso2appm-1.2.0/", mode: fs.ModeDir | 0o755},
		{name: "wso2appm-1.2.0/bin/wso2server.sh", text: "#!/bin/sh\n", mode: 0o755},
		{name: "wso2appm-1.2.0/repository/conf/carbon.xml", text: carbon, mode: 0o644},
	}, more...)...)
}

func zipped(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		head := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			head.SetMode(e.mode)
		}
		if e.head != nil {
			e.head(head)
		}
		to, err := w.CreateHeader(head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write([]byte(e.text)); e.text != "" && err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte) (*pack.Pack, error) { return pack.Open(bytes.NewReader(data), int64(len(data))) }

func TestAPackTellsWhatItUnpacksTo(t *testing.T) {
	p, err := open(vendor(t,
		entry{name: "wso2appm-1.2.0/repository/components/lib/", mode: fs.ModeDir | 0o755},
		entry{name: "wso2appm-1.2.0/lib/a name.jar", text: "jar", mode: 0o4777},
		entry{name: "wso2appm-1.2.0/lib/b.jar", text: "other", head: func(h *zip.FileHeader) { h.Method = zip.Store }},
		entry{name: "wso2appm-1.2.0/lib/deep/c.jar", mode: 0o640}))
	if err != nil {
		t.Fatal(err)
	}
	if p.Root != "wso2appm-1.2.0" || p.Version != "1.2.0" || len(p.Files) != 5 {
		t.Errorf("got root %s, version %s, files %v", p.Root, p.Version, p.Files)
	}
	want := []string{"bin", "lib", "lib/deep", "repository", "repository/components", "repository/components/lib", "repository/conf"}
	if !slices.Equal(p.Folders, want) {
		t.Errorf("got folders %v, want %v", p.Folders, want)
	}
	for rel, mode := range map[string]fs.FileMode{"bin/wso2server.sh": 0o755, "lib/a name.jar": 0o775, "lib/b.jar": 0o644, "lib/deep/c.jar": 0o640} {
		if f, there := p.File(rel); !there || f.Mode != mode {
			t.Errorf("%s: mode %o, want %o", rel, f.Mode, mode)
		}
	}
	if got := p.Glob("lib/*.jar"); !slices.Equal(got, []string{"lib/a name.jar", "lib/b.jar"}) {
		t.Errorf("*.jar in lib are %v", got)
	}
	if data, err := p.Read("lib/b.jar"); string(data) != "other" || err != nil {
		t.Errorf("b.jar is %q, %v", data, err)
	}
	if sum, err := p.Sum("lib/deep/c.jar"); !strings.HasPrefix(sum, "e3b0c44298fc1c14") || err != nil {
		t.Errorf("the sum of an empty file is %s, %v", sum, err)
	}
	if !p.Folder("") || !p.Folder("lib") || p.Folder("lib/b.jar") || p.Folder("nothing") {
		t.Error("it does not tell its folders")
	}
}

// The place of each file is what a host unpacks by.
func TestTheBytesOfAFileAreWhereItSays(t *testing.T) {
	data := vendor(t, entry{name: "wso2appm-1.2.0/x", text: "stored", head: func(h *zip.FileHeader) { h.Method = zip.Store }})
	p, err := open(data)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := p.File("x")
	if got := string(data[f.At : f.At+f.Packed]); got != "stored" || !f.Stored {
		t.Errorf("at its place stands %q", got)
	}
	for i, f := range p.Files[1:] {
		if f.At <= p.Files[i].At {
			t.Errorf("%s is not behind %s", f.Path, p.Files[i].Path)
		}
	}
}

func TestWhatIsNoPackIsRefused(t *testing.T) {
	whole := vendor(t)
	with := func(e entry) func(*testing.T) []byte { return func(t *testing.T) []byte { return vendor(t, e) } }
	root := "wso2appm-1.2.0/"
	for _, c := range []struct {
		what string
		make func(t *testing.T) []byte
		want string
	}{
		{"an empty file", func(*testing.T) []byte { return nil }, "is no zip"},
		{"a text", func(*testing.T) []byte { return []byte("<html>not found</html>") }, "is no zip"},
		{"half a zip", func(*testing.T) []byte { return whole[:len(whole)/2] }, "is cut off"},
		{"a zip without its last byte", func(*testing.T) []byte { return whole[:len(whole)-1] }, "is cut off"},
		{"a zip of nothing", func(t *testing.T) []byte { return zipped(t) }, "holds nothing"},
		{"another product", func(t *testing.T) []byte {
			return zipped(t, entry{name: "wso2am-1.10.0/bin/wso2server.sh", text: "x"})
		}, `its root folder is "wso2am-1.10.0"`},
		{"no carbon.xml", func(t *testing.T) []byte { return zipped(t, entry{name: root + "bin/wso2server.sh"}) }, "no repository/conf/carbon.xml"},
		{"a carbon.xml that is none", func(t *testing.T) []byte {
			return zipped(t, entry{name: root + "repository/conf/carbon.xml", text: "<Server>"})
		}, "carbon.xml in it"},
		{"two roots", with(entry{name: "other/x"}), "only root folder"},
		{"a file beside the root", with(entry{name: "README"}), "only root folder"},
		{"a way out", with(entry{name: root + "../../etc/cron.d/x"}), "leads out"},
		{"a root of dots", with(entry{name: "../x"}), "leads out"},
		{"an absolute name", with(entry{name: "/etc/passwd"}), "leads out"},
		{"a name in no shortest form", with(entry{name: root + "a//b"}), "leads out"},
		{"a backslash", with(entry{name: root + `a\..\b`}), "backslash"},
		{"a line end in a name", with(entry{name: root + "a\nb"}), "no text"},
		{"a long name", with(entry{name: root + strings.Repeat("a", 256)}), "no file system"},
		{"a symlink", with(entry{name: root + "link", text: "/etc", mode: fs.ModeSymlink | 0o777}), "link or a device"},
		{"a device", with(entry{name: root + "null", mode: fs.ModeDevice | 0o666}), "link or a device"},
		{"a file twice", with(entry{name: root + "bin/wso2server.sh", text: "other"}), "twice"},
		{"a file that is a folder", with(entry{name: root + "bin"}), "twice"},
		{"a folder that is a file", with(entry{name: root + "bin/wso2server.sh/x"}), "is a file"},
		{"an encrypted file", with(entry{name: root + "x", head: func(h *zip.FileHeader) { h.Flags |= 1 }}), "encrypted"},
		{"a bomb", with(entry{name: root + "zeros", text: strings.Repeat("\x00", 8<<20)}), "unpacks to 8 MB"},
		{"files that share their bytes", overlapping, "overlaps"},
		{"a file that is shorter than it says", lying, "carbon.xml in it cannot be unpacked"},
	} {
		if _, err := open(c.make(t)); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", c.what, err, c.want)
		}
	}
}

// overlapping has two entries in its list that lead to one place.
func overlapping(t *testing.T) []byte {
	data := vendor(t, entry{name: "wso2appm-1.2.0/a", text: "aaaa"}, entry{name: "wso2appm-1.2.0/b", text: "bbbb"})
	first, second := central(data, "wso2appm-1.2.0/a"), central(data, "wso2appm-1.2.0/b")
	copy(data[second+42:second+46], data[first+42:first+46])
	return data
}

// lying says another size of carbon.xml than it has.
func lying(t *testing.T) []byte {
	data := vendor(t)
	at := central(data, "wso2appm-1.2.0/repository/conf/carbon.xml")
	binary.LittleEndian.PutUint32(data[at+24:], uint32(len(carbon)-1))
	return data
}

// central is where the list has the entry of that name.
func central(data []byte, name string) int {
	return bytes.LastIndex(data, []byte(name)) - 46
}

// A zip that was made where there are no modes gets those of the release.
func TestModesOfAZipWithoutModes(t *testing.T) {
	dos := func(h *zip.FileHeader) { h.CreatorVersion, h.ExternalAttrs = 0, 0 }
	p, err := open(vendor(t, entry{name: "wso2appm-1.2.0/bin/x.sh", head: dos}, entry{name: "wso2appm-1.2.0/y", head: dos}))
	if err != nil {
		t.Fatal(err)
	}
	for rel, want := range map[string]fs.FileMode{"bin/x.sh": 0o755, "y": 0o644} {
		if f, _ := p.File(rel); f.Mode != want {
			t.Errorf("%s: mode %o, want %o", rel, f.Mode, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"wso2appm-1.2.0/repository/conf/carbon.xml", "wso2appm-1.2.0/x"} {
		to, err := w.Create(name)
		if err != nil {
			f.Fatal(err)
		}
		fmt.Fprint(to, carbon)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := open(data)
		if err != nil {
			return
		}
		for _, file := range p.Files {
			if strings.Contains(file.Path, "..") && slices.Contains(strings.Split(file.Path, "/"), "..") || file.At < 0 || file.At+file.Packed > int64(len(data)) {
				t.Fatalf("%+v leads out", file)
			}
			if read, err := p.Read(file.Path); err == nil && int64(len(read)) != file.Size {
				t.Fatalf("%s: %d bytes of %d", file.Path, len(read), file.Size)
			}
		}
	})
}

func TestAPlainPackIsTheSamePack(t *testing.T) {
	p, err := open(vendor(t, entry{name: "wso2appm-1.2.0/lib/x.jar", text: strings.Repeat("jar", 1000), mode: 0o640}))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Plain(&b); err != nil {
		t.Fatal(err)
	}
	plain, err := open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plain.Folders, p.Folders) || plain.Size != p.Size || len(plain.Files) != len(p.Files) {
		t.Errorf("got %+v", plain)
	}
	for _, f := range p.Files {
		got, there := plain.File(f.Path)
		want, err := p.Read(f.Path)
		data, errPlain := plain.Read(f.Path)
		if !there || !got.Stored || got.Mode != f.Mode || got.CRC != f.CRC || !bytes.Equal(data, want) || err != nil || errPlain != nil {
			t.Errorf("%s became %+v (%v, %v)", f.Path, got, err, errPlain)
		}
	}
}

// counted tells how much was read.
type counted struct {
	*bytes.Reader
	bytes int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	c.bytes += len(p)
	return c.Reader.ReadAt(p, at)
}

func TestARemotePackIsHardlyRead(t *testing.T) {
	big := entry{name: "wso2appm-1.2.0/big", text: strings.Repeat("0123456789", 20_000), head: func(h *zip.FileHeader) { h.Method = zip.Store }}
	data := vendor(t, big, entry{name: "wso2appm-1.2.0/x", text: "text"})
	from := &counted{Reader: bytes.NewReader(data)}
	p, err := pack.OpenRemote(from, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.Read("x"); string(text) != "text" || err != nil || !p.Remote || p.Version != "1.2.0" {
		t.Errorf("x is %q, %v", text, err)
	}
	if from.bytes > len(data)/2 {
		t.Errorf("%d bytes of %d were read", from.bytes, len(data))
	}
	for _, f := range p.Files {
		if name := "wso2appm-1.2.0/" + f.Path; string(data[f.At:f.At+4]) != "PK\x03\x04" || string(data[f.At+30:f.At+30+int64(len(name))]) != name {
			t.Errorf("%s: its header is not at %d", f.Path, f.At)
		}
	}
	crafted := overlapping(t)
	if _, err := pack.OpenRemote(bytes.NewReader(crafted), int64(len(crafted))); err == nil || !strings.Contains(err.Error(), "overlaps") {
		t.Errorf("files that share their bytes: %v", err)
	}
}
