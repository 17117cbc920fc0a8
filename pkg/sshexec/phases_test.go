package sshexec

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	lab "github.com/appm-provision/appm-provision/integration/wire"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// Wherever the connection is cut on the way to a login, and however the cut is
// felt, there is one error, which says how far it came.
func TestCutWhileLoggingIn(t *testing.T) {
	c := sharedCell(t)
	jump := startCell(t, sharedKey(t).PublicKey())
	wanted := []string{"is no SSH server; it accepted the connection and closed it without a word",
		"ended during the key exchange", "ended while logging in as plain"}
	for _, through := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			seen := map[string]bool{}
			at, ended := 1, false
			for ; !ended; at++ {
				if at > 60 {
					t.Fatal("the login never comes to its end")
				}
				p := proxyTo(t, c.port)
				p.SetCut(lab.Cut{Of: lab.Changes, At: at, After: after})
				cfg := called(c.config("plain", false, sharedKey(t)), "gw1")
				cfg.Port = proxyPort(t, p)
				if through {
					cfg = behind(cfg, called(jump.config("plain", false, sharedKey(t)), "bastion"))
				}
				conn, err := Dial(t.Context(), cfg)
				if err == nil {
					ended = p.Count().Changes < at
					conn.Close()
					continue
				}
				if !IsKind(err, Unreachable) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "gw1: ") {
					t.Errorf("cut at %d: got %q, want one error of kind unreachable", at, err)
				}
				known := ""
				for _, w := range wanted {
					if strings.Contains(err.Error(), w) {
						known = w
					}
				}
				if known == "" {
					t.Errorf("cut at %d: got %q, which says none of %q", at, err, wanted)
				}
				seen[known] = true
			}
			if len(seen) != len(wanted) && !(after && len(seen) == len(wanted)-1) {
				t.Errorf("through a jump host %v, after %v: of %q only %v came", through, after, wanted, seen)
			}
			t.Logf("through a jump host %v, after %v: %d places", through, after, at-1)
		}
	}
}

// The same where the network falls silent: no error of its own ever comes.
func TestSilenceWhileLoggingIn(t *testing.T) {
	cfg := called(sharedCell(t).config("plain", false, sharedKey(t)), "gw1")
	whole := dial(t, cfg).Stats().Received
	cfg.LoginTimeout = 2 * time.Second
	places := []int64{0, 5}
	for i := range int64(8) {
		places = append(places, whole*i/8+100)
	}
	said := make(chan string, len(places))
	for _, bytes := range places {
		go func() {
			cfg := cfg
			cfg.Dial = silentAfter(bytes)
			_, err := Dial(t.Context(), cfg)
			if !IsKind(err, Unreachable) || !strings.Contains(err.Error(), "did not log us in within 2s; it ") {
				t.Errorf("silent after %d bytes of %d: got %v", bytes, whole, err)
				said <- "wrong"
				return
			}
			said <- err.Error()[strings.LastIndex(err.Error(), "; it ")+2:]
		}()
	}
	seen := map[string]int{}
	for range places {
		seen[<-said]++
	}
	for _, phase := range []string{"it accepted the connection and said nothing", "it stopped during the key exchange", "it stopped while authenticating"} {
		if seen[phase] == 0 {
			t.Errorf("got %v, want %q among them", seen, phase)
		}
	}
}

// silentAfter dials a connection that says so many bytes and then nothing.
func silentAfter(bytes int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &falling{Conn: conn, left: bytes, gone: make(chan struct{})}, err
	}
}

type falling struct {
	net.Conn
	left int64
	once sync.Once
	gone chan struct{}
}

func (f *falling) Read(p []byte) (int, error) {
	if f.left == 0 {
		<-f.gone
		return 0, net.ErrClosed
	}
	n, err := f.Conn.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	return n, err
}

func (f *falling) Close() error {
	f.once.Do(func() { close(f.gone) })
	return f.Conn.Close()
}

// speaks answers every connection with a text, and hangs up.
func speaks(t *testing.T, texts ...string) (port int, count func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	heard := make(chan int, 1)
	heard <- 0
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n := <-heard
			heard <- n + 1
			_, _ = conn.Write([]byte(texts[min(n, len(texts)-1)]))
			_ = conn.(*net.TCPConn).CloseWrite()
			time.AfterFunc(time.Second, func() { conn.Close() })
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, func() int { n := <-heard; heard <- n; return n }
}

// What stands behind the port is quoted, in a bounded and printable way.
func TestWhatIsNoSSHServer(t *testing.T) {
	for _, c := range []struct{ says, words string }{
		{"", "it accepted the connection and closed it without a word"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", `it said "HTTP/1.1 400 Bad Request"`},
		{"Not allowed at this time\r\n", `it said "Not allowed at this time"`},
		{"\x00\x1b[31m\xff", `it said "\x00\x1b[31m\xff"`},
		{strings.Repeat("x", 100_000), `it said "` + strings.Repeat("x", 80) + `…"`},
		{"SSH-1.5-old\r\n", "ended during the key exchange"},
		{"SSH-2.0-x\r\n\x00\x00\x00\x00garbage garbage garbage", "ended during the key exchange"},
	} {
		port, _ := speaks(t, c.says)
		cfg := Config{Host: "gw1", Address: "127.0.0.1", Port: port, User: "u", HostKey: "SHA256:x", LoginTimeout: 5 * time.Second}
		refused(t, cfg, Unreachable, c.words)
	}
}

// An sshd that is greeting too many at once is asked again, but not for ever.
func TestTooManyStartups(t *testing.T) {
	key := newKey(t)
	d := startDoorman(t, byKey(key.PublicKey()))
	busy, count := speaks(t, "Exceeded MaxStartups\r\n")
	cfg := d.config(key)
	tries := 0
	cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if tries++; tries <= 2 {
			addr = fmt.Sprintf("127.0.0.1:%d", busy)
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	dial(t, cfg)
	if tries != 3 || count() != 2 {
		t.Errorf("got in after %d tries, %d of them refused", tries, count())
	}
	cfg.Dial, cfg.Port = nil, busy
	refused(t, cfg, Unreachable, `it said "Exceeded MaxStartups"`)
	if got := count() - 2; got != maxBusy+1 {
		t.Errorf("tried %d times, want %d", got, maxBusy+1)
	}
}

// Where nothing is in common, the message has what the host offers and what to do.
func TestNoAlgorithmInCommon(t *testing.T) {
	key := newKey(t)
	with := func(change func(*ssh.ServerConfig)) Config {
		d := startDoorman(t, func(d *doorman) *ssh.ServerConfig {
			rules := byKey(key.PublicKey())(d)
			change(rules)
			return rules
		})
		return d.config(key)
	}
	old := with(func(r *ssh.ServerConfig) { r.KeyExchanges = []string{ssh.InsecureKeyExchangeDH1SHA1} })
	refused(t, old, Protocol, "no key exchange in common; the host offers only diffie-hellman-group1-sha1",
		"update its sshd, or, if it must be, allow the weak diffie-hellman-group1-sha1 by KexAlgorithms of ssh_config")
	old.KeyExchanges = []string{"sntrup761x25519-sha512@openssh.com", ssh.InsecureKeyExchangeDH1SHA1}
	dial(t, old)
	cbc := with(func(r *ssh.ServerConfig) { r.Ciphers = []string{ssh.InsecureCipherAES128CBC} })
	refused(t, cbc, Protocol, "no client to server cipher in common", "aes128-cbc by Ciphers of ssh_config")
	cbc.Ciphers = []string{ssh.InsecureCipherAES128CBC}
	dial(t, cbc)
	mac := with(func(r *ssh.ServerConfig) {
		r.Ciphers, r.MACs = []string{ssh.CipherAES128CTR}, []string{ssh.HMACSHA512}
	})
	mac.MACs = []string{ssh.HMACSHA256ETM}
	refused(t, mac, Protocol, "MAC in common", "allow hmac-sha2-512 by MACs of ssh_config")
	mac.MACs = []string{ssh.HMACSHA256ETM, ssh.HMACSHA512}
	dial(t, mac)
	strict := with(func(*ssh.ServerConfig) {})
	strict.KeyExchanges = []string{ssh.KeyExchangeDH14SHA256}
	strict.Ciphers, strict.MACs = []string{ssh.CipherAES128CTR}, []string{ssh.HMACSHA256ETM}
	dial(t, strict)
	strict.Ciphers = []string{"blowfish-cbc"}
	refused(t, strict, Request, "none of the ciphers blowfish-cbc is known here", ssh.CipherAES128GCM)

	// As with sshds of fifteen years ago.
	c := startCell(t, key.PublicKey(), "HostKeyAlgorithms ssh-rsa", "HostKey /etc/ssh/cell_rsa")
	keygen(t, "-t", "rsa", "-b", "2048", "-N", "", "-f", c.dir+"/etc/ssh/cell_rsa")
	rsa := c.config("plain", false, key)
	rsa.HostKey = ssh.FingerprintSHA256(publicOf(t, c.dir+"/etc/ssh/cell_rsa"))
	refused(t, rsa, Protocol, "no host key in common; the host offers only ssh-rsa", "allow the weak ssh-rsa by HostKeyAlgorithms of ssh_config")
	rsa.HostKey, rsa.KnownHosts = "", []string{t.TempDir() + "/known_hosts"}
	write(t, rsa.KnownHosts[0], xknownhosts.Line([]string{fmt.Sprintf("127.0.0.1:%d", c.port)}, publicOf(t, c.dir+"/etc/ssh/cell_rsa")), 0o600)
	rsa.HostKeyAlgorithms = []string{"ssh-rsa"}
	dial(t, rsa)
}

// The algorithms are offered in the order that known_hosts can verify, so that a
// host with several keys shows the one that is known; and one that has none of
// these is seen as changed, with both fingerprints.
func TestOrderOfHostKeyAlgorithms(t *testing.T) {
	key := newKey(t)
	c := startCell(t, key.PublicKey(), "HostKey /etc/ssh/cell_rsa", "HostKey /etc/ssh/cell_ecdsa")
	for _, kind := range []string{"rsa", "ecdsa"} {
		keygen(t, "-t", kind, "-N", "", "-f", c.dir+"/etc/ssh/cell_"+kind)
	}
	with := func(known ssh.PublicKey) Config {
		cfg := c.config("plain", false, key)
		cfg.HostKey, cfg.KnownHosts = "", []string{"/does/not/exist", t.TempDir() + "/known_hosts"}
		write(t, cfg.KnownHosts[1], xknownhosts.Line([]string{fmt.Sprintf("127.0.0.1:%d", c.port)}, known), 0o600)
		return cfg
	}
	for _, kind := range []string{"key", "rsa", "ecdsa"} {
		dial(t, with(publicOf(t, c.dir+"/etc/ssh/cell_"+kind))).Close()
	}
	gone := publicOf(t, makeKey(t, "", "-t", "ecdsa", "-b", "384"))
	cfg := with(gone)
	refused(t, cfg, HostKey, ssh.FingerprintSHA256(gone), "is not the one in known_hosts",
		ssh.FingerprintSHA256(publicOf(t, c.dir+"/etc/ssh/cell_key")), "-f "+cfg.KnownHosts[1])

	// As with ssh, a key that is known of the host without its port will do, and
	// another one there means nothing.
	cfg = with(gone)
	write(t, cfg.KnownHosts[1], xknownhosts.Line([]string{"127.0.0.1"}, publicOf(t, c.dir+"/etc/ssh/cell_rsa")), 0o600)
	dial(t, cfg)
	write(t, cfg.KnownHosts[1], xknownhosts.Line([]string{"127.0.0.1"}, gone), 0o600)
	refused(t, cfg, HostKey, "is in no known_hosts file")
}

// The handshake costs what the library's costs: nothing is tried in vain.
func TestRoundTripsOfALogin(t *testing.T) {
	c := sharedCell(t)
	p := listenWire(t, c.port, 20*time.Millisecond)
	turns := func(do func()) int {
		fewest := 1000 // both sides begin to speak at once, so that the figure varies by one exchange
		for range 3 {
			before := p.Count()
			do()
			fewest = min(fewest, p.Count().Sub(before).Changes)
		}
		return fewest
	}
	cfg := c.config("plain", false, sharedKey(t))
	cfg.Port = proxyPort(t, p)
	plain := turns(func() {
		client, err := ssh.Dial("tcp", p.Address, &ssh.ClientConfig{User: "plain",
			Auth: []ssh.AuthMethod{ssh.PublicKeys(sharedKey(t))}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	})
	ours := turns(func() { dial(t, cfg).Close() })
	file := makeKey(t, "let me in", "-t", "ed25519")
	c.allow(t, publicOf(t, file))
	many := cfg
	many.Signers, many.KeyFiles, many.Passphrase = nil, []string{file}, func(string) string { return "let me in" }
	many.AgentSocket = startAgent(t, makeKey(t, "", "-t", "ed25519"), makeKey(t, "", "-t", "rsa"))
	many.Password = func() string { return "not needed" }
	rich := turns(func() { dial(t, many).Close() })
	t.Logf("changes of direction of a login: the library alone %d, ours %d, with an agent and a password to spare %d", plain, ours, rich)
	if ours > plain+1 || rich > plain+1 { // the last message of a closing connection may or may not be seen
		t.Errorf("got %d and %d, want no more than the library's %d", ours, rich, plain)
	}
}
