package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/product"
)

// The release has some thousand files, most of them jars; and neither side may
// hold a pack in its memory.
const (
	packFiles       = 3000
	boundPackMemory = 150 // MB
)

// packs prints how a pack travels, beside scp, and what unpacking it to a bare
// host takes: of time, and of memory on both sides.
func (b *bench) packs() error {
	file, size, err := b.packFile()
	if err != nil {
		return err
	}
	host, rounds := b.managed()[0], b.rounds
	b.rounds = 1 // it is large
	defer func() { b.rounds = rounds }()
	for _, delay := range delays {
		fmt.Printf("\na pack of %d MB and %d files, round trip %s\n", size>>20, packFiles, delay)
		if err := b.compare("upload", file, int(size), b.ways[delay][host.Name], delay); err != nil {
			return err
		}
		if err := b.unpack(file, host, delay); err != nil {
			return err
		}
	}
	return nil
}

// packFile makes a pack of the size asked for: the product's own files, and jars
// that cannot be made smaller.
func (b *bench) packFile() (string, int64, error) {
	small, err := product.Home{}.Pack()
	if err != nil {
		return "", 0, err
	}
	r, err := zip.NewReader(bytes.NewReader(small), int64(len(small)))
	if err != nil {
		return "", 0, err
	}
	file := filepath.Join(b.dir, product.PackRoot+".zip")
	f, err := os.Create(file)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for _, e := range r.File {
		if err := w.Copy(e); err != nil {
			return "", 0, err
		}
	}
	data, noise := make([]byte, b.pack<<20/packFiles), rand.NewChaCha8([32]byte{})
	for i := range packFiles {
		_, _ = noise.Read(data)
		head := &zip.FileHeader{Name: fmt.Sprintf("%s/repository/components/plugins/bundle_%04d.jar", product.PackRoot, i), Method: zip.Deflate}
		head.SetMode(0o644)
		to, err := w.CreateHeader(head)
		if err == nil {
			_, err = to.Write(data)
		}
		if err != nil {
			return "", 0, err
		}
	}
	if err := w.Close(); err != nil {
		return "", 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	return file, info.Size(), f.Sync()
}

// unpack takes the home of a host away, and has the tool bring it back.
func (b *bench) unpack(file string, host *lab.Host, delay time.Duration) error {
	inventory, err := b.bareInventory(file, host, delay)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(host.Path(host.Nodes[0].Home)); err != nil {
		return err
	}
	plan, err := b.process(0, nil, b.tool, "plan", "-i", inventory)
	if err != nil {
		return err
	}
	idle, _ := host.Resident()
	ended, most := make(chan struct{}), make(chan int64, 1)
	go func() { most <- mostResident(host, ended) }()
	apply, err := b.process(0, nil, b.tool, "apply", "--yes", "-i", inventory)
	close(ended)
	onHost := max(0, <-most-idle) >> 20
	if err != nil {
		return err
	}
	fmt.Printf("  unpack   plan %.1f s, apply %.1f s; at most %d MB here", plan.took.Seconds(), apply.took.Seconds(), apply.memory)
	if b.lab.Form == "real" {
		fmt.Printf(", %d MB there", onHost)
	}
	keeps := apply.memory < boundPackMemory && onHost < boundPackMemory
	fmt.Printf("  %s (< %d MB)\n", b.judge("memory of a pack", keeps), boundPackMemory)
	return nil
}

func (b *bench) bareInventory(pack string, host *lab.Host, delay time.Duration) (string, error) {
	file, err := b.inventory(1, delay)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	user := b.lab.User
	if b.lab.Form == "real" {
		user = "wso2"
	}
	bare := strings.Replace("partial = true\n"+string(text), "[product]\n", fmt.Sprintf("[pack]\nfile = %q\n\n[product]\nservice_user = %q\n", pack, user), 1)
	return file, os.WriteFile(file, []byte(bare), 0o600)
}

func mostResident(host *lab.Host, ended <-chan struct{}) (most int64) {
	for {
		if now, err := host.Resident(); err == nil {
			most = max(most, now)
		}
		select {
		case <-ended:
			return most
		case <-time.After(100 * time.Millisecond):
		}
	}
}
