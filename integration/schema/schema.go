// Package schema checks in tests what is written with --json against the
// schemas of docs/schema.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
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
	_, here, _, _ := runtime.Caller(0)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join(filepath.Dir(here), "../../docs/schema", filepath.Base(kind)+".json"))
	if err == nil {
		compiled[kind] = s
	}
	return s, err
}
