package xmledit

import (
	"fmt"
	"strconv"
	"strings"
)

// step is one part of a path: a name and what is asked of it.
type step struct {
	name  qname
	preds []predicate
	text  string // as it was written, for messages
}

// qname is a name in a path. Without a prefix it stands for any namespace.
type qname struct{ prefix, local string }

func (q qname) matches(raw []byte) bool {
	switch {
	case q.local == "*":
		return true
	case q.prefix == "":
		return string(local(raw)) == q.local
	}
	return string(raw) == q.String()
}

// nameOf is how a path says a name that is written raw.
func nameOf(raw []byte) qname {
	prefix, rest := cutName(raw)
	return qname{string(prefix), string(rest)}
}

func (q qname) String() string {
	if q.prefix == "" {
		return q.local
	}
	return q.prefix + ":" + q.local
}

// operand is what a value is compared with: an attribute, a child's text, …
// With neither steps nor attr it is the element's own text.
type operand struct {
	steps []qname
	attr  string
}

func (o operand) String() string {
	var parts []string
	for _, s := range o.steps {
		parts = append(parts, s.String())
	}
	if o.attr != "" {
		parts = append(parts, "@"+o.attr)
	}
	if parts == nil {
		return "."
	}
	return strings.Join(parts, "/")
}

// predicate compares an operand, or counts when index is not 0.
type predicate struct {
	op    operand
	value string
	index int
}

// Quote writes a value as a path wants it inside of a predicate.
func Quote(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

// pathReader reads a path; the first mistake stays in err.
type pathReader struct {
	s   string
	i   int
	err error
}

func parsePath(s string) ([]step, error) {
	r := pathReader{s: s}
	steps := []step{r.step()}
	for r.accept("/") {
		steps = append(steps, r.step())
	}
	r.finish()
	return steps, r.err
}

// parseStep reads the path of a sibling: a single step.
func parseStep(s string) (step, error) {
	r := pathReader{s: s}
	st := r.step()
	if r.accept("/") {
		r.stop("only a sibling's name and predicates may stand here, not a path")
	}
	r.finish()
	return st, r.err
}

// parseOperand reads what may stand before the = of a predicate.
func parseOperand(s string) (operand, error) {
	r := pathReader{s: s}
	op := r.operand()
	r.finish()
	return op, r.err
}

func (r *pathReader) finish() {
	if r.i < len(r.s) {
		r.stop("a / or a [ is expected here")
	}
}

func (r *pathReader) step() step {
	from := r.i
	st := step{name: r.name(true)}
	for r.accept("[") {
		st.preds = append(st.preds, r.predicate())
		r.expect("]")
	}
	st.text = r.s[from:r.i]
	return st
}

func (r *pathReader) predicate() predicate {
	if r.i < len(r.s) && '0' <= r.s[r.i] && r.s[r.i] <= '9' {
		return predicate{index: r.index()}
	}
	p := predicate{op: r.operand()}
	r.expect("=")
	p.value = r.literal()
	return p
}

func (r *pathReader) index() int {
	from := r.i
	for r.i < len(r.s) && '0' <= r.s[r.i] && r.s[r.i] <= '9' {
		r.i++
	}
	n, err := strconv.Atoi(r.s[from:r.i])
	if err != nil || n < 1 {
		r.i = from
		r.stop("an index counts from 1")
	}
	return n
}

func (r *pathReader) operand() operand {
	var op operand
	if r.accept(".") {
		return op
	}
	for r.err == nil {
		if r.accept("@") {
			op.attr = r.name(false).String()
			return op
		}
		op.steps = append(op.steps, r.name(false))
		if !r.accept("/") {
			return op
		}
	}
	return op
}

func (r *pathReader) name(wild bool) qname {
	if r.err != nil {
		return qname{}
	}
	if wild && r.accept("*") {
		return qname{local: "*"}
	}
	n := nameLen([]byte(r.s[r.i:]))
	if n == 0 {
		r.stop("a name is expected here")
		return qname{}
	}
	r.i += n
	return nameOf([]byte(r.s[r.i-n : r.i]))
}

// literal reads a value in quotes, in which the quote itself is doubled.
func (r *pathReader) literal() string {
	if r.err != nil {
		return ""
	}
	if r.i >= len(r.s) || r.s[r.i] != '\'' && r.s[r.i] != '"' {
		r.stop("a value in quotes is expected here")
		return ""
	}
	quote, from := r.s[r.i:r.i+1], r.i
	var b strings.Builder
	for r.i++; r.i < len(r.s); {
		if !strings.HasPrefix(r.s[r.i:], quote) {
			b.WriteByte(r.s[r.i])
			r.i++
			continue
		}
		r.i++
		if !r.accept(quote) {
			return b.String()
		}
		b.WriteString(quote)
	}
	r.i = from
	r.stop("this value does not end")
	return ""
}

func (r *pathReader) accept(s string) bool {
	if r.err != nil || !strings.HasPrefix(r.s[r.i:], s) {
		return false
	}
	r.i += len(s)
	return true
}

func (r *pathReader) expect(s string) {
	if !r.accept(s) {
		r.stop(s + " is expected here")
	}
}

func (r *pathReader) stop(reason string) {
	if r.err == nil {
		r.err = fmt.Errorf("path %s, column %d: %s", r.s, r.i+1, reason)
	}
}
