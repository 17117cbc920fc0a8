# whose INDEX PATH: what must be known to become the owner of PATH; $how is self
# where nothing needs to be done. Only root can become somebody else; any other
# user stays who it is, and may do what it may.
whose() {
	how=self
	[ -n "$2" ] || return 0
	if [ ! -e "$2" ]; then
		if gone "$2"; then echo "$N m $1 a"; else echo "$N m $1 x"; fi
		return 9
	fi
	known "$2" || asked "$2"
	me
	if [ "$m" != 0 ] && [ "$m" != "$U" ] && [ -n "${bound-}" ]; then
		echo "$N m $1 f"
		return 9
	fi
	if [ "$U" = 0 ] || [ "$m" != 0 ]; then return 0; fi
	how=
	g=$(id -g -- "$O" 2>/dev/null) && G=$g || O=
}

# known PATH: $U, $G and $O are the ids and the name of its owner, if $M has them.
# That is what stat said, of paths that were asked for by their names only: other
# names could be made up by who has a folder, and lead to lines of their own.
known() {
	e='
'
	case $e${M-} in *"|$1/$e"*) ;; *) return 1 ;; esac
	o=${M%%"|$1/$e"*} o=${o##*"$e"}
	o=${o#*:} o=${o#*:}
	U=${o%%:*} o=${o#*:}
	G=${o%%:*} o=${o#*:}
	O=${o%%:*}
	case $U$G in *[!0-9]*) return 1 ;; esac
	[ -n "$U" ] && [ -n "$G" ]
}

asked() {
	o=$(stat -L -c '%u %g %U' -- "$1" 2>/dev/null) || o=$(stat -L -f '%u %g %Su' -- "$1")
	U=${o%% *} o=${o#* }
	G=${o%% *} O=${o#* }
}

# owner INDEX PATH: finds out how to become the owner of PATH.
owner() {
	whose "$1" "$2" || return
	[ "$how" != self ] || return 0
	for how in setpriv bare chroot su sudo; do
		! become true </dev/null >/dev/null 2>&1 || return 0
	done
	echo "$N m $1 t"
	return 9
}

# become COMMAND...: as that owner, in the groups of that user.
become() {
	[ $how = self ] || [ -z "$O" ] || home
	case $how in
	self) "$@" ;;
	setpriv) [ -n "$O" ] && setpriv --reuid="$U" --regid="$G" --init-groups -- "$@" ;;
	bare) setpriv --reuid="$U" --regid="$G" --clear-groups -- "$@" ;;
	chroot) chroot --userspec="$U:$G" / "$@" ;;
	su) [ -n "$O" ] && su -s /bin/sh -c 'exec "$@"' -- "$O" sh "$@" ;;
	sudo) sudo -n -u "#$U" -- "$@" ;;
	esac
}

# home sets what a login would set. ~ takes a name only as it stands in the text.
home() {
	case $O in *[!A-Za-z0-9._-]*) return ;; esac
	eval "HOME=~$O"
	USER=$O LOGNAME=$O
	export HOME USER LOGNAME
}

# as INDEX PATH SCRIPT: runs SCRIPT as the owner of PATH. It reaches the other
# shell through a pipe: it may hold secrets.
as() {
	owner "$1" "$2" || return 9
	if [ $how = self ]; then
		(eval "$3")
	else
		printf '%s\n' "$3" | become sh -c 'eval "$(cat)"'
	fi
}

# look INDEX PATH SCRIPT: has the owner of PATH read what SCRIPT asks for. A way to
# become that owner is tried by taking it. The script holds no secret, so it may be
# an argument.
look() {
	whose "$1" "$2" || return 0
	if [ "$how" = self ]; then
		eval "$prog$3"
		return
	fi
	v=$prog$3 x=${HOME-} y=${USER-} z=${LOGNAME-}
	for how in setpriv bare chroot su sudo; do
		looks
		s=$?
		if [ $s = 0 ] || [ $s -gt 128 ]; then break; fi
		s=
	done
	HOME=$x USER=$y LOGNAME=$z
	[ -n "$s" ] || echo "$N m $1 t"
}

# A longer argument than Linux takes goes through a pipe.
looks() {
	if [ ${#v} -lt 100000 ]; then
		become sh -c "$v
exit 0" sh </dev/null
	else
		printf '%s\nexit 0\n' "$v" | become sh -c 'eval "$(cat)"'
	fi
}
