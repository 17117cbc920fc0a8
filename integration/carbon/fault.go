package carbon

import "fmt"

// fault is a mistake that keeps the server from starting, with the class that
// the log line names.
type fault struct{ class, text string }

func (f fault) Error() string { return f.text }

func faultf(class, format string, args ...any) error {
	return fault{class, fmt.Sprintf(format, args...)}
}

// flat takes joined errors apart.
func flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, flat(e)...)
	}
	return list
}
