package carbon

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Main is java: with -version it says which one, otherwise it runs the server
// of -Dcarbon.home until SIGTERM. It returns the exit code.
//
// The environment may hold CARBON_HOSTS_FILE, which replaces /etc/hosts, and
// CARBON_BIND, the address to listen on instead of all.
func Main(args []string, getenv func(string) string, stderr io.Writer) int {
	java := javaVersion()
	if len(args) > 0 && args[0] == "-version" {
		fmt.Fprintf(stderr, "openjdk version %q\nOpenJDK Runtime Environment (a stand-in)\nOpenJDK 64-Bit Server VM (a stand-in)\n", java)
		return 0
	}
	props := properties(args)
	if props["java.endorsed.dirs"] != "" && !strings.HasPrefix(java, "1.") {
		fmt.Fprintf(stderr, "-Djava.endorsed.dirs=%s is not supported.\nError: Could not create the Java Virtual Machine.\n", props["java.endorsed.dirs"])
		return 1
	}
	for _, a := range args {
		if strings.HasPrefix(a, "-Xmx") && !heap.MatchString(a) {
			fmt.Fprintf(stderr, "Invalid maximum heap size: %s\nError: Could not create the Java Virtual Machine.\n", a)
			return 1
		}
	}
	if props["carbon.home"] == "" {
		fmt.Fprintln(stderr, "Error: Could not find or load main class: -Dcarbon.home=DIR is missing")
		return 1
	}
	s, err := newServer(props, getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return s.run()
}

var heap = regexp.MustCompile(`^-Xmx[0-9]+[kKmMgG]?$`)

// javaVersion is what the release file of this java's home says.
func javaVersion() string {
	const without = "1.8.0_292"
	exe, err := os.Executable()
	if err != nil {
		return without
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "..", "release"))
	if err != nil {
		return without
	}
	for _, line := range strings.Split(string(data), "\n") {
		if v, ok := strings.CutPrefix(line, "JAVA_VERSION="); ok {
			return strings.Trim(v, "\"\r ")
		}
	}
	return without
}

// properties are the -D arguments. They may stand after the main class too:
// what follows "wso2server.sh start" ends up there, and the server takes it.
func properties(args []string) map[string]string {
	props := map[string]string{}
	for _, a := range args {
		if d, ok := strings.CutPrefix(a, "-D"); ok {
			name, value, _ := strings.Cut(d, "=")
			props[name] = value
		}
	}
	return props
}
