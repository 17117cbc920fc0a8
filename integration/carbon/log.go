package carbon

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logger appends lines to the server's log in the product's pattern.
type logger struct {
	mu   sync.Mutex
	file *os.File
}

// openLog opens the log for appending. As in the product, what was logged on
// an earlier day is put aside first: an offset remembered before a start may
// then lie in another file.
func openLog(path string) (*logger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil {
		day := info.ModTime().Format(time.DateOnly)
		if day != time.Now().Format(time.DateOnly) {
			if err := os.Rename(path, path+"."+day); err != nil {
				return nil, err
			}
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &logger{file: file}, nil
}

func (l *logger) info(class, text string)  { l.line(" INFO", class, text) }
func (l *logger) warn(class, text string)  { l.line(" WARN", class, text) }
func (l *logger) error(class, text string) { l.line("ERROR", class, text) }

// exception logs an error with what was thrown below it, which has lines of
// its own.
func (l *logger) exception(class, text string, err error) {
	l.print("ERROR", class, text, err.Error()+"\n")
}

func (l *logger) line(level, class, text string) { l.print(level, class, text, "") }

func (l *logger) print(level, class, text, below string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().Format("2006-01-02 15:04:05,000")
	// A log that cannot be written has nobody left to tell.
	fmt.Fprintf(l.file, "TID: [-1234] [] [%s] %s {%s} -  %s {%s}\n%s", now, level, class, text, class, below)
}
