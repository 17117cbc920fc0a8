# The store is where a host keeps what was replaced, as GROUP/RUN/NAME: $T where
# one is given, else /var/lib/appm-provision of root and ~/.local/state of others.
# Below each run every user has a folder of its own, closed to all others: what
# is kept is as secret as what was replaced.

# own: $s is the store of who runs this.
own() {
	s=$T
	[ -z "$s" ] || return 0
	s=/var/lib/appm-provision
	[ "$(id -u)" != 0 ] || return 0
	s=$(id -un)
	case $s in '' | *[!A-Za-z0-9._-]*) s=${HOME-} ;; *) eval "s=~$s" ;; esac
	s=${s%/}/.local/state/appm-provision
}

# kept PATH: $k is where PATH of the store is for who runs this. Root makes the
# folders of others in its own store, so these are looked for there first.
kept() {
	own
	for k in "${T:-/var/lib/appm-provision}" "$s"; do
		k=$k/${1%/*}/$(id -u)
		[ -L "$k" ] || [ ! -d "$k" ] || { k=$k/${1##*/} && return 0; }
	done
	return 1
}

# private FOLDER: makes a folder of ours that nobody else can change.
private() {
	[ -L "$1" ] || [ -d "$1" ] || mkdir -m "$x" -- "$1" 2>/dev/null || mkdir -p -m "$x" -- "$1" || return
	o=$(stat -c %u -- "$1" 2>/dev/null || stat -f %u -- "$1")
	[ ! -L "$1" ] && [ -d "$1" ] && [ "$o" = "$m" ] || { echo "$1 is no folder of user $m"; return 1; }
	chmod "$x" -- "$1"
}

# keeper AS GROUP RUN COUNT DAY: makes the folder in which the owner of AS keeps
# what RUN replaces, and forgets runs beyond the newest COUNT and before DAY.
keeper() {
	own
	m=$(id -u) x=700
	case $s in /*) ;; *) echo "there is no home directory to keep what is replaced in"; return 1 ;; esac
	if [ "$m" = 0 ]; then x=711 && umask 022; else umask 077; fi
	private "$s" && private "$s/$2" && private "$s/$2/$3" || return
	u=$m:
	if [ "$m" = 0 ] && [ -n "$1" ]; then u=$(stat -L -c %u:%g -- "$1" 2>/dev/null || stat -L -f %u:%g -- "$1") || return; fi
	k=$s/$2/$3/${u%:*}
	if [ ! -d "$k" ]; then
		mkdir -m 700 -- "$k" && { [ "${u%:*}" = "$m" ] || chown -- "$u" "$k"; } || return
	fi
	forget "$s/$2" "$3" "$4" "$5"
}

# forget FOLDER RUN COUNT DAY; the names of runs begin with their day, and sort
# by time. RUN stays. A user's folder is emptied with no other rights than that
# user's, who could have put anything there.
forget() {
	n=0
	for d in "$1"/[0-9]*; do n=$((n + 1)); done
	for d in "$1"/[0-9]*; do
		y=${d##*/} y=${y%%T*}
		case $y in *[!0-9]*) y=$4 ;; esac
		if [ "$d" != "$1/$2" ] && { [ $n -gt "$3" ] || [ "$y" -lt "$4" ]; }; then
			for k in "$d"/[0-9]*; do
				D=$k
				export D
				[ -L "$k" ] || [ ! -d "$k" ] || as 0 "$k" '[ -z "$D" ] || rm -f -- "$D"/*' && rmdir -- "$k"
			done >/dev/null 2>&1
			rmdir -- "$d" 2>/dev/null
		fi
		n=$((n - 1))
	done
	return 0
}
