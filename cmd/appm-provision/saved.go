package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// A saved plan is two lines of JSON: what it is, and what it says. The format
// is docs/saved-plans.md.
const (
	savedFormat  = "appm-provision saved plan"
	savedVersion = 2
	savedLargest = 64 << 20 // all scripts of the product are less than one
)

// savedHead is the first line. The seal is of the bytes of the second, by the
// key of the machine that made it.
type savedHead struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Key     string `json:"key"` // which key that was
	Seal    string `json:"seal"`
}

// savedBody is the second.
type savedBody struct {
	At        time.Time       `json:"at"`
	By        string          `json:"by"` // version of this program
	Operator  string          `json:"operator"`
	Inventory string          `json:"inventory"` // its path
	Source    string          `json:"source"`    // its text, without its secrets
	Limit     []string        `json:"limit,omitempty"`
	Plan      json.RawMessage `json:"plan"`
}

// savedPlan is one that was read.
type savedPlan struct {
	savedBody
	file    string
	plan    *plan.Plan
	key     []byte // of this machine
	sameKey bool   // the plan was made with it
}

// save writes the plan that the session has made.
func (s *session) save(p *plan.Plan, file string) error {
	key, err := stateKey()
	if err != nil {
		return err
	}
	source, _, err := inventory.Cut(s.source)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(s.inventory)
	if err != nil {
		return err
	}
	body := savedBody{At: time.Now().UTC().Truncate(time.Second), By: buildVersion(), Operator: operator(), Inventory: path, Source: string(source), Limit: s.limit}
	clean := cleaner(s.secrets()...)
	told := *p
	told.Notes = nil // they may quote a host or a server
	for _, n := range p.Notes {
		n.Text = clean(n.Text)
		told.Notes = append(told.Notes, n)
	}
	if body.Plan, err = plan.Encode(&told, sealer(key)); err != nil {
		return err
	}
	data, err := sealedLines(body, key)
	if err != nil {
		return err
	}
	if err := writeOwn(file, data, isSaved); err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "saved     %s; to make exactly this plan: appm-provision apply %s\n", file, file)
	return nil
}

func stateKey() ([]byte, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	return run.Key(dir)
}

// sealer is what stands for a secret: who has the file and not the key cannot
// try passwords on it.
func sealer(key []byte) func([]byte) string {
	return func(secret []byte) string { return run.Fingerprint(key, secret) }
}

// keyName tells keys apart.
func keyName(key []byte) string { return run.Fingerprint(key, []byte("the name of this key")) }

func sealedLines(body savedBody, key []byte) ([]byte, error) {
	second, err := jsonLine(body)
	if err != nil {
		return nil, err
	}
	first, err := jsonLine(savedHead{savedFormat, savedVersion, keyName(key), run.Fingerprint(key, second)})
	return append(first, second...), err
}

// jsonLine writes XML as XML.
func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// isSaved refuses what is no saved plan.
func isSaved(file string) error {
	if _, _, err := readLines(file); err != nil {
		return usage("%s is there and is no saved plan; remove it, or give --out another name", file)
	}
	return nil
}

// readLines reads the two lines of a saved plan; the second is not looked at.
func readLines(file string) (head savedHead, second []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return head, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, savedLargest+1))
	if err != nil {
		return head, nil, err
	}
	first, second, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(first, &head); err != nil || head.Format != savedFormat {
		return head, nil, fmt.Errorf("%s is no saved plan; appm-provision plan --out makes one", file)
	}
	switch {
	case len(data) > savedLargest:
		return head, nil, fmt.Errorf("%s is larger than %d MB, which no plan is", file, savedLargest>>20)
	case head.Version > savedVersion:
		return head, nil, fmt.Errorf("%s was made by a newer appm-provision (format %d; this one reads %d)", file, head.Version, savedVersion)
	}
	return head, second, nil
}

// readSaved reads a saved plan. One that was made with this machine's key and
// changed afterwards is refused.
func readSaved(file string) (*savedPlan, error) {
	head, second, err := readLines(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; appm-provision plan --out makes a saved plan", err)
	}
	if err != nil {
		return nil, err
	}
	s := &savedPlan{file: file}
	if s.key, err = stateKey(); err != nil {
		return nil, err
	}
	s.sameKey = keyName(s.key) == head.Key
	if s.sameKey && run.Fingerprint(s.key, second) != head.Seal {
		return nil, fmt.Errorf("%s is not as it was made: it was cut or changed since; plan again", file)
	}
	d := json.NewDecoder(bytes.NewReader(second))
	d.DisallowUnknownFields()
	err = d.Decode(&s.savedBody)
	if err == nil {
		s.plan, err = plan.Decode(s.Plan)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a saved plan: %w", file, err)
	}
	return s, nil
}
