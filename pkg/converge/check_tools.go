package converge

// needed are the programs that a host must have: what the scripts of this
// package and of the SSH package call, and what the product's own start script
// does. "a|b" is satisfied by either. A test reads the scripts, so that a
// program that is called and stands in neither list does not go unnoticed.
var needed = []string{
	"base64", "cat", "chmod", "chown", "cp", "date", "df", "expr", "grep", "head", "id", "ln", "ls", "mkdir", "mv", "nohup", "readlink", "rm",
	"sha256sum|shasum", "sleep", "stat", "tail", "tr", "uname", "wc",
}

// spare are those that are called where they are there, and what is done
// without them.
var spare = map[string]string{
	"addgroup":  "one of two ways to make the service user",
	"adduser":   "one of two ways to make the service user",
	"chcon":     "only on a host with SELinux",
	"chroot":    "one of five ways to become the owner of a home",
	"curl":      "only for a pack that the host fetches itself",
	"dd":        "only for uploads to a host without SFTP",
	"doas":      "only where the inventory says so",
	"find":      "only for uploads to a host without SFTP",
	"getent":    "how names resolve cannot be told without it",
	"getfacl":   "only for a file with an access list, which is left alone without it",
	"gzip":      "a pack is brought undeflated without it",
	"mktemp":    "only to unpack a home",
	"od":        "only for a pack that the operator's machine has no copy of",
	"netstat":   "only where there is no /proc",
	"perl":      "only for a database's socket as root",
	"pkill":     "scripts end one by one without it",
	"ps":        "only where there is no /proc",
	"rmdir":     "empty folders stay without it",
	"ss":        "who listens is read in /proc without it",
	"script":    "only where sudo wants a terminal",
	"setfacl":   "only for a file with an access list, which is left alone without it",
	"setpriv":   "one of five ways to become the owner of a home",
	"setsid":    "a script is no process group of its own without it",
	"stty":      "only where sudo wants a terminal",
	"su":        "one of five ways to become the owner of a home",
	"sudo":      "only where the inventory says so",
	"systemctl": "only where the inventory says service",
	"useradd":   "one of two ways to make the service user",
	"wget":      "only for a pack that the host fetches itself",
	"timeout":   "only to end a look-up of a name that hangs",
	"sync":      "a file may be lost with a power cut right after it was written",
}
