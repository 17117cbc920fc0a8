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

//go:embed script/store.sh
var storeScript string

//go:embed script/guard.sh
var guardScript string

//go:embed script/watch.sh
var watchScript string

//go:embed script/run.sh
var runScript string

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
	mark    string
	name    string // for a trace
	script  string // sh; begins after the preamble has run
	become  bool   // as Config.BecomeUser, and not as the user who logs in
	secret  bool   // the script holds secrets: it must not be in an argument
	hold    bool   // stdin stays open until the script has ended, and ends the script when it closes
	idle    bool   // with hold: it only reads, and nothing else is sent on stdin
	payload bool   // more than stdin is sent once the script runs; only with hold
	mute    bool   // stdout belongs to the script alone: where there is a terminal, nobody hears its stderr
	stdin   []byte // lines for the script to read, after its own text; only with hold
}

// delivery is how a job gets to the host: what the login shell is to run, and
// what is sent on stdin, when.
type delivery struct {
	line     string
	terminal bool
	password []byte // a line, sent as soon as our own line runs
	onPrompt bool   // but not before it is asked for
	trial    *Trial // of the password; nil without
	gated    bool   // text has to wait until the other user's shell says that it reads
	text     []byte
	hold     bool
}

// The exec line may not be of any length: Linux allows 128 KiB for one argument,
// and dropbear ends the connection at one of more than 9000.
const (
	maxExecLine     = 96 << 10
	maxDropbearLine = 8 << 10
)

func (c *Conn) maxLine() int {
	if c.isDropbear() {
		return maxDropbearLine
	}
	return maxExecLine
}

func (c *Conn) isDropbear() bool {
	return strings.Contains(strings.ToLower(string(c.client.ServerVersion())), "dropbear")
}

// wordLength is that of the words that the script is cut into: tcsh refuses
// longer ones.
const wordLength = 1000

// The exec line goes through the user's login shell, whichever it is. So it is
// one line of ASCII in single quotes, with nothing in it that tcsh or fish
// would touch: no !, no backslash, no newline.
const (
	lineWithScript = `sh -c 'IFS=;b="$*";unset IFS;s=$(printf %s "$b"|base64 -d 2>/dev/null)||s=$(printf %s "$b"|base64 -D);eval "$s"' sh`
	lineReadsAll   = `sh -c 'echo;echo "$1 1";` + readsAll + `' sh `
	lineReadsPart  = `sh -c 'echo;echo "$1 1";` + readsPart + `' sh `

	// readsAll reads a script from stdin, and readsPart one up to a line that is
	// $1, and no byte further. Neither runs a script that is not whole: a start
	// file of the login shell may have read some of it, or the connection was cut.
	readsAll  = `s=$(cat);case $s in "N=$1"*"#$1") eval "$s";;*) echo "$1 0";;esac`
	readsPart = `n=$(echo;echo .);n=${n%.};s=;d=;while IFS= read -r l;do [ "$l" = "$1" ]&&d=1&&break;s="$s$l$n";done;case $d$s in 1"N=$1"*) eval "$s";;*) echo "$1 0";;esac`
)

// deliver yields the exec line of a job that becomes nobody else, and what is to
// be sent on its stdin.
func (j job) deliver(limit int) (line string, stdin []byte) { return j.wrap(j.inner(), limit) }

// wrap does so for a text that the user who logs in runs. A secret one, and one
// that is too long for the line, is read from stdin, for one round trip more.
func (j job) wrap(text string, limit int) (line string, stdin []byte) {
	line = lineWithScript + words(j.start()+text)
	if !j.secret && len(line) <= limit {
		return line, j.stdin
	}
	if j.hold {
		return lineReadsPart + j.mark, j.part(text)
	}
	return lineReadsAll + j.mark, j.all(text)
}

// all and part are texts for readsAll and readsPart.
func (j job) all(text string) []byte { return []byte(text + "#" + j.mark) }

func (j job) part(text string) []byte {
	return append([]byte(text+j.mark+"\n"), j.stdin...)
}

// start says on both streams that our line runs: what comes before is the login
// shell's.
func (j job) start() string {
	return "N=" + j.mark + "; echo; echo \"$N 1\"; echo \"$N 1\" >&2\n" + leads
}

// leads sets E to our process group where this shell leads it.
const leads = "E=; if [ -r /proc/self/stat ]; then read -r E </proc/self/stat; E=${E##*) } E=${E#* } E=${E#* } E=${E%% *}; [ \"$E\" = $$ ] || E=; fi\n"

// inner is the script with its preamble. The second marker says on both
// streams that it runs, the last that it ran to its end.
func (j job) inner() string {
	return "N=" + j.mark + "\n" + commonScript +
		"echo \"$N 2\"; echo \"$N 2\" >&2\n" + j.script + "\necho \"$N 3\" >&2; echo \"$N 3\"\n"
}

// words is text as base64, in words.
func words(text string) string {
	text = base64.StdEncoding.EncodeToString([]byte(text))
	var b strings.Builder
	for len(text) > 0 {
		n := min(wordLength, len(text))
		b.WriteByte(' ')
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}
