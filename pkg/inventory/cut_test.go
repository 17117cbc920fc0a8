package inventory

import (
	"slices"
	"strings"
	"testing"
)

// held is an inventory that holds its secrets in every way there is.
const held = "# the old password was Lf-Comment-1\r\n" + `
partial = true
name = "t" # not "Lf-Comment-2"
product = { home = "/opt/wso2appm" }
driver = { file = "a # no comment.jar" }

[ssh]
user = "u"
passphrase = { env = "PASSPHRASE" }
become = "sudo"
become_password.command = [
  "pass", # Lf-Comment-3
  "Lf-Argument-1",
]

[database]
address = "192.168.10.5"
user = "appm"
password = """Lf-"#}-Password"""
admin = { user = "root", password = { command = ["vault", "Lf-Argument-2"] } }

[[host]]
name = "s1"
address = "192.168.10.14"
ssh = { password = 'Lf-Host-1', port = 22 }
nodes = [{ role = "store" }]

[[host]]
name = "s2"
address = "192.168.10.15"
nodes = [{ role = "publisher" }]
[host.ssh.password]
command = ["Lf-Argument-3"]
`

const referring = `
name = "t"
partial = true
product = { home = "/opt/wso2appm" }
driver = { file = "mysql.jar" }
database = { address = "192.168.10.5", user = "appm", password = { env = "P" }, admin = { password = { env = "A" } } }
host = [{ name = "s1", address = "192.168.10.14", nodes = [{ role = "store" }] }]
`

func TestCutAndFill(t *testing.T) {
	for _, bom := range []string{"", "\xef\xbb\xbf"} {
		src := []byte(bom + held)
		whole, _, err := Parse("f", src)
		if err != nil {
			t.Fatal(err)
		}
		cut, keys, err := Cut(src)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(cut), "Lf-") || strings.Contains(string(cut), "vault") || strings.Contains(string(cut), `"pass"`) {
			t.Errorf("after the cut it holds\n%s", cut)
		}
		want := []string{"database.admin.password", "database.password", "host s1.ssh.password", "host s2.ssh.password", "ssh.become_password"}
		if !slices.Equal(keys, want) {
			t.Errorf("cut are %q, want %q", keys, want)
		}
		left, _, err := Parse("f", cut)
		if err != nil {
			t.Fatalf("what is left is no inventory: %v\n%s", err, cut)
		}
		if left.Driver.File != "a # no comment.jar" || left.SSH.Passphrase.Env() != "PASSPHRASE" || left.Database.Password.Kind() != SecretCommand {
			t.Errorf("what is left says %+v", left)
		}
		again, err := Fill(cut, src)
		if err != nil {
			t.Fatal(err)
		}
		full, _, err := Parse("f", again)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := full.Database.Password.Literal().Reveal(), whole.Database.Password.Literal().Reveal(); got != want || got != `Lf-"#}-Password` {
			t.Errorf("the password became %q, want %q", got, want)
		}
		if got := full.Database.Admin.Password.Command(); !slices.Equal(got, []string{"vault", "Lf-Argument-2"}) {
			t.Errorf("the admin's command became %q", got)
		}
		if got := full.SSH.Become.Password.Command(); !slices.Equal(got, []string{"pass", "Lf-Argument-1"}) {
			t.Errorf("sudo's command became %q", got)
		}
		if got := full.Hosts[0].SSH.Password.Literal().Reveal() + full.Hosts[1].SSH.Password.Command()[0]; got != "Lf-Host-1Lf-Argument-3" {
			t.Errorf("the hosts' became %q", got)
		}
	}
}

func TestFillRefuses(t *testing.T) {
	src := []byte(strings.Replace(referring, `{ env = "P" }`, `"geheim-1"`, 1))
	cut, _, err := Cut(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, cut, src, want string }{
		{"one that refers to it now", string(cut), referring, "database.password is not given there as it was"},
		{"one with a secret in it", string(src), referring, "database.password was not cut out"},
		{"one with a command in it", strings.Replace(referring, `{ env = "P" }`, `{ command = ["touch", "x"] }`, 1), referring, "database.password was not cut out"},
		{"no TOML", string(cut), "a = ", "not valid TOML"},
	} {
		if _, err := Fill([]byte(c.cut), []byte(c.src)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if out, err := Fill([]byte(referring), nil); err != nil || string(out) != referring {
		t.Errorf("with nothing to fill in: %q, %v", out, err)
	}
}

// FuzzCut: of whatever Parse takes, the cut text says the same but for its
// secrets, and filled again it says the same.
func FuzzCut(f *testing.F) {
	for _, src := range append(fuzzSeeds(f), held) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		inv, _, err := Parse("f", []byte(src))
		if err != nil {
			return
		}
		cut, _, err := Cut([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		left, _, err := Parse("f", cut)
		if err != nil || left.Name != inv.Name || len(left.Nodes) != len(inv.Nodes) || left.Database.Password.Kind() == SecretLiteral {
			t.Fatalf("cut: %v\n%s", err, cut)
		}
		again, err := Fill(cut, []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		full, _, err := Parse("f", again)
		if err != nil || full.Database.Password.Literal().Reveal() != inv.Database.Password.Literal().Reveal() {
			t.Fatalf("filled: %v\n%s", err, again)
		}
	})
}
