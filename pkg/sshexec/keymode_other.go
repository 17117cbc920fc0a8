//go:build !unix

package sshexec

// tooOpen knows nothing of access control lists.
func tooOpen(string) error { return nil }
