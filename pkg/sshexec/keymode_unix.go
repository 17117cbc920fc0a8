//go:build unix

package sshexec

import (
	"fmt"
	"os"
	"syscall"
)

// tooOpen is ssh's own rule: a private key of mine that others may read is not
// used.
func tooOpen(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode().Perm(); mode&0o077 != 0 && known && int(owner.Uid) == os.Getuid() {
		return fmt.Errorf("key %s is not used, because others may read it (mode %04o); run: chmod 600 %s", name, mode, quoteIfNeeded(name))
	}
	return nil
}
