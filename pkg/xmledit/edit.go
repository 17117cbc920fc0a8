package xmledit

// Edit is one thing that a file should say. Make them with the functions below.
type Edit interface {
	make(*session) error
}

// KV is a key and the value that belongs to it.
type KV struct{ Key, Value string }

// Where says where among its siblings a new element goes.
type Where struct {
	side   side
	anchor string
}

type side uint8

const (
	last side = iota
	first
	after
	before
)

// First and Last are before and after all other children.
var (
	First = Where{side: first}
	Last  = Where{side: last}
)

// After is behind the last sibling that a path of a single step leads to.
func After(sibling string) Where { return Where{after, sibling} }

// Before is before the first sibling that a path of a single step leads to,
// and before a comment that stands right on top of it.
func Before(sibling string) Where { return Where{before, sibling} }

type setText struct{ path, value string }

// SetText sets the text of one element that has no child elements. Comments
// in it are lost if the text must change.
func SetText(path, value string) Edit { return setText{path, value} }

type setAttr struct{ path, name, value string }

// SetAttr sets an attribute of one element, or adds it behind the others.
func SetAttr(path, name, value string) Edit { return setAttr{path, name, value} }

type remove struct{ path string }

// Remove sees to it that there is no such element: one is removed with its line,
// several are an error.
func Remove(path string) Edit { return remove{path} }

type insert struct {
	path string
	side side
	e    Element
}

// InsertFirst adds an element as the first child of parent. Like the other
// inserts it does nothing if parent has a child that equals e entirely,
// wherever it stands.
func InsertFirst(parent string, e Element) Edit { return insert{parent, first, e} }

// InsertLast adds an element as the last child of parent, see [InsertFirst].
func InsertLast(parent string, e Element) Edit { return insert{parent, last, e} }

// InsertBefore adds an element before the one at path, and before a comment that
// stands right on top of that, see [InsertFirst].
func InsertBefore(path string, e Element) Edit { return insert{path, before, e} }

// InsertAfter adds an element behind the one at path, see [InsertFirst].
func InsertAfter(path string, e Element) Edit { return insert{path, after, e} }

type upsert struct {
	parent string
	e      Element
	where  Where
}

// Upsert sees to it that parent has a child with e's name and key. An absent
// one is inserted at where. One that is there is merged: it gets e's attributes
// and text, and each of e's children in the same way; whatever else is in it
// stays. If it is there twice that is an error.
//
// An element that has neither text nor children makes an element without
// children empty, and leaves the content of another one alone.
func Upsert(parent string, e Element, where Where) Edit { return upsert{parent, e, where} }

type setContent struct {
	path     string
	children []Element
}

// SetContent sees to it that the element has exactly these children. If it
// has, in the same order, and however they are written, nothing happens; if
// not, all of its content is replaced, comments included.
func SetContent(path string, children ...Element) Edit { return setContent{path, children} }

type setProperties struct {
	path, child, keyAttr string
	values               []KV
}

// SetProperties sets the text of children like <Property name="key">value</Property>.
// Where a key is there more than once every one of them is set; absent ones
// are added behind the last such child.
func SetProperties(path, child, keyAttr string, values ...KV) Edit {
	return setProperties{path, child, keyAttr, values}
}
