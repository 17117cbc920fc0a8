package sshexec

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// held is what the agent holds, for one login alone: two clients on one
// connection steal each other's replies.
type held struct {
	conn    net.Conn // nil without an agent
	signers []ssh.Signer
	note    string // why there is none
}

// openAgent asks the agent for its keys. One that does not answer is left in
// half the time that a login may take, so that the key files still get theirs.
func openAgent(ctx context.Context, cfg *Config) held {
	if cfg.AgentSocket == "" {
		return held{}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", cfg.AgentSocket)
	if err != nil {
		return held{note: fmt.Sprintf("agent: %v", err)}
	}
	patience := cfg.LoginTimeout / 2
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(limited, func() { conn.Close() })
	signers, err := agentKeys(agent.NewClient(conn))
	switch stopped := stop(); {
	case !stopped:
		return held{note: fmt.Sprintf("the agent at %s did not answer within %s", cfg.AgentSocket, patience)}
	case err != nil:
		conn.Close()
		return held{note: fmt.Sprintf("the agent at %s does not tell its keys: %v", cfg.AgentSocket, err)}
	case len(signers) == 0:
		return held{conn: conn, note: fmt.Sprintf("the agent at %s shows no keys: it is empty or locked", cfg.AgentSocket)}
	}
	return held{conn: conn, signers: signers}
}

// agentKey is a key of the agent, whose public half is what it says it is: the
// library's hides whether it is a certificate.
type agentKey struct {
	ssh.AlgorithmSigner
	public ssh.PublicKey
}

func (k agentKey) PublicKey() ssh.PublicKey { return k.public }

// agentKeys leaves out what is of a kind that could not be offered anyway.
func agentKeys(client agent.ExtendedAgent) (keys []ssh.Signer, err error) {
	signers, err := client.Signers()
	for _, s := range signers {
		public, err := ssh.ParsePublicKey(s.PublicKey().Marshal())
		by, ok := s.(ssh.AlgorithmSigner)
		if err == nil && ok {
			keys = append(keys, agentKey{by, public})
		}
	}
	return keys, err
}

func (h held) close() {
	if h.conn != nil {
		h.conn.Close()
	}
}

// find is the agent's hold of a key, or nil. A certificate of the key is
// something else.
func (h held) find(key ssh.PublicKey) ssh.Signer {
	for _, s := range h.signers {
		if sameKey(s.PublicKey(), key) {
			return s
		}
	}
	return nil
}

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}
