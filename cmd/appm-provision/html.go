package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// planHTML writes the plan as a page.
func (s *session) planHTML(p *plan.Plan, file string) error {
	key, err := stateKey()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(s.inventory)
	if err != nil {
		return err
	}
	clean := cleaner(s.secrets()...)
	planned, err := inParts(p, report.Options{})
	if err != nil {
		return err
	}
	planned.Layout = layout(s.inv)
	for i, n := range planned.Notes { // they may quote a host or a server
		planned.Notes[i].Text = clean(n.Text)
	}
	past := &run.Past{At: time.Now(), Plan: &planned, Begin: run.Begin{
		Version: buildVersion(), Operator: operator(), Command: cleanAll(clean, s.args), Deployment: s.inv.Name,
		Inventory: path, Digest: run.Fingerprint(key, s.source),
	}}
	return s.writeHTML(file, past, report.PlanHTML)
}

// savedHTML writes a saved plan as a page. It has no fingerprint of the
// inventory: the text that is in it has lost its secrets.
func (a *app) savedHTML(s *savedPlan, file string) error {
	planned, err := inParts(s.plan, report.Options{})
	if err != nil {
		return err
	}
	begin := run.Begin{Version: s.By, Operator: s.Operator, Deployment: s.plan.Name, Inventory: s.Inventory}
	if inv, _, err := inventory.Parse(s.Inventory, []byte(s.Source)); err == nil { // else there is no picture
		planned.Layout = layout(inv)
	}
	return a.writeHTML(file, &run.Past{At: s.At, Plan: &planned, Begin: begin}, report.PlanHTML)
}

// writeHTML writes a page and says where it is.
func (a *app) writeHTML(file string, past *run.Past, write func(io.Writer, *run.Past) error) error {
	var page bytes.Buffer
	if err := write(&page, past); err != nil {
		return err
	}
	if err := writeOwn(file, page.Bytes(), isHTML); err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	fmt.Fprintf(a.stderr, "page      %s\n", file)
	return nil
}

// isHTML refuses what is no page of ours.
func isHTML(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return err
	}
	if !report.IsHTML(head[:n]) {
		return usage("%s is there and is no page of appm-provision; remove it, or give --html another name", file)
	}
	return nil
}
