package report

import "github.com/appm-provision/appm-provision/pkg/run"

// ValidateDocument is what validate says of an inventory that is valid.
type ValidateDocument struct {
	Head
	// The path of the inventory, as it was given.
	Inventory string `json:"inventory"`
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// How many hosts it has.
	Hosts int `json:"hosts"`
	// How many nodes it has.
	Nodes int `json:"nodes"`
	// Where everything is.
	Layout *run.Layout `json:"layout"`
	Tail
}

// NewValidate says so.
func NewValidate(inventory, deployment string, hosts, nodes int, layout *run.Layout) *ValidateDocument {
	return &ValidateDocument{Head: head("validate"), Inventory: inventory, Deployment: deployment, Hosts: hosts, Nodes: nodes, Layout: layout}
}

// Written is an inventory that was written, and what is left to do for it.
type Written struct {
	// The path of the inventory that was written.
	Inventory string `json:"inventory"`
	// The deployment's name in it.
	Deployment string `json:"deployment"`
	// How many hosts it has.
	Hosts int `json:"hosts"`
	// How many nodes it has.
	Nodes int `json:"nodes"`
	// Where the JDBC driver is yet to be put; absent where it is there.
	Driver string `json:"put_driver,omitempty"`
	// The variables that are yet to be set.
	Variables []Variable `json:"set_variables"`
}

// InitDocument is what init has written.
type InitDocument struct {
	Head
	Written
	Tail
}

// NewInit says so.
func NewInit(w Written) *InitDocument { return &InitDocument{Head: head("init"), Written: w} }

// ImportDocument is what import has written, and what of the deployment is
// unusual.
type ImportDocument struct {
	Head
	Written
	// What is unusual in the deployment as it is, for people.
	Unusual []string `json:"unusual"`
	// What a plan on the inventory would change, which is unusual too.
	Changes []PlannedChange `json:"changes"`
	Tail
}

// NewImport says so; the plan is nil where none can be made yet.
func NewImport(w Written, unusual []string, plan *PlanDocument) *ImportDocument {
	d := &ImportDocument{Head: head("import"), Written: w, Unusual: append([]string{}, unusual...), Changes: []PlannedChange{}}
	if plan != nil {
		d.Changes = plan.Changes
	}
	return d
}

// Variable is one of the environment that holds a secret.
type Variable struct {
	// Its name.
	Name string `json:"name"`
	// What the secret is.
	Of string `json:"of"`
}

// VersionDocument is what version says.
type VersionDocument struct {
	Head
	// The version of this program, or the commit that it was built from.
	Version string `json:"version"`
	// The commit that it was built from; absent where it was built without git.
	Commit string `json:"commit,omitempty"`
	// When that commit was made, in UTC.
	Committed string `json:"committed,omitempty" schema:"format=date-time"`
	// Whether the source was not what was committed.
	Modified bool `json:"modified"`
	// The version of Go that it was built with.
	Go string `json:"go"`
	// The operating system that it was built for, as Go names it.
	OS string `json:"os"`
	// The architecture that it was built for, as Go names it.
	Arch string `json:"arch"`
	// The version of each type of document that it writes.
	Formats map[string]int `json:"formats"`
	Tail
}

// Answered gives the document of version its head and the formats.
func (d VersionDocument) Answered() *VersionDocument {
	d.Head, d.Formats = head("version"), formats
	return &d
}

// UnlockDocument is what unlock found and did.
type UnlockDocument struct {
	Head
	// Every lock of the deployment that somebody has.
	Locks []HeldLock `json:"locks"`
	Tail
}

// NewUnlock is what unlock found.
func NewUnlock(locks []HeldLock) *UnlockDocument {
	return &UnlockDocument{Head: head("unlock"), Locks: append([]HeldLock{}, locks...)}
}

// HeldLock is a lock that somebody has.
type HeldLock struct {
	// The host, or "database".
	Target string `json:"target"`
	// Whose it is, since when, and whether that run lives; for people.
	Text string `json:"text"`
	// Whether unlock has removed it. False as well where it went by itself meanwhile.
	Removed bool `json:"removed"`
}

// CheckDocument is what check found.
type CheckDocument struct {
	Head
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// Whether no check failed.
	Ready bool `json:"ready"`
	// The names of all checks, in their order; docs/check.md says what each looks at.
	Checks []string `json:"checks"`
	// What was looked at: the names of the hosts, and "database".
	Targets []string `json:"targets"`
	// What was found, by target and check. A check without one was not made there.
	Findings []FoundByCheck `json:"findings"`
	Tail
}

// A Grade says how a check came out.
type Grade string

// The grades: what is planned is not as it should be yet, and apply sees to it.
const (
	GradeOK         Grade = "ok"
	GradePlanned    Grade = "planned"
	GradeWarning    Grade = "warning"
	GradeFailure    Grade = "failure"
	GradeNotChecked Grade = "not checked"
)

var grades = map[Level]Grade{NotChecked: GradeNotChecked, OK: GradeOK, Planned: GradePlanned, Warning: GradeWarning, Failure: GradeFailure}

// FoundByCheck is what one check found.
type FoundByCheck struct {
	// The host, or "database".
	Target string `json:"target"`
	// The node that it is about; absent where it is about all of the target.
	Node string `json:"node,omitempty"`
	// The name of the check.
	Check string `json:"check"`
	// How it came out.
	Level Grade `json:"level"`
	// What was found and why it matters.
	What string `json:"what,omitempty"`
	// What to do about it, where the message says it.
	ToDo string `json:"to_do,omitempty"`
}

// NewCheck is what check found.
func NewCheck(deployment string, checks, targets []string, findings []Finding) *CheckDocument {
	d := &CheckDocument{
		Head: head("check"), Deployment: deployment, Ready: true, Checks: checks,
		Targets: append([]string{}, targets...), Findings: []FoundByCheck{},
	}
	for _, f := range findings {
		found := FoundByCheck{Target: f.Target, Node: f.Node, Check: f.Check, Level: grades[f.Level], What: f.Text}
		if f.Level >= Warning {
			found.What, found.ToDo = Advised(f.Text, "")
		}
		d.Ready = d.Ready && f.Level != Failure
		d.Findings = append(d.Findings, found)
	}
	return d
}

// Clean passes all texts that may quote a host or a server through clean.
func (d *CheckDocument) Clean(clean func(string) string) {
	for i, f := range d.Findings {
		d.Findings[i].What, d.Findings[i].ToDo = clean(f.What), clean(f.ToDo)
	}
}
