package plan

// KindKept is what a run has replaced, where its host keeps it: the path is one
// in the store of the host.
const KindKept Kind = "kept"

// Kept is the bytes that a run has replaced, or, of what is too big to read,
// their size and digest.
type Kept struct {
	Data   []byte
	Size   int64
	SHA256 string
}

func (*Kept) isObject() {}
