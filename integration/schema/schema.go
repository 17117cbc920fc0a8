// Package schema checks in tests what is written with --json against the
// schemas of docs/schema.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var (
	mu       sync.Mutex
	compiled = map[string]*jsonschema.Schema{}
)

// Document checks one document and returns its type.
func Document(data []byte) (string, error) {
	var head struct{ Type string }
	if err := json.Unmarshal(data, &head); err != nil {
		return "", fmt.Errorf("not a document: %w: %.200q", err, data)
	}
	s, err := of(head.Type)
	if err != nil {
		return head.Type, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err == nil {
		err = s.Validate(value)
	}
	return head.Type, err
}

// Lines checks a document on each line and returns their types. Half a line at
// the end is of a run that was killed, and passed over.
func Lines(data []byte) ([]string, error) {
	var types []string
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			break
		}
		data = rest
		kind, err := Document(line)
		if err != nil {
			return types, fmt.Errorf("line %d, %q: %w", len(types)+1, kind, err)
		}
		types = append(types, kind)
	}
	return types, nil
}

// of is the schema of a type.
func of(kind string) (*jsonschema.Schema, error) {
	mu.Lock()
	defer mu.Unlock()
	if s := compiled[kind]; s != nil {
		return s, nil
	}
	top, err := module()
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join(top, "docs/schema", filepath.Base(kind)+".json"))
	if err == nil {
		compiled[kind] = s
	}
	return s, err
}

// module is the folder of the module that the test runs in. Where a source file
// was compiled does not tell it: -trimpath takes that out.
func module() (string, error) {
	start, err := os.Getwd()
	for dir := start; err == nil; dir = filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s: no go.mod in it or above it", start)
		}
	}
	return "", err
}
