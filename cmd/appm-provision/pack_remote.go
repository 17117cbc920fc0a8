package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/pack"
)

// parts of a remote pack are read by as many bytes at a time; so many are kept.
const (
	partSize  = 512 << 10
	partsKept = 24
	partLimit = time.Minute
)

// withCopy is what helps where a pack cannot be read from afar.
const withCopy = `write file = "…", a copy on this machine, beside url under [pack]`

// remotePack reads a pack that only its server has: the list of its files and
// those that the steps read, by asking for parts. That these are of the pack with
// the inventory's sha256 the hosts find out, before they make anything of it.
func remotePack(ctx context.Context, url string) (*localPack, error) {
	r := &remoteFile{ctx: ctx, url: url, parts: map[int64][]byte{}}
	if _, err := r.part(0); err != nil {
		return nil, usage("pack: %v; %s", err, withCopy)
	}
	p, err := pack.OpenRemote(r, r.size)
	if err != nil {
		return nil, usage("pack: %s %v", url, err)
	}
	return &localPack{p, converge.Source{Name: path.Base(url), Size: r.size}, func() error { return nil }}, nil
}

// remoteFile is a file of a web server that gives parts of it.
type remoteFile struct {
	ctx context.Context
	url string

	mu    sync.Mutex
	size  int64 // known with the first part
	tag   string
	parts map[int64][]byte
	order []int64
}

func (r *remoteFile) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		if at+int64(n) >= r.size {
			return n, io.EOF
		}
		data, err := r.part((at + int64(n)) / partSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[(at+int64(n))%partSize:])
	}
	return n, nil
}

// part is one part, asked for once as long as it is kept.
func (r *remoteFile) part(i int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if data, known := r.parts[i]; known {
		return data, nil
	}
	data, err := r.ask(i*partSize, (i+1)*partSize-1)
	if err != nil {
		return nil, err
	}
	if r.order = append(r.order, i); len(r.order) > partsKept {
		delete(r.parts, r.order[0])
		r.order = r.order[1:]
	}
	r.parts[i] = data
	return data, nil
}

func (r *remoteFile) ask(from, to int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.ctx, partLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent {
		return nil, fmt.Errorf("%s answers %s when it is asked for a part of the file, which a plan needs", r.url, resp.Status)
	}
	size, tag, err := rangeOf(resp, from)
	if err == nil && r.size != 0 && (size != r.size || tag != r.tag) {
		err = errors.New("the file changes while it is read")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.url, err)
	}
	r.size, r.tag = size, tag
	data, err := io.ReadAll(io.LimitReader(resp.Body, to-from+2))
	if want := min(to, size-1) - from + 1; err == nil && int64(len(data)) != want {
		err = fmt.Errorf("%s sends %d bytes of a part of %d", r.url, len(data), want)
	}
	return data, err
}

// rangeOf reads which part an answer is, and of how large a file.
func rangeOf(resp *http.Response, from int64) (size int64, tag string, err error) {
	span, total, _ := strings.Cut(strings.TrimPrefix(resp.Header.Get("Content-Range"), "bytes "), "/")
	first, _, _ := strings.Cut(span, "-")
	size, err = strconv.ParseInt(total, 10, 64)
	if at, errAt := strconv.ParseInt(first, 10, 64); err != nil || errAt != nil || at != from || size <= from {
		return 0, "", fmt.Errorf("it sends another part than was asked for (%.60q)", resp.Header.Get("Content-Range"))
	}
	return size, resp.Header.Get("ETag"), nil
}
