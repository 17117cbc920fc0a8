package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/integration/schema"
)

// answers TYPE holds when the last command has written one document of this
// type, which its schema allows, and nothing on stderr that an error is told in.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: answers TYPE")
	}
	kind, err := schema.Document([]byte(ts.ReadFile("stdout")))
	ts.Check(err)
	if kind != args[0] {
		ts.Fatalf("the answer is a %q, want %q", kind, args[0])
	}
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"appm-provision": main})
}

// TestScripts runs the stories of testdata: command lines and what they print,
// none of which opens a connection.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SSH_AUTH_SOCK", "")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("APPM_DB_PASSWORD", "hush-hush")
			e.Setenv("MYSQL_ROOT_PASSWORD", "hush-too")
			e.Setenv("ODD_PASSWORD", "has${in}it")
			example, err := os.ReadFile("../../inventory.example.toml")
			if err != nil {
				return err
			}
			archive := product.DriverArchiveName("5.1.49", product.TarGz)
			for name, data := range map[string][]byte{"example.toml": example, archive: product.DriverArchive("5.1.49", product.TarGz)} {
				if err := os.WriteFile(e.WorkDir+"/"+name, data, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"answers": answers},
	})
}
