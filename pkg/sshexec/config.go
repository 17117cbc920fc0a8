package sshexec

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// Config says how to reach one host. The zero value of every field but Address
// and User works; it is never changed after Dial.
type Config struct {
	Host    string // the name used in messages; Address when empty
	Address string // name or IP literal to dial
	Port    int    // 22 when zero
	User    string

	Signers        []ssh.Signer             // offered first
	KeyFiles       []string                 // offered next, through the agent where it holds them; a public half will do then
	Certificates   []string                 // files of user certificates; the one beside a key file (-cert.pub) is found without
	Passphrase     func(file string) string // of a key file; nil or "": such a file is used through the agent only
	AgentSocket    string                   // path of the agent's socket; "" uses none
	IdentitiesOnly bool                     // the agent's other keys are not offered
	Password       func() string            // for the methods password and keyboard-interactive; nil or "": keys only

	// Ciphers and the others name the algorithms to offer, best first; the
	// library's own when empty. HostKeyAlgorithms is narrowed to what
	// known_hosts can verify.
	Ciphers, KeyExchanges, MACs, HostKeyAlgorithms []string

	KnownHosts   []string // files; one that is missing counts as empty
	AcceptNew    bool     // an unknown host's key is added to the first of KnownHosts
	HostKey      string   // pinned: an authorized_keys line or a SHA256: fingerprint; known_hosts is not asked
	HostKeyAlias string   // name to look up in known_hosts instead of Address

	Become         string        // "sudo", "su" or "doas": how scripts become BecomeUser; "" runs them as User
	BecomeUser     string        // whom scripts run as; "" is root. No effect where User is already that one
	BecomePassword func() string // what Become asks for; nil: it must not ask

	// PasswordTrial and BecomeTrial are shared by hosts that share the password; nil:
	// each host tries it by itself.
	PasswordTrial, BecomeTrial *Trial

	ConnectTimeout   time.Duration // to an open TCP connection; 15 s when zero
	LoginTimeout     time.Duration // from there to a logged-in session; 30 s when zero
	KeepAlive        time.Duration // a sign of life is asked for this often; 15 s when zero, never when negative
	KeepAliveCount   int           // given up after so many without an answer, and one more for each jump host; 4 when zero
	MaxOutput        int64         // bytes that one batch of reads may yield; 256 MiB when zero
	StagingDirectory string        // for uploads; relative to the user's home; see Uploads when empty

	Store string // where Replace keeps what it replaces; what script/store.sh says when empty

	Warn func(string) // told about what is odd but no error, such as a corrupt known_hosts line; may be nil

	Trace func(Operation) // told of each operation at its end, from any goroutine; may be nil

	// Jump is the host to go through, which may have a Jump itself. A Pool makes
	// one connection to it for all hosts behind it.
	Jump *Config

	Network     string // "tcp4" or "tcp6" leaves one family of addresses; "tcp" when empty
	BindAddress string // an IP literal to connect from; "" leaves it to the system

	// Dial opens the TCP connection; a net.Dialer when nil. It is not asked
	// where there is a Jump.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Uploads is where uploads go, in the home of the user who logs in; where scripts
// run as another one than root, who could not look into that, OwnUploads in the store of that one.
const (
	Uploads    = ".appm-provision"
	OwnUploads = "uploads"
)

func (cfg Config) withDefaults() Config {
	cfg.Host = or(cfg.Host, cfg.Address)
	cfg.Port = or(cfg.Port, 22)
	cfg.ConnectTimeout = or(cfg.ConnectTimeout, 15*time.Second)
	cfg.LoginTimeout = or(cfg.LoginTimeout, 30*time.Second)
	cfg.KeepAlive = or(cfg.KeepAlive, 15*time.Second)
	cfg.KeepAliveCount = or(cfg.KeepAliveCount, 4)
	cfg.MaxOutput = or(cfg.MaxOutput, 256<<20)
	if !cfg.apart() {
		cfg.StagingDirectory = or(cfg.StagingDirectory, Uploads)
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string) {}
	}
	return cfg
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
