package pack

import (
	"encoding/binary"
	"io"
)

// OpenRemote is Open for a zip of which each reading is dear: the list at its end
// and the files that are asked for are read, and nothing else. Where a file's own
// bytes begin is not known then; its At is that of the header before them.
func OpenRemote(r io.ReaderAt, size int64) (*Pack, error) {
	h := &headers{ReaderAt: r, skip: true}
	p, err := open(h, size, true)
	h.skip = false
	if err != nil {
		return nil, err
	}
	return p, p.whose()
}

// headerSize is the length of a file's header in a zip, but for its name and what
// follows that.
const headerSize = 30

// headers answers for the headers of files, as long as it is only asked where
// these are: with one that has no name.
type headers struct {
	io.ReaderAt
	skip bool
}

func (h *headers) ReadAt(p []byte, at int64) (int, error) {
	if !h.skip || len(p) != headerSize {
		return h.ReaderAt.ReadAt(p, at)
	}
	clear(p)
	binary.LittleEndian.PutUint32(p, 0x04034b50)
	return len(p), nil
}
