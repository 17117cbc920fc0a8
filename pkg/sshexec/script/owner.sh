# owner INDEX PATH: finds out how to become the owner of PATH. Only root can
# become somebody else; any other user stays who it is, and may do what it may.
owner() {
	how=self
	[ -n "$2" ] || return 0
	if [ ! -e "$2" ]; then
		if gone "$2"; then echo "$N m $1 a"; else echo "$N m $1 x"; fi
		return 9
	fi
	o=$(stat -L -c '%u %g %U' -- "$2" 2>/dev/null || stat -L -f '%u %g %Su' -- "$2")
	U=${o%% *} o=${o#* }
	G=${o%% *} O=${o#* }
	m=$(id -u)
	if [ "$m" != 0 ] && [ "$m" != "$U" ] && [ -n "${bound-}" ]; then
		echo "$N m $1 f"
		return 9
	fi
	if [ "$U" = 0 ] || [ "$m" != 0 ]; then return 0; fi
	g=$(id -g -- "$O" 2>/dev/null) && G=$g || O=
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
