package release

import (
	"encoding/json"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// The bill of materials is CycloneDX 1.5. It lists what the program was linked
// from, as the Go tool wrote it into the program itself.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licenses   []license  `json:"licenses,omitempty"`
		PURL       string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	license struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

// writeBOM says what the program's bytes are made of.
func (b Built) writeBOM(data []byte) error {
	self := library(&debug.Module{Path: b.Info.Main.Path, Version: b.Version()})
	self.Type, self.Name = "application", program
	self.Hashes = []hash{{"SHA-256", digest(data)}}
	self.Licenses = make([]license, 1)
	self.Licenses[0].License.ID = "Apache-2.0"
	for _, s := range b.Info.Settings {
		self.Properties = append(self.Properties, property{"go:build:" + s.Key, s.Value})
	}
	all := bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: metadata{b.Time().Format(time.RFC3339), self}}
	on := dependency{Ref: self.Ref}
	for _, m := range append([]*debug.Module{{Path: "std", Version: strings.TrimPrefix(b.Info.GoVersion, "go")}}, b.Info.Deps...) {
		c := library(m)
		all.Components = append(all.Components, c)
		all.Dependencies = append(all.Dependencies, dependency{Ref: c.Ref})
		on.DependsOn = append(on.DependsOn, c.Ref)
	}
	all.Dependencies = append(all.Dependencies, on)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.BOM, append(text, '\n'), 0o644)
}

// library is a module that was linked in, or what replaced it.
func library(m *debug.Module) component {
	for m.Replace != nil {
		m = m.Replace
	}
	url := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(m.Version, "+", "%2B")
	c := component{Type: "library", Ref: url, Name: m.Path, Version: m.Version, PURL: url}
	if m.Sum != "" {
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}
