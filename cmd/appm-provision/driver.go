package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// maxDriver bounds a download: the vendor's largest archive is 20 MB.
const maxDriver = 256 << 20

// driver reads the JDBC driver that the inventory names.
func driver(ctx context.Context, dir string, d inventory.Driver) (steps.Driver, converge.Source, error) {
	name, data, err := driverFile(ctx, dir, d)
	if err != nil {
		return steps.Driver{}, converge.Source{}, fmt.Errorf("driver: %w", err)
	}
	if sum := sha256.Sum256(data); d.SHA256 != "" && hex.EncodeToString(sum[:]) != d.SHA256 {
		return steps.Driver{}, converge.Source{}, usage("driver: %s has sha256 %x, and the inventory says %s; get it anew, or correct the inventory", name, sum, d.SHA256)
	}
	jar, data, err := steps.PickDriver(name, data, d.Class)
	if err != nil {
		return steps.Driver{}, converge.Source{}, usage("driver: %v", err)
	}
	return jar, converge.Source{Name: jar.Name, Size: jar.Size, Reader: bytes.NewReader(data)}, nil
}

func driverFile(ctx context.Context, dir string, d inventory.Driver) (string, []byte, error) {
	if d.URL == "" {
		file := resolve(dir, d.File)
		data, err := os.ReadFile(file)
		if err != nil {
			return "", nil, usage("%v; get Connector/J from its vendor, or correct driver.file in the inventory", err)
		}
		return file, data, nil
	}
	return fetched(ctx, d)
}

// fetched is the driver by URL: fetched once to this machine, under its digest,
// never by the hosts.
func fetched(ctx context.Context, d inventory.Driver) (string, []byte, error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return "", nil, usage("%v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(cache, "appm-provision", d.SHA256, path.Base(u.Path))
	if data, err := os.ReadFile(file); err == nil {
		return file, data, nil
	}
	data, err := get(ctx, d.URL)
	if err != nil {
		return "", nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != d.SHA256 {
		return path.Base(u.Path), data, nil // the caller says so; nothing wrong is kept
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(file+".part", data, 0o600); err != nil {
		return "", nil, err
	}
	return file, data, os.Rename(file+".part", file)
}

func get(ctx context.Context, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; correct driver.url in the inventory, or use driver.file", from, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDriver+1))
	if err == nil && len(data) > maxDriver {
		err = fmt.Errorf("%s is larger than %d MB", from, maxDriver>>20)
	}
	return data, err
}
