package lab

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// session serves one session channel: a command, or SFTP.
func (s *sshd) session(conn *ssh.ServerConn, nc ssh.NewChannel) {
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range requests {
		argv, ok := s.command(r)
		_ = r.Reply(ok, nil)
		switch {
		case !ok:
		case argv == nil:
			go ssh.DiscardRequests(requests)
			s.sftp(ch)
			return
		default:
			s.run(conn, ch, requests, argv)
			return
		}
	}
}

// command reads what a session asks for: nil is SFTP. Terminals and
// environment variables are refused, as sshd refuses most variables.
func (s *sshd) command(r *ssh.Request) ([]string, bool) {
	var text struct{ S string }
	switch r.Type {
	case "shell":
		return []string{"/bin/sh"}, true
	case "exec":
		err := ssh.Unmarshal(r.Payload, &text)
		return []string{"/bin/sh", "-c", text.S}, err == nil
	case "subsystem":
		err := ssh.Unmarshal(r.Payload, &text)
		return nil, err == nil && text.S == "sftp" && !s.refuses("sftp")
	}
	return nil, false
}

func (s *sshd) sftp(ch ssh.Channel) {
	server, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(s.dir))
	if err != nil {
		return
	}
	_ = server.Serve() // the client sees how it ends
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ N uint32 }{0}))
	_ = server.Close()
}

// run starts the command in a session of its own, as sshd does, with pipes:
// what the command leaves running keeps them, and not us, busy.
func (s *sshd) run(conn *ssh.ServerConn, ch ssh.Channel, requests <-chan *ssh.Request, argv []string) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = s.dir, append(s.env, connectionEnv(conn))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p, err := newPipes()
	if err != nil {
		fmt.Fprintln(ch.Stderr(), err)
		return
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.in[0], p.out[1], p.err[1]
	err = cmd.Start()
	closeAll(p.in[0], p.out[1], p.err[1])
	if err != nil {
		closeAll(p.in[1], p.out[0], p.err[0])
		fmt.Fprintln(ch.Stderr(), err)
		return
	}
	s.note(func() { s.running[cmd.Process.Pid] = true })
	defer s.note(func() { delete(s.running, cmd.Process.Pid) })
	s.pump(ch, requests, cmd, p)
}

func connectionEnv(conn *ssh.ServerConn) string {
	remote, remotePort, _ := net.SplitHostPort(conn.RemoteAddr().String())
	local, localPort, _ := net.SplitHostPort(conn.LocalAddr().String())
	return "SSH_CONNECTION=" + remote + " " + remotePort + " " + local + " " + localPort
}

type pipes struct{ in, out, err [2]*os.File }

func newPipes() (p pipes, err error) {
	for _, pair := range []*[2]*os.File{&p.in, &p.out, &p.err} {
		if pair[0], pair[1], err = os.Pipe(); err != nil {
			return p, err
		}
	}
	return p, nil
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

func (s *sshd) pump(ch ssh.Channel, requests <-chan *ssh.Request, cmd *exec.Cmd, p pipes) {
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(ch, p.out[0]) })
	output.Go(func() { _, _ = io.Copy(ch.Stderr(), p.err[0]) })
	go func() {
		_, _ = io.Copy(p.in[1], ch)
		closeAll(p.in[1])
	}()
	go func() {
		ssh.DiscardRequests(requests) // ends with the channel
		closeAll(p.in[1], p.out[0], p.err[0])
	}()
	_, _ = ch.SendRequest(exitRequest(cmd.Wait(), cmd.ProcessState))
	output.Wait()
	closeAll(p.out[0], p.err[0])
}

// exitRequest is the message about how the command ended.
func exitRequest(_ error, state *os.ProcessState) (string, bool, []byte) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		name := map[syscall.Signal]string{syscall.SIGKILL: "KILL", syscall.SIGTERM: "TERM", syscall.SIGPIPE: "PIPE", syscall.SIGHUP: "HUP", syscall.SIGINT: "INT", syscall.SIGSEGV: "SEGV"}[ws.Signal()]
		return "exit-signal", false, ssh.Marshal(struct {
			Signal        string
			Core          bool
			Message, Lang string
		}{name, ws.CoreDump(), "", ""})
	}
	return "exit-status", false, ssh.Marshal(struct{ N uint32 }{uint32(state.ExitCode())})
}
