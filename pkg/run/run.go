// Package run is the record of a run: what happened, where, in which stage,
// and how each target came out of it. The record is a file of JSON lines on the
// operator's machine, each of them on the disk before the run goes on, and
// holds no secret: of bytes that may hold one only keyed fingerprints.
package run

import "time"

// A Stage is a part of a run; hosts work in parallel within one.
type Stage string

// The stages of a whole run, in order.
const (
	Connect   Stage = "connect"
	Preflight Stage = "preflight"
	Lock      Stage = "lock"
	Upload    Stage = "upload"
	Stop      Stage = "stop"
	Unpack    Stage = "unpack"
	Install   Stage = "install"
	Databases Stage = "databases"
	Files     Stage = "files"
	Restart   Stage = "restart"
	Remove    Stage = "remove"
	Verify    Stage = "verify"
)

// An Event is one line of progress.
type Event struct {
	Stage  Stage  `json:"stage"`           // the part of the run that it is of
	Target string `json:"target"`          // the host, or "database"; of verifying as a whole the deployment
	Node   string `json:"node,omitempty"`  // the node, where it concerns one
	Text   string `json:"text"`            // what happens, for people
	Done   int64  `json:"done,omitempty"`  // of something counted: how much is done, in the unit of total
	Total  int64  `json:"total,omitempty"` // of something counted: how much there is, bytes of an upload or statements of a schema; absent where nothing is
	Unit   Unit   `json:"unit,omitempty"`  // of done and total
	Log    bool   `json:"log,omitempty"`   // whether it is a line of a server's log
	Note   bool   `json:"note,omitempty"`  // whether it is to be read also after the run
}

// Unit is what is counted.
type Unit string

// The units.
const (
	Bytes      Unit = "bytes"
	Statements Unit = "statements"
)

// A Result says how a target came out.
type Result string

// The results.
const (
	Done       Result = "done"
	Failed     Result = "failed"
	NotStarted Result = "not started"
	Unchanged  Result = "nothing to do"
)

// An Outcome is what became of one target.
type Outcome struct {
	Target        string
	Result        Result
	Made, Planned int // changes
	Err           error
}

// Report is what became of a run.
type Report struct {
	Outcomes []Outcome // in the plan's order of targets
	Took     time.Duration
}

// Err is the first failure, by order of targets; nil when none failed.
func (r *Report) Err() error {
	for _, o := range r.Outcomes {
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}
