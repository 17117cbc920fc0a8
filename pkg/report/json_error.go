package report

import "strings"

// ErrorDocument is all that a command has to say that came to nothing.
type ErrorDocument struct {
	Head
	Tail
}

// NewErrorDocument is one that is not ended yet.
func NewErrorDocument() *ErrorDocument { return &ErrorDocument{Head: head("error")} }

// Fault is why a command ended as it did.
type Fault struct {
	// The exit code of the program.
	Exit int `json:"exit"`
	// The exit code's name, from docs/exit-codes.md.
	Cause string `json:"cause"`
	// The whole error as it is printed without --json.
	Text string `json:"text"`
	// What went wrong, each thing by itself; the first decides the exit code.
	Parts []Problem `json:"parts"`
}

// Problem is one thing that went wrong: where, what, and what to do.
type Problem struct {
	// The name of its own exit code.
	Cause string `json:"cause"`
	// The host, or "database".
	Target string `json:"target,omitempty"`
	// The node.
	Node string `json:"node,omitempty"`
	// The step, or the check, that found it.
	Step string `json:"step,omitempty"`
	// What it is about on the target: a file's path, a server's home, a schema, an account.
	Path string `json:"path,omitempty"`
	// The file on this machine: the inventory, ssh_config, a saved plan.
	File string `json:"file,omitempty"`
	// The line in this file, from 1.
	Line int `json:"line,omitempty"`
	// What is wrong, and why.
	What string `json:"what"`
	// What to do about it.
	ToDo string `json:"to_do,omitempty"`
	// The last lines of a log that belong to it.
	Log []string `json:"log,omitempty"`
}

// Advised takes apart what is wrong and what to do about it, which messages say
// after a semicolon, or in parentheses at their end. Where one does not say it,
// general is the advice.
func Advised(text, general string) (what, toDo string) {
	if i := strings.LastIndex(text, " ("); i > 0 && strings.HasSuffix(text, ")") && orders(text[i+2:]) {
		return text[:i], text[i+2 : len(text)-1]
	}
	for at := 0; ; {
		i := strings.Index(text[at:], "; ")
		if i < 0 {
			return text, general
		}
		at += i
		if advice := text[at+2:]; orders(advice) {
			return text[:at], advice
		}
		at += 2
	}
}

// verbs are those that the messages of this program give advice with.
var verbs = func() map[string]bool {
	all := map[string]bool{}
	for _, v := range strings.Fields(`add adopt allow ask call change check choose compare connect correct create define delete describe do drop
		empty end find fix free give have if install leave let load log look lower make mount move name open pass pick plan point prefer put raise
		read rebuild release remove rename repair report rerun restore return rotate run say see set shorten show start stop take tell try turn
		unset use wait want write`) {
		all[v] = true
	}
	return all
}()

// orders tells whether a text says what to do.
func orders(text string) bool {
	text = strings.TrimPrefix(text, "please ")
	word, rest, _ := strings.Cut(text, " ")
	if word == "did" { // you mean
		return true
	}
	if word == "either" || word == "then" || word == "or" {
		word, _, _ = strings.Cut(rest, " ")
	}
	return verbs[strings.TrimRight(word, ",:")]
}
