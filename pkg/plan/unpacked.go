package plan

// KindUnpacked is what a host's state says of a home; the path is the home. The
// home's files are resources of their own.
const KindUnpacked Kind = "unpacked"

// Unpacked is a home that is there, or what a removal left of it; an absent one
// is a nil Object.
type Unpacked struct {
	Ours bool   // a note of ours says that this very folder was unpacked there
	Left bool   // a removal was cut off
	Pack string // what it was unpacked from
}

func (*Unpacked) isObject() {}
