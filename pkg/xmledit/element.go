package xmledit

import (
	"fmt"
	"slices"
	"strings"
)

// Element is an element to write. It has either text or children.
type Element struct {
	Name     string
	Attrs    []Attribute
	Text     string
	Children []Element

	// Key is how the element is told from siblings of the same name when it is
	// merged: "@name" is an attribute, "id" a child's text, "a/b/@c" what lies
	// deeper. Without a key the name alone must do.
	Key string
}

// Attribute is an attribute to write.
type Attribute struct{ Name, Value string }

// valid refuses what could not be written, before anything is looked at.
func (e Element) valid() error {
	switch {
	case !isNameString(e.Name):
		return fmt.Errorf("this is no name for an element: %s", e.Name)
	case e.Text != "" && len(e.Children) > 0:
		return fmt.Errorf("element %s to write: has text and children, want one of them", e.Name)
	case !writable(e.Text):
		return fmt.Errorf("element %s to write: its text has a character that XML cannot carry", e.Name)
	}
	for i, a := range e.Attrs {
		switch {
		case !isNameString(a.Name):
			return fmt.Errorf("element %s to write: this is no name for an attribute: %s", e.Name, a.Name)
		case !writable(a.Value):
			return fmt.Errorf("element %s to write: attribute %s has a character that XML cannot carry", e.Name, a.Name)
		case slices.ContainsFunc(e.Attrs[:i], func(b Attribute) bool { return a.Name == b.Name }):
			return fmt.Errorf("element %s to write: attribute %s is there twice", e.Name, a.Name)
		}
	}
	return validAll(e.Children)
}

func validAll(list []Element) error {
	for _, e := range list {
		if err := e.valid(); err != nil {
			return err
		}
	}
	return nil
}

// key is how a path would tell e from its siblings.
func (e Element) key() (step, error) {
	st := step{name: qname{local: string(local([]byte(e.Name)))}, text: e.Name}
	if e.Key == "" {
		return st, nil
	}
	op, err := parseOperand(e.Key)
	if err != nil {
		return step{}, err
	}
	v, ok := e.at(op)
	if !ok {
		return step{}, fmt.Errorf("element %s to write: it lacks its key %s", e.Name, e.Key)
	}
	st.preds = []predicate{{op: op, value: v}}
	st.text += "[" + e.Key + "=" + Quote(v) + "]"
	return st, nil
}

// at is what an operand names in an element to write.
func (e Element) at(op operand) (string, bool) {
	if len(op.steps) > 0 {
		for _, c := range e.Children {
			if op.steps[0].matches([]byte(c.Name)) {
				return c.at(operand{op.steps[1:], op.attr})
			}
		}
		return "", false
	}
	if op.attr == "" {
		return e.Text, len(e.Children) == 0
	}
	for _, a := range e.Attrs {
		if a.Name == op.attr {
			return a.Value, true
		}
	}
	return "", false
}

// distinct refuses children that merging could not tell apart, whatever the
// file holds.
func (e Element) distinct() error {
	seen := map[[2]string]bool{}
	for _, c := range e.Children {
		st, err := c.key()
		if err != nil {
			return err
		}
		key := [2]string{c.Name, st.text}
		if seen[key] {
			return fmt.Errorf("element %s to write: two children %s that no key tells apart", e.Name, c.Name)
		}
		seen[key] = true
		if err := c.distinct(); err != nil {
			return err
		}
	}
	return nil
}

// telling is something about e that few of its siblings share, so that the
// others need not be compared.
func (e Element) telling() (operand, string, bool) {
	switch {
	case len(e.Attrs) > 0:
		return operand{attr: e.Attrs[0].Name}, e.Attrs[0].Value, true
	case len(e.Children) == 0:
		return operand{}, e.Text, true
	}
	for _, c := range e.Children {
		if len(c.Children) == 0 && !strings.Contains(c.Name, ":") {
			return operand{steps: []qname{{local: c.Name}}}, c.Text, true
		}
	}
	return operand{}, "", false
}

func attrNames(e Element) []string {
	var names []string
	for _, a := range e.Attrs {
		names = append(names, a.Name)
	}
	return names
}
