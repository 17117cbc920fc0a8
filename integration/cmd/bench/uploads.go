package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// driverSize is that of the largest driver so far.
const driverSize = 2_500_000

// The least ratios of an upload to the faster of scp and sftp.
var boundUpload = map[time.Duration]float64{0: 0.9, 40 * time.Millisecond: 2}

// uploads prints how fast a large file and one of a driver's size travel, beside
// scp and sftp. The logins are left out: ours is not in the figure, and that of
// ssh is measured and taken off.
func (b *bench) uploads() error {
	large, err := b.file("large", b.size<<20)
	if err != nil {
		return err
	}
	driver, err := b.file("driver", driverSize)
	if err != nil {
		return err
	}
	host := b.managed()[0]
	for _, delay := range delays {
		to := b.ways[delay][host.Name]
		fmt.Printf("\nupload, login left out, round trip %s\n", delay)
		if err := b.compare(fmt.Sprintf("%d MB", b.size), large, b.size<<20, to, delay); err != nil {
			return err
		}
		if err := b.compare("a driver", driver, driverSize, to, -1); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) file(name string, size int) (string, error) {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	file := filepath.Join(b.dir, name)
	return file, os.WriteFile(file, data, 0o600)
}

// compare uploads a file in each way in turn.
func (b *bench) compare(what, file string, size int, to lab.Endpoint, bound time.Duration) error {
	var login, ours, whole, scp, sftp []float64
	batch := filepath.Join(b.dir, "batch")
	if err := os.WriteFile(batch, []byte("put "+file+" bench.sftp\n"), 0o600); err != nil {
		return err
	}
	options := []string{"-F", "none", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-i", b.lab.KeyFile, "-o", "UserKnownHostsFile=" + b.lab.KnownHosts}
	port, at := strconv.Itoa(to.Port), b.lab.User+"@"+to.Host
	with := func(last ...string) []string { return append(append([]string{}, options...), last...) }
	for range b.rounds {
		for _, way := range []struct {
			took *[]float64
			name string
			args []string
		}{
			{&login, "ssh", with("-p", port, at, "true")},
			{&scp, "scp", with("-q", "-P", port, file, at+":bench.scp")},
			{&login, "ssh", with("-p", port, at, "rm -f bench.scp")},
			{&sftp, "sftp", with("-q", "-P", port, "-b", batch, at)},
			{&login, "ssh", with("-p", port, at, "rm -f bench.sftp")},
		} {
			c, err := b.process(0, nil, way.name, way.args...)
			if err != nil {
				return err
			}
			*way.took = append(*way.took, c.took.Seconds())
		}
		took, all, err := b.upload(file, to)
		if err != nil {
			return err
		}
		ours, whole = append(ours, took), append(whole, all)
	}
	mb := float64(size) / 1e6
	speed := func(seconds float64) float64 { return mb / max(seconds, 0.001) }
	us, byScp, bySftp := speed(median(ours)), speed(median(scp)-median(login)), speed(median(sftp)-median(login))
	ratio := us / max(byScp, bySftp)
	fmt.Printf("  %-8s %6.1f MB/s, %.3f s (%.3f s with process and login); scp %.1f MB/s, sftp %.1f MB/s; %.2f x the faster", what, us, median(ours), median(whole), byScp, bySftp, ratio)
	if least, is := boundUpload[bound]; is {
		fmt.Printf("  %s (>= %.1f)", b.judge("upload, "+bound.String(), ratio >= least), least)
	}
	fmt.Println()
	return nil
}

func (b *bench) upload(file string, to lab.Endpoint) (took, whole float64, err error) {
	config, err := b.write(task{Upload: file, To: to})
	if err != nil {
		return 0, 0, err
	}
	var out bytes.Buffer
	c, err := b.process(0, &out, b.self, "child", config)
	if err != nil {
		return 0, 0, err
	}
	took, err = strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
	return took, c.took.Seconds(), err
}
