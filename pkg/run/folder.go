package run

import (
	"fmt"
	"os"
)

// folder makes a state folder where there is none, and sees to it that it is
// the user's own and private.
func folder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return private(path)
}

// private refuses a folder or file that is somebody else's or that others may
// write to, because what is in it may be theirs. One that others can only read
// is closed to them.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	perm := info.Mode().Perm()
	uid, known := owner(info)
	switch {
	case !known: // no such thing as an owner and a mode here
		return nil
	case uid != os.Geteuid():
		return fmt.Errorf("%s: belongs to user %d, not to user %d who runs this; set XDG_STATE_HOME to a folder of your own", path, uid, os.Geteuid())
	case perm&0o022 != 0:
		return fmt.Errorf("%s: others may write to it (mode %04o), so what is in it may be theirs; look through it, then run: chmod go-rwx %s", path, perm, path)
	case perm&0o077 != 0:
		return os.Chmod(path, perm&^0o077)
	}
	return nil
}
