package carbon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock opens an embedded database. Its file is locked by the process that has
// it: a second server on the same home comes no further than this.
func (s *server) lock(url string) error {
	path, options, _ := strings.Cut(strings.TrimPrefix(url, "jdbc:h2:"), ";")
	if path == "" || strings.Contains(options, "AUTO_SERVER=TRUE") {
		return nil // no file, or one that several may have
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.home, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path+".h2.db", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return fmt.Errorf("org.h2.jdbc.JdbcSQLException: Database may be already in use: %s.h2.db: %w", path, err)
	}
	s.locks = append(s.locks, file) // held until the process ends
	return nil
}
