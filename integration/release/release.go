// Package release builds what is handed to operators: one program for each kind
// of machine that they work on, with what they read beside it, checksums and
// bills of materials. The same commit gives the same bytes, wherever and
// whenever it is built.
package release

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const program = "appm-provision"

// A Target is a kind of machine.
type Target struct{ OS, Arch string }

func (t Target) String() string { return t.OS + "/" + t.Arch }

func (t Target) exe() string {
	if t.OS == "windows" {
		return program + ".exe"
	}
	return program
}

// Targets are those of a release.
var Targets = []Target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// here is the kind of this machine.
var here = Target{runtime.GOOS, runtime.GOARCH}

// A Built is one program with the files that are made of it.
type Built struct {
	Target
	Program string // the path of the executable
	Archive string
	BOM     string
	Info    *debug.BuildInfo
}

// Version is that of the module, which the Go tool takes from the tag or makes of
// the commit.
func (b Built) Version() string {
	if v := b.Info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}

// Time is the commit's; without git, a fixed day.
func (b Built) Time() time.Time {
	if at, err := time.Parse(time.RFC3339, b.setting("vcs.time")); err == nil {
		return at.UTC()
	}
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
}

// Modified tells that the source was not what was committed.
func (b Built) Modified() bool { return b.setting("vcs.modified") == "true" }

func (b Built) setting(key string) string {
	for _, s := range b.Info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Make builds a release of the module at source into dir, which is made.
func Make(ctx context.Context, source, dir string, targets []Target) ([]Built, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "appm-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	own, err := compile(ctx, source, work, here)
	if err != nil {
		return nil, err
	}
	beside, err := readings(ctx, source, work, own)
	if err != nil {
		return nil, err
	}
	var list []Built
	for _, t := range targets {
		b, err := one(ctx, source, dir, t, beside)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		list = append(list, b)
	}
	return list, sums(dir, list)
}

// one builds the program for a target, and what is made of it.
func one(ctx context.Context, source, dir string, t Target, beside []entry) (Built, error) {
	b, err := compile(ctx, source, filepath.Join(dir, t.OS+"-"+t.Arch), t)
	if err != nil {
		return b, err
	}
	name := strings.Join([]string{program, b.Version(), t.OS, t.Arch}, "_")
	b.Archive, b.BOM = filepath.Join(dir, name+t.suffix()), filepath.Join(dir, name+".cdx.json")
	data, err := os.ReadFile(b.Program)
	if err != nil {
		return b, err
	}
	if err := b.writeBOM(data); err != nil {
		return b, err
	}
	files := append([]entry{{t.exe(), data, 0o755}}, beside...)
	slices.SortFunc(files, func(x, y entry) int { return strings.Compare(x.name, y.name) })
	return b, b.pack(name, files)
}

// compile builds the program for a target. No setting of this machine takes
// part: paths are trimmed, and no C compiler or flag of the caller is used.
func compile(ctx context.Context, source, dir string, t Target) (Built, error) {
	b := Built{Target: t, Program: filepath.Join(dir, t.exe())}
	out, err := filepath.Abs(b.Program)
	if err != nil {
		return b, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto", "-ldflags=-s -w", "-o", out, "./cmd/"+program)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOOS="+t.OS, "GOARCH="+t.Arch, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("go build: %w\n%s", err, text)
	}
	b.Info, err = buildinfo.ReadFile(b.Program)
	return b, err
}

// sums writes the checksums of what is handed out, as sha256sum reads them.
func sums(dir string, list []Built) error {
	var files []string
	for _, b := range list {
		files = append(files, b.Archive, b.BOM)
	}
	slices.Sort(files)
	var text strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", digest(data), filepath.Base(file))
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(text.String()), 0o644)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
