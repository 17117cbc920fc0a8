package mysqld

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Debian's package of the bare MariaDB server carries no plugins. They are in
// that of the service, which is unpacked into the cache and never installed: a
// service that starts with the machine is not for tests to leave behind.

// compiledPlugins is where Debian's server looks by itself.
const compiledPlugins = "/usr/lib/mysql/plugin"

// somePlugin is one that both packages' users expect.
const somePlugin = "auth_ed25519.so"

func pluginsRoot() string { return filepath.Join(cacheDir(), "mariadb-plugins") }

// unpackedPlugins is where the cache has them; "" where it has none, or the
// machine has its own.
func unpackedPlugins() string {
	dir := filepath.Join(pluginsRoot(), compiledPlugins)
	if exists(filepath.Join(compiledPlugins, somePlugin)) || !exists(filepath.Join(pluginsRoot(), complete)) {
		return ""
	}
	return dir
}

// lacksPlugins tells whether this is a MariaDB without them on a machine that
// can fetch them.
func (i Installed) lacksPlugins() bool {
	return i.Kind == MariaDB && i.Plugins == "" && !exists(filepath.Join(compiledPlugins, somePlugin)) && have("apt-get") && have("dpkg")
}

// EnsurePlugins fetches what the tests of plugins need, and no lab does.
func EnsurePlugins(ctx context.Context) error {
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	inst, err := Find(MariaDB)
	if err != nil || !inst.lacksPlugins() {
		return err
	}
	return errors.Join(sweep(), unpackPlugins(ctx))
}

func unpackPlugins(ctx context.Context) error {
	tmp, err := os.MkdirTemp(cacheDir(), fetching)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	apt, err := privateApt(ctx, tmp)
	if err != nil {
		return err
	}
	root := filepath.Join(tmp, "root")
	if err := apt.download(ctx, root, []string{"mariadb-server"}); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(pluginsRoot()), os.Rename(root, pluginsRoot()))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
