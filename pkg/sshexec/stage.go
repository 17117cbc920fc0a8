package sshexec

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the script
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed script/stage.sh
var stageScript string

// staging remembers which files in the folder for uploads are this connection's:
// an upload goes on with those of others only.
type staging struct {
	mu    sync.Mutex // held while one begins, lest it takes what the next has just begun
	parts []string
}

// onStage runs a command of stage.sh in the folder for uploads, as its owner: the
// user who logs in, or the one who scripts run as.
func (c *Conn) onStage(ctx context.Context, command string) (body []byte, what outcome, err error) {
	return c.batch(ctx, job{mark: marker(), name: "folder of uploads", become: c.cfg.apart(), script: stageScript + c.stageFolder() + " && " + command})
}

// staging is the folder as it is named in messages.
func (cfg *Config) staging() string {
	return or(cfg.StagingDirectory, OwnUploads+" in "+or(cfg.Store, "the store of "+cfg.BecomeUser))
}

// Staging is the folder for uploads: absolute, or in the home of the user who logs
// in, or, where it is apart, of the one who scripts run as.
func (cfg Config) Staging() (folder string, apart bool) {
	cfg = cfg.withDefaults()
	switch {
	case cfg.StagingDirectory != "":
		return cfg.StagingDirectory, cfg.apart()
	case cfg.Store != "":
		return path.Join(cfg.Store, OwnUploads), true
	}
	return path.Join(ownStore, OwnUploads), true
}

// ownStore is where store.sh has the store of a user who is not root.
const ownStore = ".local/state/appm-provision"

// stageFolder is the text that makes the folder.
func (c *Conn) stageFolder() string {
	if c.cfg.StagingDirectory == "" {
		return c.storeText() + "stored " + OwnUploads
	}
	return "folder " + quote(c.cfg.StagingDirectory)
}

// Blocks are what a part left behind is compared by. Each costs the host two
// forks.
const (
	blockSize = 8 << 20
	maxBlocks = 64
)

// begin makes the part and finds out what of the file is missing in it.
func (u *upload) begin() error {
	block := max(blockSize, (u.size/maxBlocks+1<<20-1)>>20<<20)
	body, what, err := u.makePart(block)
	if err != nil {
		return err
	}
	head, where, ok := bytes.Cut(body, []byte("\n.\n"))
	if !ok {
		return u.conn.cfg.fail(Upload, nil, "the folder for uploads, %s: %s", u.conn.cfg.staging(), or(lastLine(what.stderr), "it cannot be used"))
	}
	u.path = string(bytes.TrimSuffix(where, []byte("\n")))
	lines := strings.Split(string(head), "\n")
	if err := u.compare(lines[1:], block); err != nil {
		return err
	}
	return u.fits(lines[0])
}

// makePart tries twice, because whoever removes the last upload removes the
// folder.
func (u *upload) makePart(block int64) ([]byte, outcome, error) {
	like := fmt.Sprintf("%s.%d", safeName(u.name), u.size)
	u.part = like + "." + randomHex(8) + ".part"
	args := []string{like, u.part, strconv.FormatInt(u.size, 10), strconv.FormatInt((u.size+block-1)/block, 10), strconv.FormatInt(block>>20, 10)}
	s := &u.conn.stage
	s.mu.Lock()
	defer s.mu.Unlock()
	args = append(args, s.parts...)
	s.parts = append(s.parts, u.part)
	begin := "begin " + quoteAll(args)
	return u.conn.onStage(u.ctx, begin+" || { "+u.conn.stageFolder()+" && "+begin+"; }")
}

// compare finds what of the file has to be sent: the blocks whose hashes are not
// those of the source.
func (u *upload) compare(hashes []string, block int64) error {
	buf := make([]byte, 32<<10)
	for at := int64(0); at < u.size; at += block {
		s := span{at, min(at+block, u.size)}
		if i := int(at / block); i < len(hashes) && isSum(hashes[i]) {
			h := sha256.New()
			n, err := io.CopyBuffer(h, io.NewSectionReader(u.src, s.from, s.to-s.from), buf)
			if err == nil && n != s.to-s.from {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return sourceError{err}
			}
			if hex.EncodeToString(h.Sum(nil)) == hashes[i] {
				u.done += n
				continue
			}
		}
		u.missing = append(u.missing, s)
	}
	return nil
}

// fits refuses an upload for which there is no room, before it begins. The line
// is the size of the part and the KiB that are free; the latter may be missing.
func (u *upload) fits(line string) error {
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil
	}
	has, errHas := strconv.ParseInt(words[0], 10, 64)
	free, errFree := strconv.ParseInt(words[1], 10, 64)
	if errHas != nil || errFree != nil || (u.size-has)>>10 <= free {
		return nil
	}
	return u.conn.cfg.fail(Upload, nil, "no space for the upload of %s: %d MB are needed in %s, %d MB are free", u.name, (u.size-has)>>20+1, path.Dir(u.path), free>>10)
}

// Unstage removes uploads. One that is not there any more is no error.
func (c *Conn) Unstage(ctx context.Context, remotePath ...string) error {
	if len(remotePath) == 0 {
		return nil
	}
	if err := hasNUL(remotePath...); err != nil {
		return c.cfg.fail(Request, err, "removing uploads")
	}
	body, what, err := c.onStage(ctx, "discard "+quoteAll(remotePath)+" && echo gone")
	if err == nil && !bytes.HasPrefix(body, []byte("gone")) {
		err = c.cfg.fail(Upload, errors.New(or(lastLine(what.stderr), "it cannot be done")), "removing uploads")
	}
	return err
}
