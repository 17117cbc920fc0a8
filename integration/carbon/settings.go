package carbon

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settings are what repository/conf/standin.properties asks of the stand-in.
// The file is read when the server starts and again when it is told to stop,
// so that a test can change its mind about a running one.
//
//	pid_ms       how long until the pid file is written   50
//	start_ms     how long a start takes                   300
//	stop_ms      how long a stop takes                    200
//	die_ms       ends by itself that long after its start never
//	fail         never, hang (comes no further), exit, or   never
//	             wait (until the file says otherwise)
//	ignore_term  true: SIGTERM is not heard               false
type settings struct {
	pid, start, stop, die time.Duration
	fail                  string
	ignoreTerm            bool
}

func (s *server) settings() settings {
	set := settings{pid: 50 * time.Millisecond, start: 300 * time.Millisecond, stop: 200 * time.Millisecond}
	data, err := os.ReadFile(filepath.Join(s.home, "repository", "conf", "standin.properties"))
	if err != nil {
		return set // no file, no wishes
	}
	for _, line := range strings.Split(string(data), "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		set.take(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return set
}

func (set *settings) take(name, value string) {
	switch name {
	case "pid_ms":
		set.pid = millis(value)
	case "start_ms":
		set.start = millis(value)
	case "stop_ms":
		set.stop = millis(value)
	case "die_ms":
		set.die = millis(value)
	case "fail":
		set.fail = value
	case "ignore_term":
		set.ignoreTerm = value == "true"
	}
}

func millis(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// failure does what the file asks for in place of coming up.
func (s *server) failure(ctx context.Context, set settings) error {
	switch set.fail {
	case "exit":
		return faultf(kernel, "The stand-in was told to fail")
	case "hang":
		for ctx.Err() == nil {
			s.log.warn(finalizer, "Waiting for required OSGi services: org.wso2.carbon.registry.core.service.RegistryService,")
			pause(ctx, time.Minute)
		}
		return ctx.Err()
	case "wait":
		for ctx.Err() == nil && s.settings().fail == "wait" {
			pause(ctx, 20*time.Millisecond)
		}
		return ctx.Err()
	}
	return nil
}

// dieLater ends the process without a word, as a crash of the JVM does.
func (s *server) dieLater() {
	if d := s.settings().die; d > 0 {
		time.AfterFunc(d, func() { os.Exit(134) })
	}
}
