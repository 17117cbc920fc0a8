# Installs a package and all that it needs, and nothing else goes for it.
# $1 apt|dnf  $2 package  $3 its version, or ""
# Prints what the package manager says. Exit: 0 installed, 21 there was one
# already, 22 not root, other: the manager's own.
#
# The manager runs in a session of its own: cut off in the middle of a
# package's scripts it would leave what no later run can finish, so it goes on
# to its end whatever becomes of the connection.
manager=$1 package=$2 version=$3
[ "$(id -u)" = 0 ] || exit 22
dir=$(mktemp -d /run/appm-provision.XXXXXX 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
log=$dir/log
: >"$log"
apart=
command -v setsid >/dev/null 2>&1 && apart=setsid
nap() { sleep 0.2 2>/dev/null || sleep 1; }
told=0
show() {
	now=$(($(wc -l <"$log")))
	[ "$now" -le "$told" ] || sed -n "$((told + 1)),${now}p" "$log"
	told=$now
}
run() {
	rm -f "$dir/exit"
	$apart sh -c 'log=$1 end=$2; shift 2; "$@" </dev/null >>"$log" 2>&1; s=$?; echo $s >"$end.new" && mv "$end.new" "$end"' sh "$log" "$dir/exit" "$@" &
	while [ ! -e "$dir/exit" ]; do show; nap; done
	show
	return "$(cat "$dir/exit")"
}
of_apt() {
	# No question is asked: configuration files stay as somebody made them.
	export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l
	set -- apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
	installed) return 21 ;;
	"" | not-installed | config-files) ;;
	*)
		# Cut off. apt finishes what was unpacked, unless dpkg was amid its own notes.
		run "$@" --no-install-recommends --no-remove install "$package" && return
		run dpkg --force-confdef --force-confold --configure -a || return ;;
	esac
	if [ -z "$version" ]; then
		[ -n "$(apt-cache policy "$package" 2>/dev/null | grep 'Candidate: [0-9]')" ] || run "$@" -o Acquire::Retries=1 update || return
	fi
	run "$@" --no-install-recommends --no-remove install "$package${version:+=$version}"
}
of_dnf() {
	if rpm -q "$package" >/dev/null 2>&1; then return 21; fi
	run dnf -y --setopt=install_weak_deps=False install "$package${version:+-$version}" || return
	# Such packages leave it to the operator whether the server starts with the host.
	if [ -d /run/systemd/system ]; then
		for name in mariadb mysqld mysql; do
			systemctl enable "$name" >/dev/null 2>&1 && break
		done
	fi
	return 0
}
export LC_ALL=C
case $manager in
apt) of_apt ;;
dnf) of_dnf ;;
*) exit 1 ;;
esac
