package integration_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// named are the places that hold secrets, and must: the configuration files
// that need them, and the host's own store of what was replaced. The files that
// the lab keeps its passwords in are none of the hosts'.
var named = regexp.MustCompile(`^/opt/wso2/wso2appm/repository/(conf/(datasources/master-datasources\.xml|user-mgt\.xml|app-manager\.xml|carbon\.xml)|deployment/server/jaggeryapps/publisher/config/publisher\.json)$|^/var/lib/appm-provision/lab/[^/]+/[0-9]+/`)

// TestNoSecretIsLeft goes through all that the commands do, with passwords that
// every quoting spells otherwise, and searches everything that is left and
// everything that passed by for them.
func TestNoSecretIsLeft(t *testing.T) {
	t.Parallel()
	const sudo, awkward, later, foreign, foreign2 = "sudo's <pass> & \"word\"", "p&<w>\"'\\;#%$(x)`|*? ]]>--/é", "n&<w>\"'\\ second", "Foreign-Admin-7751", "Foreign&Keystore-<4471>"
	const administrator = "a&<d>'\"\\;#%$(x)`|*?]]>--/é"
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB, bound: "gw1", sudo: sudo}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := up(t, d)
	const passphrase = "key's <passphrase> & more"
	s := &search{world: w, temp: t.TempDir(), secrets: []string{sudo, passphrase, awkward, later, foreign, foreign2, administrator, w.Database.Admin.Password}}
	w.env = append(w.env, "TMPDIR="+s.temp)
	s.give(t, passphrase, sudo, awkward, administrator)
	w.sql(t, "SET GLOBAL general_log = 1")
	h, n := w.node(t, "store")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", "<Password>admin</Password>", "<Password>"+foreign+"</Password>")
	replace(t, h, n.Home+"/"+conf+"carbon.xml", "<Password>wso2carbon</Password>", "<Password>Foreign&amp;Keystore-&lt;4471&gt;</Password>")

	stop := s.watch(t)
	saved := filepath.Join(t.TempDir(), "plan")
	s.says(t, 0, "check", "-vvv", "-i", w.inventory)
	s.says(t, 0, "plan", "-vvv", "-i", w.inventory, "--out", saved)
	page := filepath.Join(filepath.Dir(saved), "plan.html")
	s.says(t, 0, "plan", "-q", "-i", w.inventory, "--html", page)
	s.says(t, 0, "show", saved)
	s.answers(t, 0, "check", "-i", w.inventory)
	s.answers(t, 0, "plan", "-vvv", "-i", w.inventory)
	s.answers(t, 0, "show", saved)
	s.says(t, 0, "apply", "-vvv", "--yes", "-i", w.inventory)
	s.secret(t, w.Database.App.PasswordFile, later)
	s.says(t, 0, "apply", "-vvv", "--yes", "-i", w.inventory)
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	replace(t, h, n.Home+"/"+conf+"datasources/master-datasources.xml", "/AM_DB?autoReconnect=true", "/AM_DB")
	s.says(t, 0, "apply", "-vvv", "--yes", "-i", w.inventory)
	files := recordsOf(t, s.state)
	s.answers(t, 0, "rollback", idOf(files[len(files)-1]), "--dry-run", "-i", w.inventory)
	s.says(t, 0, "rollback", idOf(files[len(files)-1]), "--yes", "-vvv", "-i", w.inventory)
	s.answers(t, 0, "apply", "-vvv", "--yes", "-i", w.inventory)
	s.answers(t, 0, "status", "-i", w.inventory)
	s.answers(t, 0, "runs")
	s.says(t, 0, "status", "-vvv", "-i", w.inventory)
	s.says(t, 0, "runs")
	for _, file := range recordsOf(t, s.state) {
		s.says(t, 0, "runs", "show", idOf(file))
		s.answers(t, 0, "runs", "show", idOf(file))
		s.says(t, 0, "runs", "show", idOf(file), "--html", filepath.Join(filepath.Dir(saved), idOf(file)+".html"))
	}
	s.secret(t, w.Database.Admin.PasswordFile, "no password of anybody")
	s.says(t, 16, "apply", "-vvv", "--yes", "-i", w.inventory)
	s.answers(t, 16, "apply", "--yes", "-i", w.inventory)
	stop()

	s.operator(t, saved)
	for _, h := range w.Hosts {
		s.tree(t, h.Name, h.Root, named)
	}
	if !s.general {
		t.Error("no general log of the database server was found")
	}
	dump, err := w.DumpDatabases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.in(t, "the databases", []byte(dump))
	if len(s.places) < 2 {
		t.Errorf("the search found secrets in %v only, which must hold some", s.places)
	}
	t.Logf("searched %d files, %d texts of commands, %d argument lists and environments of processes; the named places that hold secrets are %d files", s.files, s.texts, s.processes, len(s.places))
}

// search is what was looked through.
type search struct {
	*world
	temp                    string
	secrets                 []string
	files, texts, processes int
	general                 bool
	places                  []string
}

// give puts the secrets where the inventory says that they are.
func (s *search) give(t *testing.T, passphrase, sudo, app, administrator string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"sudo": sudo, "passphrase": passphrase, "administrator": administrator} {
		s.secret(t, filepath.Join(dir, name), text)
	}
	s.secret(t, s.Database.App.PasswordFile, app)
	s.inventory = s.vary(t, s.KeyFile, s.lockedKey(t, passphrase), "config = \"none\"\n",
		fmt.Sprintf("config = \"none\"\nbecome_password = { file = %q }\npassphrase = { file = %q }\n", filepath.Join(dir, "sudo"), filepath.Join(dir, "passphrase")),
		"[cluster]\n", fmt.Sprintf("[admin]\npassword = { file = %q }\n\n[cluster]\n", filepath.Join(dir, "administrator")))
}

func (s *search) secret(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// says calls the tool and searches what it prints.
func (s *search) says(t *testing.T, code int, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.tool, args...)
	cmd.Env = s.environ()
	out, _ := cmd.CombinedOutput() // the exit code tells
	s.texts++
	if cmd.ProcessState.ExitCode() != code || len(out) == 0 {
		t.Fatalf("%v ended with %d, want %d:\n%s", args, cmd.ProcessState.ExitCode(), code, out)
	}
	s.in(t, fmt.Sprint(args), out)
}

// answers calls the tool for JSON, and searches that, too.
func (s *search) answers(t *testing.T, code int, args ...string) {
	t.Helper()
	s.says(t, code, append(args, "--json")...)
}

// in fails where a text holds a secret.
func (s *search) in(t *testing.T, where string, text []byte) {
	t.Helper()
	if found := s.found(text); len(found) > 0 {
		t.Errorf("%s holds a secret: %q", where, found)
	}
}

func (s *search) found(text []byte) []string {
	var found []string
	for _, secret := range s.secrets {
		found = append(found, holds(text, secret)...)
		for _, form := range inBase64(secret) {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, "in base64: "+form)
			}
		}
	}
	return found
}

// inBase64 are the ways in which the base64 of a longer text holds a secret.
func inBase64(secret string) []string {
	var forms []string
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
		from, bits := 0, 8*(before+len(secret))
		if before > 0 {
			from = before + 1 // the characters that the bytes before have a part in
		}
		forms = append(forms, whole[from:bits/6])
	}
	return forms
}

// watch samples the arguments and environments of all processes but the
// tool's own, until it is stopped, and searches them then.
func (s *search) watch(t *testing.T) (stop func()) {
	t.Helper()
	seen, done := map[string]string{}, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
				sample(seen)
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		s.processes = len(seen)
		ours := 0
		for text, file := range seen {
			if strings.Contains(text, "base64 -d") {
				ours++
			}
			s.in(t, file+": "+strings.ReplaceAll(text, "\x00", " "), []byte(text))
			s.in(t, file, []byte(strings.NewReplacer("\x00", "", " ", "").Replace(text))) // what was cut into words
		}
		if ours == 0 {
			t.Errorf("among %d processes none was ours: the samples are worth nothing", len(seen))
		}
	})
}

func sample(seen map[string]string) {
	for _, name := range []string{"cmdline", "environ"} {
		files, err := filepath.Glob("/proc/[0-9]*/" + name)
		if err != nil {
			return
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
				seen[string(text)] = file
			}
		}
	}
}

// operator searches what is left on the operator's machine.
func (s *search) operator(t *testing.T, saved string) {
	t.Helper()
	scanState(t, s.state, s.secrets)
	s.tree(t, "the operator", s.state, nil)
	s.tree(t, "the operator", filepath.Dir(saved), nil)
	s.tree(t, "the operator", s.temp, nil)
}

// tree searches all files of a folder; what lies at an allowed place may hold
// secrets.
func (s *search) tree(t *testing.T, whose, root string, allowed *regexp.Regexp) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s.files++
		s.general = s.general || strings.Contains(path, "/var/lib/mysql/") && bytes.Contains(data, []byte("Query\tCREATE TABLE"))
		onHost := strings.TrimPrefix(path, root)
		found := s.found(data)
		switch {
		case len(found) == 0:
		case allowed != nil && allowed.MatchString(onHost):
			s.places = append(s.places, whose+":"+onHost)
			if info, err := d.Info(); err == nil && strings.HasPrefix(onHost, "/var/lib/") && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s holds a secret and is %v", whose, onHost, info.Mode())
			}
		default:
			t.Errorf("%s: %s holds a secret: %q", whose, path, slices.Compact(found))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
