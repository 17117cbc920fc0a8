package sshexec

import (
	"crypto/rand"
	_ "embed" // the scripts
	"encoding/base64"
	"encoding/hex"
	"strings"
)

//go:embed script/common.sh
var commonScript string

//go:embed script/owner.sh
var ownerScript string

//go:embed script/gather.sh
var gatherScript string

//go:embed script/replace.sh
var replaceScript string

//go:embed script/guard.sh
var guardScript string

//go:embed script/watch.sh
var watchScript string

// marker is what our scripts begin their lines with. Nobody can know it before
// the script runs, so neither a chatty .bashrc nor a hostile file can forge it.
func marker() string { return "appm-" + randomHex(16) }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it would end the program
	return hex.EncodeToString(b)
}

// job is one script to run in one exec.
type job struct {
	mark   string
	script string // sh; begins after the preamble has run
	sudo   bool
	secret bool   // the script holds secrets: it must not be in an argument
	hold   bool   // stdin stays open until the script has ended, and ends the script when it closes
	stdin  []byte // lines for the script to read, after its own text; only with hold
}

// maxArgument is what the exec line may hold of a script. Linux allows 128 KiB
// for one argument; a longer script travels on stdin, for one round trip more.
const maxArgument = 96 << 10

// wordLength is that of the words that the script is cut into: tcsh refuses
// longer ones.
const wordLength = 1000

// The exec line goes through the user's login shell, whichever it is. So it is
// one line of ASCII in single quotes, with nothing in it that tcsh or fish
// would touch: no !, no backslash, no newline.
const (
	lineWithScript = `sh -c 'IFS=;b="$*";unset IFS;s=$(printf %s "$b"|base64 -d 2>/dev/null)||s=$(printf %s "$b"|base64 -D);eval "$s"' sh`
	lineReadsAll   = `sh -c 'eval "$(cat)"'`
	lineReadsPart  = `sh -c '` + readsPart + `' sh `
	// readsPart reads a script up to a line that is $1, and no byte further.
	readsPart = `n=$(echo;echo .);n=${n%.};s=;while IFS= read -r l;do [ "$l" = "$1" ]&&break;s="$s$l$n";done;eval "$s"`
)

// deliver yields the exec line and what is to be sent on stdin at once.
func (j job) deliver() (line string, stdin []byte) {
	text := j.outer()
	switch encoded := base64.StdEncoding.EncodeToString([]byte(text)); {
	case !j.secret && len(encoded) <= maxArgument:
		return lineWithScript + words(encoded), j.stdin
	case j.hold:
		return lineReadsPart + j.mark, append([]byte(text+"\n"+j.mark+"\n"), j.stdin...)
	}
	return lineReadsAll, []byte(text)
}

func words(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n := min(wordLength, len(text))
		b.WriteByte(' ')
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// outer is the text that the session's own shell runs: the script itself, or
// the way to it through sudo. Sudo's command line stays short and always the
// same, since sudo writes it to the system's log.
func (j job) outer() string {
	start := "N=" + j.mark + "\necho; echo \"$N 1\"\n"
	if !j.sudo {
		return start + j.inner()
	}
	// The failure of sudo is told at once: cat ends only with stdin, which stays
	// open until the end is told.
	run := `printf '%s\n' "$o" "$s" | { sudo -n -- sh -c 'eval "$(cat)"' || echo "$N s $?"; }`
	if j.hold {
		run = `{ printf '%s\n' "$o" "$s" "$N"; cat; } | ` +
			`{ sudo -n -- sh -c '` + readsPart + `' sh "$N" || echo "$N s $?"; }`
	}
	// sudo drops what it does not know from the environment.
	keep := `case $L$Z in *[!A-Za-z0-9_.@:/+-]*) L= Z=; esac; o="L=$L Z=$Z"` + "\n"
	return start + commonScript + keep + "s=" + quote(j.inner()) + "\n" +
		`if [ "$(id -u)" = 0 ]; then eval "$s"; else ` + run + "; fi\n"
}

// inner is the script with its preamble. The second marker says on both
// streams that it runs, the last that it ran to its end.
func (j job) inner() string {
	return "N=" + j.mark + "\n" + commonScript +
		"echo \"$N 2\"; echo \"$N 2\" >&2\n" + j.script + "\necho \"$N 3\" >&2; echo \"$N 3\"\n"
}

//go:embed script/run.sh
var runScript string
