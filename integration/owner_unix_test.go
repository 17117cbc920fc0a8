//go:build unix

package integration_test

import (
	"fmt"
	"io/fs"
	"syscall"
)

// ownerOf is the ids of a file's owner and group.
func ownerOf(info fs.FileInfo) string {
	if s, is := info.Sys().(*syscall.Stat_t); is {
		return fmt.Sprintf("%d:%d", s.Uid, s.Gid)
	}
	return ""
}
