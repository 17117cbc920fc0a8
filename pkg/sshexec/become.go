package sshexec

import (
	"strings"
)

// How a script becomes another user.
//
// Where nothing may be asked for, the script goes in through the stdin of
// `sudo -n`. Where a password may be asked for, stdin is the password's, and
// neither may be taken for the other: so the other user's shell first says that
// it reads, then throws away everything up to a line with the marker, and only
// after that reads the script. The password is sent once. A host that asks again
// gets no answer, and nothing that could count as a further attempt.
//
// sudo reads the password from stdin, su as well, but not every su, and doas
// reads it from the terminal only. Some sudo wants a terminal without reading
// from it. A terminal is asked for in a mode that passes all bytes; what the
// script says on stderr is then told apart by the marker.

// passage is the way of one exec to another user. The zero value stays.
type passage struct {
	method, user string
	password     string // "": it must not be asked for
	trial        *Trial
	terminal     bool
	watch        bool // find out whether sudo logs what passes
}

// changes reports whether there is anything to do: who logs in as the user
// already is nobody else.
func (cfg *Config) changes() bool {
	return cfg.Become != "" && cfg.User != or(cfg.BecomeUser, "root")
}

// apart reports whether scripts run as one who may not look into the folders of
// who logs in.
func (cfg *Config) apart() bool { return cfg.changes() && or(cfg.BecomeUser, "root") != "root" }

func (c *Conn) passage() (passage, error) {
	p := passage{trial: c.cfg.BecomeTrial, method: c.cfg.Become, user: or(c.cfg.BecomeUser, "root"), watch: c.cfg.Become == "sudo" && !c.door.watched.Load()}
	if c.cfg.BecomePassword != nil {
		p.password = c.cfg.BecomePassword()
	}
	p.terminal = c.door.terminal.Load() || p.method == "doas" && p.password != ""
	if strings.ContainsAny(p.password, "\n\r\x00") {
		return p, c.cfg.fail(Request, nil, "the %s password holds a line end, which cannot be sent", p.method)
	}
	return p, nil
}

// deliver says how a job gets to the host and to the other user.
func (p passage) deliver(j job, limit int) delivery {
	d := delivery{hold: j.hold, terminal: p.terminal}
	if p.quiet() {
		d.line, d.text = j.wrap("N="+j.mark+"\n"+commonScript+p.piped(j), limit)
		return d
	}
	d.line = lineWithScript + words(j.start()+"N="+j.mark+"\n"+commonScript+p.outer(j))
	d.gated = true
	d.text = append([]byte(j.mark+"\n"), p.gatedText(j)...)
	if p.password != "" {
		d.password = []byte(p.password + "\n")
		d.onPrompt, d.trial = p.readsTerminal(), p.trial
	}
	return d
}

// quiet reports whether nothing can be asked for, and no terminal is needed: the
// script is then sent at once.
func (p passage) quiet() bool { return p.method != "su" && p.password == "" && !p.terminal }

// readsTerminal reports whether the password is read from the terminal, which
// loses what was sent before it asks.
func (p passage) readsTerminal() bool { return p.terminal && p.method != "sudo" }

// already lets a script stay where it is, where the user who logged in is the
// one to become under another name.
func (p passage) already() string {
	return "u=" + quote(p.user) + "\n" +
		`[ "$u" != root ] || u=0` + "\nme\n" +
		`if [ "$u" = "$m" ] || { [ "$u" != 0 ] && [ "$u" = "$(id -un)" ]; }; then `
}

// keep is what a change of user would lose: the language and time zone of the
// login, as far as they are harmless, and whether it leads its process group.
const keep = `case $L$Z$E in *[!A-Za-z0-9_.@:/+-]*) L= Z= E=; esac; o="L=$L Z=$Z E=$E"` + "\n"

// piped is the text that brings the script through the stdin of a program that
// asks for nothing. Its command line stays short and always the same, since it
// is written to the system's log. Its failure is told at once: what keeps its
// stdin open ends only with ours, which stays open until the end is told.
func (p passage) piped(j job) string {
	run := `printf '%s\n' "$o" "$s" | { ` + p.command(`'eval "$(cat)"'`, "") + ` || { echo; echo "$N s $?"; }; }`
	if j.hold {
		run = `{ printf '%s\n' "$o" "$s" "$N"; cat; } | { ` +
			p.command(quote(readsUpTo), ` "$N"`) +
			` || { echo; echo "$N s $?"; }; }`
	}
	if j.hold && len(j.stdin) == 0 && !j.payload {
		then := "cat"
		if j.idle {
			then = "while read -r x; do :; done"
		}
		run = `{ printf '%s\n' $((${#o} + ${#s} + 2)) "$o" "$s"; ` + then + `; } | { ` +
			p.command(quote(readsSize), ` "$N"`) +
			` || { echo; echo "$N s $?"; }; }`
	}
	return keep + "s=" + quote(p.inner(j)) + "\n" + p.already() + `eval "$s"; else ` + run + "; fi\n"
}

// readsUpTo reads a script up to a line that is $1. It comes from a pipe of ours,
// so it is whole.
const readsUpTo = `n=$(echo;echo .);n=${n%.};s=;while IFS= read -r l;do [ "$l" = "$1" ]&&break;s="$s$l$n";done;eval "$s"`

// readsSize reads a script of as many bytes as its first line says, where none
// follow that some other system's head might take as well: a shell that reads a
// line does so byte by byte, which for a batch of reads costs more than the reads.
const readsSize = `IFS= read -r k;eval "$(head -c "$k")"`

// outer is the text that starts a program which may ask for a password on the
// session's own stdin, and has the script read from there afterwards.
func (p passage) outer(j job) string {
	reads := quote(p.reads(j))
	run := p.command(reads, ` "$N" "$o"`) + ` || { echo; echo "$N s $?"; }`
	stay := "sh -c " + reads + ` sh "$N" "$o"`
	switch {
	case p.terminal && p.method == "sudo":
		// It is to have a terminal, and not to use it.
		return raw + keep + p.already() + stay + "; else cat | { " + run + "; } | cat; fi\n"
	case p.terminal:
		return raw + keep + p.already() + stay + "; else " + run + "; fi\n"
	}
	return keep + p.already() + stay + "; else " + run + "; fi\n"
}

// raw makes sure of the mode that the terminal was asked for in.
const raw = "stty raw -echo 2>/dev/null\n"

// reads is what the other user's shell does first.
func (p passage) reads(j job) string {
	text := `eval "$2";echo;echo "$1 r";while IFS= read -r l;do [ "$l" = "$1" ]&&break;done;`
	if j.hold || p.terminal {
		return text + readsPart
	}
	return text + readsAll
}

func (p passage) gatedText(j job) []byte {
	if j.hold || p.terminal {
		return j.part(p.inner(j))
	}
	return j.all(p.inner(j))
}

// command is the command line that runs a script as the other user. Both are
// shell text already.
func (p passage) command(script, args string) string {
	user, run := quote(p.user), " -- sh -c "+script+" sh"+args
	switch {
	case p.method == "su":
		return "su -s /bin/sh -c " + script + " -- " + user + " sh" + args
	case p.method == "doas" && p.password == "":
		return "doas -n -u " + user + run
	case p.method == "doas":
		return "doas -u " + user + run
	case p.password == "":
		return "sudo -n -u " + user + run
	}
	return `sudo -S -p "$N p" -u ` + user + run
}

// inner is the script as the other user runs it.
func (p passage) inner(j job) string {
	text := j.inner()
	if p.watch {
		preamble := "N=" + j.mark + "\n"
		text = preamble + watchesLogs + strings.TrimPrefix(text, preamble)
	}
	switch {
	case !p.terminal:
		return text
	case j.mute:
		return "N=" + j.mark + "\n{ " + text + "} 2>/dev/null\n"
	}
	// Both streams come out of the terminal as one. A line of at most 2 KB is
	// written at once, so nothing gets in between.
	return "N=" + j.mark + "\n{ {\n" + text + "} 2>&1 >&5 5>&- | " +
		`while IFS= read -r l || [ -n "$l" ]; do printf '%s e %.2000s\n' "$N" "$l"; done; } 5>&1` + "\n"
}

// watchesLogs tells when sudo writes what passes through it to its log.
const watchesLogs = `if grep -Eqs '^[^#]*(log_(input|output|std|tty)|LOG_(INPUT|OUTPUT):)' /etc/sudoers /etc/sudoers.d/* 2>/dev/null &&
	LC_ALL=C sudo -n -l -U "${SUDO_USER:-root}" 2>/dev/null | tr ', ' '\n\n' |
	grep -Eqx 'log_(input|output|std(in|out|err)|tty(in|out))|LOG_(INPUT|OUTPUT):'; then echo "$N l"; fi
`

// ownerText is the script that becomes the owner of a path. A user who is not
// root can become nobody: where one was asked for by name, that is an error, and
// not a reason to try it as that user.
func (c *Conn) ownerText() string {
	if c.cfg.Become != "" && or(c.cfg.BecomeUser, "root") != "root" {
		return "bound=1\n" + ownerScript
	}
	return ownerScript
}
