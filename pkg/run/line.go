package run

import (
	"fmt"
	"strconv"
	"time"
)

// Format is the version of the record's format. A reader refuses a newer one
// and passes over kinds of lines that it does not know.
const Format = 1

// line is one line of a record: when, and one of the rest.
type line struct {
	At    time.Time `json:"at"`
	Lost  int       `json:"lost,omitempty"` // lines before this one that could not be written
	Begin *Begin    `json:"begin,omitempty"`
	Plan  *Plan     `json:"plan,omitempty"`
	Event *Event    `json:"event,omitempty"`
	Made  *Made     `json:"made,omitempty"`
	Wire  []Wire    `json:"wire,omitempty"`
	End   *End      `json:"end,omitempty"`
}

// Begin says whose run it is, of what, over what.
type Begin struct {
	Format     int      `json:"format"` // set by Create
	ID         string   `json:"id"`     // set by Create
	Version    string   `json:"version"`
	Operator   string   `json:"operator"`
	Command    []string `json:"command"`
	Deployment string   `json:"deployment"`
	Inventory  string   `json:"inventory"`    // its path
	Digest     string   `json:"digest"`       // the inventory's keyed fingerprint
	Of         string   `json:"of,omitempty"` // the run that this one takes back
}

// Plan is what was to be done.
type Plan struct {
	Summary string   `json:"summary"`          // the plan in one sentence
	Changes []Change `json:"changes"`          // the changes, in the order of the steps
	Notes   []Note   `json:"notes,omitempty"`  // what an operator should know and what is no change
	Kept    []Kept   `json:"kept,omitempty"`   // what stays as it is; absent in a record of an older version
	Layout  *Layout  `json:"layout,omitempty"` // how the deployment is laid out; absent in a record of an older version
}

// Change is one difference: what a plan.Change says, without its secrets.
type Change struct {
	Target string `json:"target"`          // the host it is on, or "database"
	Kind   string `json:"kind"`            // of which kind the resource is
	Path   string `json:"path"`            // the file's path, the server's home, or the name of the schema, account or package
	As     string `json:"as,omitempty"`    // the directory with whose owner's rights it was written
	Node   string `json:"node,omitempty"`  // the node it belongs to
	Step   string `json:"step"`            // the step that wants it
	Stage  string `json:"stage"`           // the stage of the run in which it is made
	Why    string `json:"why,omitempty"`   // why, for people
	Before *Thing `json:"before"`          // what was found; null: it is absent
	After  *Thing `json:"after"`           // what is to be there; null: nothing is
	Text   string `json:"text,omitempty"`  // as the plan shows it: headline and masked diff
	Shown  *Shown `json:"shown,omitempty"` // the same in its parts; absent in a record of an older version
	Keep   string `json:"keep,omitempty"`  // where on its host the bytes of before are to be kept
}

// Thing is what a resource was or was to be.
type Thing struct {
	Fingerprint string `json:"fingerprint,omitempty"` // of a file's bytes, keyed with a key that does not leave this machine
	SHA256      string `json:"sha256,omitempty"`      // in hex, of what cannot hold a secret: a jar
	Size        int64  `json:"size,omitempty"`        // its length in bytes
	Mode        Mode   `json:"mode,omitempty"`        // permission bits, in octal
	Owner       string `json:"owner,omitempty"`       // the owner's name
	Group       string `json:"group,omitempty"`       // the group's name
	Real        string `json:"real,omitempty"`        // where symlinks led
	Running     bool   `json:"running,omitempty"`     // whether it runs; of a server
	Enabled     bool   `json:"enabled,omitempty"`     // whether it starts with its host; of a unit
}

// Note is something that an operator should know and that is no change.
type Note struct {
	Target string `json:"target"`         // the host it is about, or "database"
	Node   string `json:"node,omitempty"` // the node it is about; absent where it is about all of the target
	Text   string `json:"text"`           // what there is to know, for people
}

// Made says that a change was made.
type Made struct {
	Change int    `json:"change"`         // its index in the plan
	Kept   string `json:"kept,omitempty"` // where on its host the bytes that were there are now
}

// Wire is what went over one connection.
type Wire struct {
	Host        string `json:"host"`        // the name of the host
	Connections int    `json:"connections"` // how many connections were made to it
	Sessions    int    `json:"sessions"`    // how many session channels were opened on them
	Tunnels     int    `json:"tunnels"`     // how many TCP tunnels were opened on them
	Sent        int64  `json:"sent"`        // bytes sent to it
	Received    int64  `json:"received"`    // bytes received from it
}

// End is how the run ended. A record without one is of a run that was broken
// off, or that is still under way.
type End struct {
	Exit     int           `json:"exit"`
	Error    string        `json:"error,omitempty"`
	Outcomes []Ended       `json:"outcomes,omitempty"`
	Took     time.Duration `json:"took_ns"`
}

// Ended is an Outcome as it is recorded.
type Ended struct {
	Target  string `json:"target"`          // the host, or "database"
	Result  Result `json:"result"`          // how it came out
	Made    int    `json:"made"`            // how many of its changes were made
	Planned int    `json:"planned"`         // how many were planned
	Error   string `json:"error,omitempty"` // why it failed, as it was printed
}

// EndOf is how a run ended whose report may be nil: it did not get that far.
func EndOf(exit int, err error, report *Report) End {
	end := End{Exit: exit}
	if err != nil {
		end.Error = err.Error()
	}
	if report == nil {
		return end
	}
	end.Took = report.Took
	for _, o := range report.Outcomes {
		ended := Ended{Target: o.Target, Result: o.Result, Made: o.Made, Planned: o.Planned}
		if o.Err != nil {
			ended.Error = o.Err.Error()
		}
		end.Outcomes = append(end.Outcomes, ended)
	}
	return end
}

// Mode is permission bits, recorded in octal, as people read them.
type Mode uint32

// MarshalText gives "0644".
func (m Mode) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", uint32(m)), nil }

// UnmarshalText reads it.
func (m *Mode) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || n > 0o7777 {
		return fmt.Errorf("mode %q is not octal permission bits", text)
	}
	*m = Mode(n)
	return nil
}
