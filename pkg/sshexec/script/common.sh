LC_ALL=C TZ=UTC0
export LC_ALL TZ
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
unset ENV BASH_ENV
cd /
umask 022

sum() { sha256sum "$@"; }
command -v sha256sum >/dev/null 2>&1 || sum() { shasum -a 256 "$@"; }

unbase64() { base64 -d; }
[ ! -x /usr/bin/sw_vers ] || unbase64() { base64 -D; }

# gone PATH: whether it is certain that nothing is at PATH, which could not be
# seen. A folder on the way that may not be searched makes it uncertain.
gone() {
	while set -- "${1%/*}"; do
		[ -n "$1" ] || set -- /
		[ ! -e "$1" ] && [ ! -L "$1" ] || break
	done
	[ ! -d "$1" ] || [ -x "$1" ]
}
