package plan

// KindUnit is what the service manager of a host knows of a unit; the path is
// the unit's name. Its file is a resource of its own.
const KindUnit Kind = "unit"

// Unit is never a nil Object: that there is none is known together with whether
// the host has a service manager at all.
type Unit struct {
	Systemd bool     // it runs on the host
	Root    bool     // the session may change units
	Enabled bool     // the unit starts with the host
	Stale   bool     // systemd holds another text of it than its file
	Dropins []string // files of somebody else that change what it says

	// Of a desired one.
	Reload bool // systemd shall read its units anew
}

func (*Unit) isObject() {}

// sameUnit is same for a unit.
func sameUnit(before Object, after *Unit) bool {
	b, ok := before.(*Unit)
	return ok && b.Enabled == after.Enabled && !after.Reload
}
