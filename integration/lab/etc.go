package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	deployID = 2001 // has sudo, owns nothing of the product's
	wso2ID   = 2002 // owns the product's parent directory and the homes
)

// skeleton makes the directories that init.sh mounts.
func (h *Host) skeleton() error {
	for _, d := range []struct {
		path string
		mode fs.FileMode
	}{
		{"etc", 0o755}, {"root", 0o700}, {"srv", 0o755}, {"tmp", 0o777 | fs.ModeSticky}, {"bound", 0o755},
		{"opt/wso2", 0o755}, {"opt/database", 0o755}, {"home/deploy/.ssh", 0o700}, {"home/wso2", 0o755},
		{"var/log", 0o755}, {"var/tmp", 0o777 | fs.ModeSticky}, {"var/lib/mysql", 0o755}, {"var/lib/sudo/lectured", 0o700},
		{"var/cache", 0o755}, {"var/spool", 0o755}, {"var/empty", 0o755},
	} {
		path := filepath.Join(h.Root, d.path)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, d.mode)); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Symlink("/run", filepath.Join(h.Root, "var/run")),
		os.Symlink("/run/lock", filepath.Join(h.Root, "var/lock")),
		os.Chmod(h.Root, 0o755))
}

// fromMachine is what a host's /etc takes over: programs need it, and nothing
// of it is this machine's own business, as passwords, keys and proxies are.
var fromMachine = []string{
	"pam.d", "pam.conf", "security", "login.defs", "sudo.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
	"os-release", "debian_version", "services", "protocols", "host.conf", "shells", "alternatives", "selinux", "ssh/moduli",
}

const sshdConfig = `Port 22
ListenAddress 0.0.0.0
HostKey /etc/ssh/ssh_host_ed25519_key
LogLevel VERBOSE
MaxStartups 100
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
PidFile none
AcceptEnv LANG LC_*
Subsystem sftp %s
`

// etc writes the host's own /etc and deploy's way in.
func (h *Host) etc(user ssh.PublicKey) error {
	for _, name := range fromMachine {
		if err := copyTree(filepath.Join("/etc", name), h.Path(filepath.Join("/etc", name))); err != nil {
			return err
		}
	}
	if err := h.accounts(); err != nil {
		return err
	}
	hosts := fmt.Sprintf("127.0.0.1\tlocalhost\n%s\t%s\n\n# The following lines are desirable for IPv6 capable hosts\n::1     ip6-localhost ip6-loopback\n", h.Address, h.Name)
	sudo := "NOPASSWD: ALL"
	if h.lab.Options.SudoPassword != "" {
		sudo = "ALL"
	}
	files := map[string]string{
		"/etc/hostname": h.Name + "\n", "/etc/hosts": hosts, "/etc/resolv.conf": "", "/etc/environment": "",
		"/etc/nsswitch.conf":                "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
		"/etc/sudoers":                      "Defaults env_reset\nDefaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
		"/etc/sudoers.d/lab":                "deploy ALL=(ALL:ALL) " + sudo + "\n",
		"/etc/ssh/sshd_config":              fmt.Sprintf(sshdConfig, sftpServer()),
		"/etc/profile":                      "PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\n",
		"/home/deploy/.ssh/authorized_keys": string(ssh.MarshalAuthorizedKey(user)),
	}
	for path, text := range files {
		if err := h.write(path, text); err != nil {
			return err
		}
	}
	if h.Name == h.lab.Options.BoundHosts {
		if err := os.WriteFile(filepath.Join(h.Root, "bound/hosts"), []byte(hosts), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Chmod(h.Path("/etc/sudoers"), 0o440), os.Chmod(h.Path("/etc/sudoers.d/lab"), 0o440),
		os.Symlink("../proc/self/mounts", h.Path("/etc/mtab")),
		chownTree(h.Path("/home/deploy"), deployID), chownTree(h.Path("/home/wso2"), wso2ID))
}

func (h *Host) write(path, text string) error {
	path = filepath.Join(h.Root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func sftpServer() string {
	for _, path := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return "internal-sftp"
}

// accounts takes the machine's system accounts, none of its users and no
// password, and adds deploy and wso2.
func (h *Host) accounts() error {
	passwd, err := systemLines("/etc/passwd")
	if err != nil {
		return err
	}
	group, err := systemLines("/etc/group")
	if err != nil {
		return err
	}
	passwd = append(passwd, fmt.Sprintf("deploy:x:%d:%[1]d::/home/deploy:/bin/bash", deployID), fmt.Sprintf("wso2:x:%d:%[1]d::/home/wso2:/usr/sbin/nologin", wso2ID))
	group = append(group, fmt.Sprintf("deploy:x:%d:", deployID), fmt.Sprintf("wso2:x:%d:", wso2ID))
	var shadow strings.Builder
	for _, line := range passwd {
		name, _, _ := strings.Cut(line, ":")
		fmt.Fprintf(&shadow, "%s:*:19700:0:99999:7:::\n", name)
	}
	return errors.Join(
		h.write("/etc/passwd", strings.Join(passwd, "\n")+"\n"),
		h.write("/etc/group", strings.Join(group, "\n")+"\n"),
		h.write("/etc/shadow", shadow.String()),
		os.Chmod(h.Path("/etc/shadow"), 0o600))
}

// systemLines are the accounts or groups below 1000, and nobody.
func systemLines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var kept []string
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 {
			continue
		}
		if id, err := strconv.Atoi(f[2]); err == nil && (id < 1000 || id == 65534) {
			f[1] = "x"
			kept = append(kept, strings.Join(f, ":"))
		}
	}
	return kept, nil
}
