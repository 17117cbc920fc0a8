package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// PlanDocument is a plan as JSON. The same plan gives the same bytes.
type PlanDocument struct {
	Head
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// The plan in one sentence, for people; its wording may change.
	Summary string `json:"summary"`
	// How many changes there are of each kind.
	Counts Counts `json:"counts"`
	// Everything that was looked at: the names of the hosts, and "database".
	Targets []string `json:"targets"`
	// The changes, in the order of the steps.
	Changes []PlannedChange `json:"changes"`
	// What is as the inventory says and stays as it is.
	Kept []KeptResource `json:"kept"`
	// What an operator should know and what is no change.
	Notes []run.Note `json:"notes"`
	// Of a plan that was read from a file: whose it is.
	Saved *SavedBy `json:"saved,omitempty"`
	Tail
}

// Counts says how much there is to do.
type Counts struct {
	// Resources to create.
	Create int `json:"create"`
	// Resources to change.
	Change int `json:"change"`
	// Resources to remove.
	Remove int `json:"remove"`
	// Servers to start.
	Start int `json:"start"`
	// Servers to restart.
	Restart int `json:"restart"`
	// Servers to stop.
	Stop int `json:"stop"`
	// Resources that stay as they are.
	Kept int `json:"kept"`
}

// An Action is what a change does to its resource.
type Action string

// The actions. The last three are done to servers.
const (
	ActionCreate  Action = "create"
	ActionChange  Action = "change"
	ActionRemove  Action = "remove"
	ActionStart   Action = "start"
	ActionRestart Action = "restart"
	ActionStop    Action = "stop"
)

// KeptResource is a resource that needs no change.
type KeptResource struct {
	// The host it is on, or "database".
	Target string `json:"target"`
	// Of which kind it is.
	Kind plan.Kind `json:"kind"`
	// The file's path, the home, or the name of the schema, account, package or user.
	Path string `json:"path"`
	// The node it belongs to; absent for what belongs to a host or to the deployment.
	Node string `json:"node,omitempty"`
	// Why nothing is to do, where there is something to say.
	Why string `json:"why,omitempty"`
}

// PlannedChange is one difference between what is and what should be.
type PlannedChange struct {
	// Its place in the plan, from 0; lines of the type made name it.
	Index int `json:"index"`
	// The host it is on, or "database".
	Target string `json:"target"`
	// Of which kind the resource is.
	Kind plan.Kind `json:"kind"`
	// The file's path, the home, or the name of the schema, account, package or user.
	Path string `json:"path"`
	// The node it belongs to; absent for what belongs to a host or to the deployment.
	Node string `json:"node,omitempty"`
	// The directory with whose owner's rights it is written; absent: with the session's.
	As string `json:"as,omitempty"`
	// The step that wants it.
	Step string `json:"step"`
	// The stage of the run in which it is made.
	Stage plan.Stage `json:"stage"`
	// What is done to the resource.
	Action Action `json:"action"`
	// Why, for people; its wording may change.
	Why string `json:"why,omitempty"`
	// What was found; null: it is absent.
	Before *Object `json:"before"`
	// What is to be there; null: nothing is.
	After *Object `json:"after"`
	// Of a file: the lines that differ, with three lines around them.
	Diff []Hunk `json:"diff,omitempty"`
}

// SavedBy says whose plan a file holds.
type SavedBy struct {
	// The file.
	File string `json:"file"`
	// When the plan was made, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// Who made it, and on which machine.
	Operator string `json:"operator"`
	// The version of the program that made it.
	Version string `json:"version"`
	// The path of its inventory, on the machine that made it.
	Inventory string `json:"inventory"`
	// The hosts, nodes or roles that it was limited to; absent: to none.
	Limit []string `json:"limit,omitempty"`
	// Whether it was made with this machine's key, so that the file is known to be as it was made.
	Sealed bool `json:"sealed"`
}

// OfPlan is the plan as JSON; Verbose adds whole texts and the statements of
// scripts.
func OfPlan(p *plan.Plan, o Options) (*PlanDocument, error) {
	d := &PlanDocument{
		Head: head("plan"), Deployment: p.Name, Summary: Summary(p), Counts: Counts{Kept: len(p.Kept)},
		Targets: append([]string{}, targets(p)...), Changes: []PlannedChange{}, Kept: []KeptResource{}, Notes: []run.Note{},
	}
	for i, c := range p.Changes {
		change, err := ofChange(i, c, o)
		if err != nil {
			return nil, err
		}
		d.Changes = append(d.Changes, change)
		d.Counts.add(change.Action)
	}
	for _, w := range p.Kept {
		d.Kept = append(d.Kept, KeptResource{w.Ref.Target, w.Ref.Kind, w.Ref.Path, w.Node, w.Why})
	}
	for _, n := range p.Notes {
		d.Notes = append(d.Notes, run.Note{Target: n.Target, Node: n.Node, Text: n.Text})
	}
	return d, nil
}

// Clean passes all texts that may quote a host or a server through clean.
func (d *PlanDocument) Clean(clean func(string) string) {
	for i := range d.Notes {
		d.Notes[i].Text = clean(d.Notes[i].Text)
	}
	for i := range d.Changes {
		d.Changes[i].Why = clean(d.Changes[i].Why)
	}
	for i := range d.Kept {
		d.Kept[i].Why = clean(d.Kept[i].Why)
	}
}

func (c *Counts) add(a Action) {
	*map[Action]*int{
		ActionCreate: &c.Create, ActionChange: &c.Change, ActionRemove: &c.Remove,
		ActionStart: &c.Start, ActionRestart: &c.Restart, ActionStop: &c.Stop,
	}[a]++
}

func ofChange(index int, c plan.Change, o Options) (PlannedChange, error) {
	out := PlannedChange{
		Index: index, Target: c.Ref.Target, Kind: c.Ref.Kind, Path: c.Ref.Path, Node: c.Node, As: c.As,
		Step: c.Step, Stage: c.Stage(), Action: action(c), Why: c.Why,
	}
	texts, err := veil(o.Secret).compared(c)
	if err != nil {
		return out, fmt.Errorf("%s: %w", c.Ref, err)
	}
	out.Before, out.After, out.Diff = object(c.Before, nil, texts.before, o), object(c.After, c.Before, texts.after, o), texts.hunks
	return out, nil
}

func action(c plan.Change) Action {
	switch sign(c) {
	case '+':
		return ActionCreate
	case '-':
		return ActionRemove
	case '>':
		return Action(startWord(c))
	}
	return ActionChange
}

// effective is what a file will have: mode and owner that the plan does not set
// are those of what was there.
func effective(m plan.Meta, was plan.Object) FileMeta {
	b := meta(was)
	if b == nil {
		b = &plan.Meta{}
	}
	return FileMeta{run.Mode(cmp.Or(m.Mode, b.Mode)), cmp.Or(m.Owner, b.Owner), cmp.Or(m.Group, b.Group), cmp.Or(m.Real, b.Real)}
}

// joinedLines is a text of masked lines.
func joinedLines(lines []string) string { return strings.Join(lines, "") }
