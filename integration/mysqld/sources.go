package mysqld

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A source is a list for apt of one origin: which mirror to ask, and whose
// signature to believe, is the machine's own business, and stays as it is.
type source struct {
	ext  string // by which apt knows the form: "list" or "sources"
	text string
}

// suites are the names under which a Debian machine may know its own suite,
// besides the code name of its release.
var suites = []string{"stable", "oldstable", "testing", "unstable", "sid"}

// machineSources gives the machine's own sources of Debian packages, with the
// suite exchanged. Third parties may name their suites like Debian's: the
// caller tries one after the other.
func machineSources(etc, suite string) (all []source, err error) {
	release, err := os.ReadFile(filepath.Join(etc, "os-release"))
	if err != nil {
		return nil, err
	}
	from := suites
	if name := field(string(release), "VERSION_CODENAME"); name != "" {
		from = append([]string{name}, suites...)
	}
	lists, _ := filepath.Glob(filepath.Join(etc, "apt/sources.list.d/*.list"))
	stanzas, _ := filepath.Glob(filepath.Join(etc, "apt/sources.list.d/*.sources"))
	for _, file := range slices.Concat([]string{filepath.Join(etc, "apt/sources.list")}, lists, stanzas) {
		data, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		exchange := exchangeLines
		if filepath.Ext(file) == ".sources" {
			exchange = exchangeStanzas
		}
		all = append(all, exchange(string(data), from, suite)...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("mysqld: no source in %s/apt carries main of %s; a Debian mirror is needed there", etc, strings.Join(from, ", "))
	}
	return all, nil
}

// field reads NAME=value or NAME="value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

var oneLine = regexp.MustCompile(`^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$`)

// exchangeLines reads "deb [options] where suite components".
func exchangeLines(text string, from []string, to string) (all []source) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		m := oneLine.FindStringSubmatch(line)
		if m == nil || !slices.Contains(from, m[3]) || !slices.Contains(strings.Fields(m[4]), "main") {
			continue
		}
		all = append(all, source{"list", "deb " + m[1] + m[2] + " " + to + " main\n"})
	}
	return all
}

// exchangeStanzas reads the newer form: fields with values that may go on in
// indented lines, as a key in Signed-By does.
func exchangeStanzas(text string, from []string, to string) (all []source) {
	for _, s := range stanzas(text) {
		fields := map[string]string{}
		rest := ""
		for _, f := range s {
			name, value, _ := strings.Cut(f, ":")
			name = strings.ToLower(strings.TrimSpace(name))
			fields[name] = value
			if !slices.Contains([]string{"types", "suites", "components"}, name) {
				rest += f
			}
		}
		has := func(name string, any ...string) bool {
			return slices.ContainsFunc(strings.Fields(fields[name]), func(v string) bool { return slices.Contains(any, v) })
		}
		if !has("types", "deb") || !has("suites", from...) || !has("components", "main") || has("enabled", "no", "false") {
			continue
		}
		all = append(all, source{"sources", "Types: deb\nSuites: " + to + "\nComponents: main\n" + rest})
	}
	return all
}

// stanzas splits at blank lines, and gives each as its fields, continued lines
// included; comments are left out.
func stanzas(text string) (all [][]string) {
	var now []string
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimRight(line, "\r\n") + "\n"
		switch {
		case strings.TrimSpace(line) == "":
			if now != nil {
				all = append(all, now)
			}
			now = nil
		case strings.HasPrefix(line, "#"):
		case (line[0] == ' ' || line[0] == '\t') && now != nil:
			now[len(now)-1] += line
		default:
			now = append(now, line)
		}
	}
	return all
}
