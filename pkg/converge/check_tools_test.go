package converge

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ofTheShell are words in a command's place that are no programs.
var ofTheShell = strings.Fields(`! { } [ : . if then elif else fi case esac for do done while until in
	break cd command continue echo eval exec exit export local printf pwd read readonly return set shift test trap true false ulimit umask unset wait kill sh`)

// TestEveryProgramOfOurScriptsIsAccountedFor reads all scripts that a host is
// sent. What they call is needed, or spare, or the shell's or the script's own.
func TestEveryProgramOfOurScriptsIsAccountedFor(t *testing.T) {
	scripts := map[string]string{}
	for _, pattern := range []string{"*.sh", "../sshexec/script/*.sh"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if slices.Contains(ofInstall, f) {
				continue
			}
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			scripts[f] = string(src)
		}
	}
	if len(scripts) < 8 {
		t.Fatalf("only %d scripts were found", len(scripts))
	}
	functions := map[string]bool{}
	for _, src := range scripts {
		for _, m := range regexp.MustCompile(`(?m)^\s*([a-z0-9_]+)\(\)`).FindAllStringSubmatch(src, -1) {
			functions[m[1]] = true
		}
	}
	var known []string
	for _, n := range needed {
		known = append(known, strings.Split(n, "|")...)
	}
	called := map[string]bool{}
	for file, src := range scripts {
		for _, c := range commands(src) {
			called[c] = true
			_, isSpare := spare[c]
			if !slices.Contains(ofTheShell, c) && !functions[c] && !isSpare && !slices.Contains(known, c) {
				t.Errorf("%s calls %s: write it into needed or spare in check_tools.go, so that `check` asks hosts for it", file, c)
			}
		}
	}
	for _, must := range []string{"base64", "cat", "stat", "sha256sum", "mv", "setsid", "tr", "date"} {
		if !called[must] {
			t.Errorf("no script seems to call %s: this test does not see what it should", must)
		}
	}
	for _, n := range known {
		if !called[n] && !slices.Contains(others, n) {
			t.Errorf("%s is needed, and nothing calls it", n)
		}
	}
}

// ofInstall are the scripts that run only where install = true asks for a
// server: they need the host's package manager, and say what they miss.
var ofInstall = []string{"probe_package.sh", "install.sh", "service.sh"}

// others are called by what is no script of ours to read: the product's own
// start script, and the SSH package's lines around the scripts.
var others = []string{"nohup", "uname", "ls", "id"}

var (
	comments = regexp.MustCompile(`(?m)(^|\s)#.*$`)
	assigned = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	word     = regexp.MustCompile(`^[a-z][a-z0-9_.-]*$`)
	texts    = []*regexp.Regexp{ // that hold no command; those that do stay as they are
		regexp.MustCompile(`(?s)-e '.*?\n'`),
		regexp.MustCompile(`\$\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)`),
		regexp.MustCompile(`"(?:[^"$\n]|\$[^("\n])*"`),
		regexp.MustCompile(`'[^'\n]*'`),
	}
	pattern = regexp.MustCompile(`(?m)(^|;;|\bin\b)[ \t]*[^\s()$;]+(\s*\|\s*[^\s()$;]+)*\)`)
)

// commands are the words that stand where a command does. It knows as much of
// the shell as our scripts use.
func commands(src string) []string {
	src = comments.ReplaceAllString(src, "$1")
	src = strings.ReplaceAll(src, "\\\n", " ")
	for _, r := range texts {
		src = r.ReplaceAllString(src, "TEXT")
	}
	src = pattern.ReplaceAllString(src, "$1\n")
	for _, opener := range []string{"$(", "`", "<(", "&&", "||", "|", ";", "{ ", "("} {
		src = strings.ReplaceAll(src, opener, "\n")
	}
	var list []string
	for l := range strings.Lines(src) {
		list = append(list, first(l)...)
	}
	return list
}

// first finds the command of a line: behind the shell's own words and
// assignments.
func first(line string) []string {
	var list []string
	words := strings.Fields(line)
	for i := 0; i < len(words); i++ {
		w := strings.Trim(words[i], `"')`)
		switch {
		case assigned.MatchString(w):
			if strings.Count(words[i], `"`)%2 == 1 || strings.Count(words[i], `'`)%2 == 1 {
				return list // the value goes on
			}
		case w == "for" || w == "case" || w == "in" || w == "done" || w == "esac":
			return list
		case slices.Contains([]string{"if", "then", "elif", "else", "do", "while", "until", "!", "exec", "become", "eval", "command"}, w):
		case !word.MatchString(w):
			return list
		default:
			return append(list, w)
		}
	}
	return list
}

func TestCommandsOfAScriptAreFound(t *testing.T) {
	src := `# a comment; none
f() { one --flag; }
x=$(two a | three) && if four; then five "quoted; none"; fi
case $y in a | b) six ;; *) seven ;; esac
! eight >/dev/null || A=1 nine 'text | none'
n=$((n + m)) # none
"$(ten)"
`
	var got []string
	for _, c := range commands(src) {
		if !slices.Contains(ofTheShell, c) {
			got = append(got, c)
		}
	}
	want := strings.Fields("one two three four five six seven eight nine ten")
	if got = slices.DeleteFunc(got, func(c string) bool { return c == "f" }); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
