# What tools print shall not depend on the host's language and time zone. A
# script that may start a server gets back what there was: L and Z.
[ -n "${L+x}" ] || L=${LC_ALL-} Z=${TZ-}
LC_ALL=C TZ=UTC0
export LC_ALL TZ L Z
original() {
	if [ -n "$L" ]; then LC_ALL=$L; else unset LC_ALL; fi
	if [ -n "$Z" ]; then TZ=$Z; else unset TZ; fi
	unset L Z
}

P=:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
case :$PATH in *"$P") ;; *) PATH=$PATH$P && export PATH ;; esac
unset ENV BASH_ENV
cd /

sums=sha256sum # where a function would cost a process more
sum() { sha256sum "$@"; }
command -v sha256sum >/dev/null 2>&1 || { sums='shasum -a 256' && sum() { shasum -a 256 "$@"; }; }

unbase64() { base64 -d; }
[ ! -x /usr/bin/sw_vers ] || unbase64() { base64 -D; }

# me: $m is our user id. Where there is /proc, it costs no fork.
me() {
	m=
	[ ! -r /proc/self/status ] || while read -r word _ m _; do [ "$word" != Uid: ] || break; done </proc/self/status
	case $m in '' | *[!0-9]*) m=$(id -u) ;; esac
}

# A printf that is a program would show what it prints to every user.
hides() {
	case $(command -v printf) in
	/*) echo "sh of this host has no printf of its own, so a secret would be seen in ps" >&2; return 1 ;;
	esac
}

# gone PATH: whether it is certain that nothing is at PATH, which could not be
# seen. A folder on the way that may not be searched makes it uncertain.
gone() {
	while set -- "${1%/*}"; do
		[ -n "$1" ] || set -- /
		[ ! -e "$1" ] && [ ! -L "$1" ] || break
	done
	[ ! -d "$1" ] || [ -x "$1" ]
}
