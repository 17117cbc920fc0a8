package sshexec

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// server is an SSH server inside the test: it runs commands with a local sh,
// serves SFTP, and forwards TCP and unix sockets.
type server struct {
	address string
	port    int
	hostKey ssh.Signer
	shell   []string // what runs a command line, which becomes its last argument
	noSFTP  bool
	deaf    atomic.Int32 // so many requests for a command are not answered: their channel is closed
	mu      sync.Mutex
	conns   []net.Conn
}

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// writeKey makes a key pair, and a file of the private half.
func writeKey(t testing.TB, passphrase string) (file string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err = ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return file, signer
}

// listen starts a server that lets in whoever holds the key.
func listen(t testing.TB, allowed ssh.PublicKey) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: "127.0.0.1", port: l.Addr().(*net.TCPAddr).Port, hostKey: newKey(t), shell: []string{"/bin/sh", "-c"}}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if sameKey(key, allowed) {
			return nil, nil
		}
		return nil, errors.New("another key")
	}}
	config.AddHostKey(s.hostKey)
	t.Cleanup(func() { l.Close(); s.cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.serve(conn, config)
		}
	}()
	return s
}

// cut closes all connections, as a failing network does.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
}

func (s *server) serve(tcp net.Conn, config *ssh.ServerConfig) {
	conn, channels, requests, err := ssh.NewServerConn(tcp, config)
	if err != nil {
		tcp.Close()
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for next := range channels {
		switch next.ChannelType() {
		case "session":
			channel, requests, err := next.Accept()
			if err != nil {
				return
			}
			go s.session(channel, requests)
		case "direct-tcpip":
			go forward(next)
		case "direct-streamlocal@openssh.com":
			go forwardUnix(next)
		default:
			_ = next.Reject(ssh.UnknownChannelType, "no")
		}
	}
}

func (s *server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		var text struct{ Text string }
		_ = ssh.Unmarshal(r.Payload, &text)
		switch {
		case r.Type == "exec" && s.deaf.Add(-1) >= 0:
			channel.Close()
		case r.Type == "exec":
			_ = r.Reply(true, nil)
			go s.execute(channel, text.Text)
		case r.Type == "subsystem" && text.Text == "sftp" && !s.noSFTP:
			_ = r.Reply(true, nil)
			go func() {
				if s, err := sftp.NewServer(channel); err == nil {
					_ = s.Serve()
				}
				channel.Close()
			}()
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func (s *server) execute(channel ssh.Channel, line string) {
	defer channel.Close()
	cmd := exec.Command(s.shell[0], append(s.shell[1:len(s.shell):len(s.shell)], line)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	go func() {
		_, _ = io.Copy(stdin, channel)
		stdin.Close()
	}()
	_ = cmd.Wait()
	status := ssh.Marshal(struct{ Status uint32 }{uint32(cmd.ProcessState.ExitCode())})
	_, _ = channel.SendRequest("exit-status", false, status)
}

func forward(next ssh.NewChannel) {
	var to struct {
		Host     string
		Port     uint32
		From     string
		FromPort uint32
	}
	_ = ssh.Unmarshal(next.ExtraData(), &to)
	forwardTo(next, "tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
}

func forwardUnix(next ssh.NewChannel) {
	var to struct {
		Path     string
		Reserved string
		Zero     uint32
	}
	_ = ssh.Unmarshal(next.ExtraData(), &to)
	forwardTo(next, "unix", to.Path)
}

func forwardTo(next ssh.NewChannel, network, address string) {
	conn, err := net.Dial(network, address)
	if err != nil {
		_ = next.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	}
	channel, requests, err := next.Accept()
	if err != nil {
		conn.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(channel, conn)
		channel.Close()
	}()
	_, _ = io.Copy(conn, channel)
	conn.Close()
}
