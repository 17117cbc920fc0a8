package plan

import (
	"bytes"
	"fmt"
	"reflect"
)

// Moved is a resource of which two plans say different things.
type Moved struct {
	Ref  Ref
	Node string
	Text string // what has become of it
}

// Compare tells what has moved between two decoded plans: the one that was
// reviewed and the one that would be made now. Where the stand-ins of secrets
// were made by different keys, secrets must be false, and everything else is
// compared.
func Compare(reviewed, now *Plan, secrets bool) []Moved {
	var list []Moved
	kept, today := map[Ref]bool{}, map[Ref]Change{}
	for _, w := range now.Kept {
		kept[w.Ref] = true
	}
	for _, c := range now.Changes {
		today[c.Ref] = c
	}
	for _, c := range reviewed.Changes {
		is, there := today[c.Ref]
		delete(today, c.Ref)
		text := "is not looked at any more"
		switch {
		case there:
			text = c.moved(is, secrets)
		case kept[c.Ref]:
			text = "is by now as the plan wants it"
		}
		if text != "" {
			list = append(list, Moved{c.Ref, c.Node, text})
		}
	}
	for _, c := range now.Changes {
		if _, new := today[c.Ref]; new {
			list = append(list, Moved{c.Ref, c.Node, "would change as well, of which the plan says nothing"})
		}
	}
	return list
}

// moved tells what is not as it was when the plan was made; empty when the
// change is the same.
func (c Change) moved(now Change, secrets bool) string {
	if text := apart(c.Before, now.Before, c.HiddenBefore, now.HiddenBefore, secrets); text != "" {
		return text
	}
	if text := apart(c.After, now.After, c.Hidden, now.Hidden, secrets); text != "" {
		return "would become something else than the plan says: the inventory's secrets, the driver or what it is made from has changed"
	}
	if c.As != now.As || c.Node != now.Node || c.Step != now.Step || c.Stage() != now.Stage() || c.Why != now.Why {
		return fmt.Sprintf("changes for another reason than in the plan: %q", now.Why)
	}
	return ""
}

// apart tells how two decoded objects differ; empty when they do not.
func apart(was, is Object, hiddenWas, hiddenIs []Span, secrets bool) string {
	switch {
	case was == nil && is == nil:
		return ""
	case was == nil:
		return "is there; the plan saw none"
	case is == nil:
		return "is gone"
	case reflect.TypeOf(was) != reflect.TypeOf(is):
		return "is something else than the plan saw"
	}
	switch a := was.(type) {
	case *File:
		b := is.(*File)
		if text := a.Meta.apart(b.Meta); text != "" {
			return text
		}
		return content(bytes.Equal(open(a.Data, hiddenWas, secrets), open(b.Data, hiddenIs, secrets)))
	case *Blob:
		b := is.(*Blob)
		if text := a.Meta.apart(b.Meta); text != "" {
			return text
		}
		return content(a.Size == b.Size && a.SHA256 == b.SHA256)
	case *Server:
		if b := is.(*Server); a.Running != b.Running {
			return map[bool]string{true: "runs; the plan saw it stopped", false: "does not run; the plan saw it run"}[b.Running]
		}
	}
	if !reflect.DeepEqual(opened(was, secrets), opened(is, secrets)) {
		return "is not what the plan saw"
	}
	return ""
}

func content(same bool) string {
	if same {
		return ""
	}
	return "has another content than the plan saw"
}

func (m Meta) apart(now Meta) string {
	switch {
	case m.Mode != now.Mode:
		return fmt.Sprintf("has mode %04o; the plan saw %04o", now.Mode, m.Mode)
	case m.Owner != now.Owner || m.Group != now.Group:
		return fmt.Sprintf("belongs to %s:%s; the plan saw %s:%s", now.Owner, now.Group, m.Owner, m.Group)
	case m.Real != now.Real:
		return fmt.Sprintf("leads to %q; the plan saw it lead to %q", now.Real, m.Real)
	}
	return ""
}

// open is a text, and where secrets cannot be compared the text with a gap for
// each.
func open(data []byte, hidden []Span, secrets bool) []byte {
	if secrets {
		return data
	}
	var out []byte
	at := 0
	for _, s := range hidden {
		out = append(append(out, data[at:s.Start]...), 0)
		at = s.End
	}
	return append(out, data[at:]...)
}

// opened is the object with its statements open.
func opened(o Object, secrets bool) Object {
	gaps := func(list []Statement) []Statement {
		var out []Statement
		for _, s := range list {
			s.SQL, s.Hidden = string(open([]byte(s.SQL), s.Hidden, secrets)), nil
			out = append(out, s)
		}
		return out
	}
	switch o := o.(type) {
	case *Schema:
		c := *o
		c.Statements = gaps(o.Statements)
		return &c
	case *Account:
		c := *o
		c.Grants = gaps(o.Grants)
		return &c
	case *Admin:
		c := *o
		c.Statements = gaps(o.Statements)
		return &c
	}
	return o
}
