package plan

// Home is a whole home. One that was found has its owner alone: what is in it,
// other resources tell.
type Home struct {
	Meta

	// Of a desired one: the pack, and what it unpacks to.
	Version string
	Pack    string // the zip's name
	SHA256  string // of the zip
	URL     string // where the host fetches the zip from; "": it is brought there
	Packed  int64  // bytes of the zip
	Files   int
	Size    int64 // bytes, unpacked
}

// User is a user of a host.
type User struct {
	Group string // the user's own; "" of a desired one: as the host makes it
	Shell string // of a desired one
}

func (*Home) isObject() {}
func (*User) isObject() {}
