package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// task is what a process of its own does, as the tool is one.
type task struct {
	User, KeyFile, KnownHosts string
	Lines                     map[string]string // host:port → what to run there, all at once
	Upload                    string            // or a file to upload
	To                        lab.Endpoint
}

func child(ctx context.Context, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var t task
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	if t.Upload != "" {
		return t.upload(ctx)
	}
	return t.floor()
}

// floor logs in everywhere and runs one line, as plainly as it can be done.
func (t task) floor() error {
	data, err := os.ReadFile(t.KeyFile)
	if err != nil {
		return err
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return err
	}
	known, err := knownhosts.New(t.KnownHosts)
	if err != nil {
		return err
	}
	cfg := &ssh.ClientConfig{User: t.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: known}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for address, line := range t.Lines {
		wg.Go(func() {
			if err := runLine(cfg, address, line); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s: %w", address, err))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func runLine(cfg *ssh.ClientConfig, address, line string) error {
	client, err := ssh.Dial("tcp", address, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	_, err = session.Output(line)
	return err
}

// upload prints how long the upload of a file takes, after the login.
func (t task) upload(ctx context.Context) error {
	conn, err := sshexec.Dial(ctx, sshexec.Config{
		Address: t.To.Host, Port: t.To.Port, User: t.User, KeyFiles: []string{t.KeyFile}, KnownHosts: []string{t.KnownHosts},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	src, err := os.Open(t.Upload)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	begin := time.Now()
	path, err := conn.Upload(ctx, "bench", src, info.Size(), nil)
	took := time.Since(begin)
	if err != nil {
		return err
	}
	fmt.Println(took.Seconds())
	return conn.Unstage(ctx, path)
}

func address(e lab.Endpoint) string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }
