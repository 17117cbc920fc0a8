//go:build !unix

package xmledit

import (
	"testing"
	"time"
)

var began = time.Now()

// spent is the time since the beginning: there is no better one here.
func spent(*testing.T) time.Duration { return time.Since(began) }
