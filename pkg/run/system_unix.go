//go:build unix && !solaris && !aix

package run

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func owner(info fs.FileInfo) (uid int, known bool) {
	stat, is := info.Sys().(*syscall.Stat_t)
	if !is {
		return 0, false
	}
	return int(stat.Uid), true
}

// hold marks a record as one of a run under way, until the process ends. Where
// the file system has no locks, a run under way looks like one broken off.
func hold(f *os.File) { flock(f, syscall.LOCK_EX) }

// held tells whether somebody holds the record.
func held(f *os.File) bool {
	return errors.Is(flock(f, syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}

// syncFolder puts the names in a folder on the disk; some file systems do it by
// themselves and refuse to be told.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
