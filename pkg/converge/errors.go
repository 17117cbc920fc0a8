package converge

// A Cause tells apart why an apply or a verification failed.
type Cause string

// The causes.
const (
	Drift    Cause = "drift"    // a resource is no longer what the plan saw
	Write    Cause = "write"    // a file could not be written
	Server   Cause = "server"   // a server did not stop or did not come up
	Install  Cause = "install"  // the database server could not be installed or started
	Unpack   Cause = "unpack"   // a home could not be unpacked, or a user not be made
	Database Cause = "database" // the database refused
	Locked   Cause = "locked"   // another run is at work on it, or took its lock
	Verify   Cause = "verify"   // after the apply there is still something to do
)

// Error is a failure of a run on one target.
type Error struct {
	Cause  Cause
	Target string // host, or plan.Deployment
	Node   string // the node whose server it is
	Text   string // what, why and what to do
	Log    []string
	below  error // what Text was made from, for errors.As
}

func (e *Error) Error() string {
	text := e.Target + ": " + e.Text
	for _, l := range e.Log {
		text += "\n    " + l
	}
	return text
}

func (e *Error) Unwrap() error { return e.below }
