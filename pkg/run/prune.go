package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Limits say which records stay.
type Limits struct {
	Keep int           // of each deployment, the newest
	Age  time.Duration // none older, but the newest of a deployment
	Now  time.Time
}

// fresh is how young a record without an end may still be one of a run under
// way, where file locks do not tell.
const fresh = 24 * time.Hour

// Outgrown are the files of the records that are beyond the limits, of one
// deployment or of all. The newest of a deployment never is, nor is a run under way.
func Outgrown(dir, deployment string, l Limits) ([]string, error) {
	files, err := records(dir, deployment)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	var list []string
	for _, file := range files { // the newest first
		of := filepath.Dir(file)
		count[of]++
		age := l.Now.Sub(began(strings.TrimSuffix(filepath.Base(file), ending)))
		if count[of] == 1 || count[of] <= l.Keep && age <= l.Age {
			continue
		}
		if p, err := Read(file); err == nil && p.End == nil && (p.UnderWay || age < fresh) {
			continue
		}
		list = append(list, file)
	}
	return list, nil
}

// Prune removes the records that are beyond the limits and returns their files.
func Prune(dir, deployment string, l Limits) ([]string, error) {
	list, err := Outgrown(dir, deployment, l)
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, file := range list {
		switch err := os.Remove(file); {
		case err == nil:
			removed = append(removed, file)
		case !errors.Is(err, fs.ErrNotExist): // somebody else prunes as well
			return removed, err
		}
	}
	return removed, nil
}
