package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/appm-provision/appm-provision/integration/product"
)

// writeHome unpacks the product, as it were, where it is not the tool's to do.
func (h *Host) writeHome(n Node) error {
	if h.lab.Options.Pack {
		return nil
	}
	home := h.lab.Options.Product
	home.Offset = n.Offset
	return home.Write(h.Path(n.Home))
}

// writePack puts the distribution zip where the operator has it.
func (l *Lab) writePack() error {
	if !l.Options.Pack {
		return nil
	}
	home := l.Options.Product
	home.Offset = 0
	data, err := home.Pack()
	if err != nil {
		return err
	}
	l.Pack = filepath.Join(l.Dir, "pack", product.PackRoot+".zip")
	return inDir(l.Pack, func() error { return os.WriteFile(l.Pack, data, 0o644) })
}

func writeDriver(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, product.DriverArchive(driverVersion, product.TarGz), 0o644)
}

const driverVersion = "5.1.49"

// installJava makes a JAVA_HOME whose java is the stand-in server: one static
// file, so that it runs on a host whatever is installed there.
func (l *Lab) installJava(ctx context.Context, dir string) error {
	java := filepath.Join(dir, "bin", "java")
	if err := os.MkdirAll(filepath.Dir(java), 0o755); err != nil {
		return err
	}
	if err := l.placeJava(ctx, java); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "release"), []byte("JAVA_VERSION=\"1.8.0_292\"\n"), 0o644)
}

func (l *Lab) placeJava(ctx context.Context, java string) error {
	if l.Options.Java == "" {
		return BuildJava(ctx, java)
	}
	data, err := os.ReadFile(l.Options.Java)
	if err != nil {
		return err
	}
	return os.WriteFile(java, data, 0o755)
}

// BuildJava builds the stand-in server, for tests that build several labs.
func BuildJava(ctx context.Context, path string) error {
	_, source, _, _ := runtime.Caller(0)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path,
		"github.com/appm-provision/appm-provision/integration/carbon/cmd/java")
	cmd.Dir = filepath.Dir(source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: go build of the stand-in server: %w\n%s", err, out)
	}
	return nil
}
