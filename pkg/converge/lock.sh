# The lock of this host: one run at a time.
# $1 hold|show|remove  $2 the folder that the lock is in, "" is the usual one
# hold:   $3 token  $4 run  $5 operator  $6 deployment  $7 seconds between two
#         beats  $8 how often a younger run is given a second to step back
# show:   prints the lock's owner
# remove: removes the lock, if its token still is $3
#
# The lock is the file owner. It is linked into place, so it is never there
# without its text, and only one of several can do it. A new owner replaces it by
# a rename, while it holds the link heir, so that two cannot follow one owner.
# Its age is never judged by a clock alone: clocks are set.
# Words on stdout: held, shared, took WHY …, busy AGE STATE …, lost …, none,
# says TEXT, failed TEXT; … is the owner: its text, field by field.
action=$1 store=$2 token=${3-} run=${4-} operator=${5-} deployment=${6-} every=${7-10} patience=${8-0}
limit=$((every * 6)) # of silence; on a slow line that is full of an upload some beats come late
umask 077
tab=$(printf '\t')

failed() { echo "failed $*"; exit 1; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }

if [ -z "$store" ]; then
	store=/var/lib/appm-provision user=$(id -un)
	[ "$(id -u)" = 0 ] || case $user in
	'' | *[!A-Za-z0-9._-]*) store=${HOME-} ;;
	*) eval "store=~$user" ;;
	esac
	case $store in
	/var/lib/appm-provision) ;;
	/*) store=${store%/}/.local/state/appm-provision ;;
	*) failed "there is no home directory to keep a lock in" ;;
	esac
fi
lock=$store/lock owner=$store/lock/owner beat=$store/lock/beat heir=$store/lock/heir

boot=
[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot </proc/sys/kernel/random/boot_id

started() { # PID: when it started; nothing where there is no such process
	if [ -r /proc/self/stat ]; then
		{ read -r s <"/proc/$1/stat"; } 2>/dev/null || return 0
		set -- ${s##*) }
		case $1 in Z | X) ;; *) echo "${20}" ;; esac
	else
		ps -o lstart= -p "$1" 2>/dev/null
	fi
}
since_change() { stat -c %Y -- "$1" 2>/dev/null || stat -f %m -- "$1" 2>/dev/null; }

me() { printf '%s\n' "$token" "$run" "$operator" "$deployment" "$(date +%s)" "$$" "$(started $$)" "$boot"; }

# see reads the owner. What cannot be read belongs to nobody who lives.
see() {
	t= r= o= d= since= pid= start= b=
	{ while read -r t && read -r r && read -r o && read -r d && read -r since && read -r pid && read -r start && read -r b; do break; done <"$owner"; } 2>/dev/null
}
told() { printf '%s\n' "$1$tab$2$tab$r$tab$o$tab$d$tab$since$tab$t"; }
age() {
	case $since in '' | *[!0-9]*) echo 0; return ;; esac
	echo $(($(date +%s) - since))
}

sign() { cat -- "$beat" 2>/dev/null; since_change "$beat"; }

# lives: whether the owner does. 1: its process has gone; 2: it is silent.
lives() {
	case $pid in '' | *[!0-9]*) return 1 ;; esac
	[ "$b" = "$boot" ] && [ "$(started "$pid")" = "$start" ] || return 1
	last=$(since_change "$beat") || last=$(since_change "$owner") || return 0 # it has just ended
	silent=$(($(date +%s) - last))
	if [ "$silent" -lt "$limit" ] && [ "$silent" -gt "-$limit" ]; then return 0; fi
	# Dead, or this host's clock was set: who lives gives a sign soon.
	[ "$action" = show ] || echo "says run $r has been silent for $silent s by the host's clock; looking whether it lives"
	before=$(sign) until=$((every * 3 / 2 + 1))
	while [ "$until" -gt 0 ]; do
		sleep 1
		until=$((until - 1))
		[ "$(sign)" = "$before" ] || return 0
	done
	return 2
}

# alone returns when nobody else changes the owner. 1: there is no lock any more.
alone() {
	until ln -s "$$/$(started $$)/$boot" "$heir" 2>/dev/null; do
		[ -d "$lock" ] || return 1
		h=$(readlink -- "$heir") || continue
		p=${h%%/*} h=${h#*/}
		if [ "${h#*/}" != "$boot" ] || [ "$(started "$p")" != "${h%%/*}" ]; then rm -f -- "$heir"; continue; fi
		nap
	done
}

release() {
	alone || return 0
	see
	[ "$t" != "$token" ] || rm -f -- "$owner" "$beat"
	rm -f -- "$lock/new.$$" "$heir"
	rmdir -- "$lock" "$store" 2>/dev/null
	return 0
}

take() {
	tries=0
	while :; do
		e=$(mkdir -p -- "$lock" 2>&1) || [ -d "$lock" ] || failed "$e"
		e=$( (me >"$lock/new.$$") 2>&1) || [ ! -d "$lock" ] || failed "$lock cannot be written: ${e#*: }"
		if e=$(ln -- "$lock/new.$$" "$owner" 2>&1); then
			rm -f -- "$lock/new.$$"
			return
		fi
		see
		if [ -z "$t" ] && [ ! -e "$owner" ]; then # let go of meanwhile
			[ "$((tries += 1))" -lt 50 ] || failed "$lock: $e"
			continue
		fi
		if [ "$t" = "$token" ]; then # another name of this host
			rm -f -- "$lock/new.$$"
			echo shared
			exit 0
		fi
		lives
		case $? in
		0)
			# Two that began at once may each have half of the hosts: the younger
			# steps back, and the older waits for that.
			if [ "$patience" -gt 0 ] && expr "x$r" \> "x$run" >/dev/null; then
				patience=$((patience - 1))
				sleep 1
				continue
			fi
			rm -f -- "$lock/new.$$"
			told busy "$(age)"
			rmdir -- "$lock" 2>/dev/null
			exit 3 ;;
		1) why=gone ;;
		2) why=silent ;;
		esac
		was=$t
		alone || continue
		see
		if [ "$t" = "$was" ]; then
			mv -f -- "$lock/new.$$" "$owner" && echo 0 >"$beat"
			s=$?
			rm -f -- "$heir"
			[ $s = 0 ] || failed "the lock in $lock cannot be taken over"
			told took $why
			# What a silent run has left on its connection ends with that.
			[ $why = gone ] || kill -HUP "$pid" 2>/dev/null
			return
		fi
		rm -f -- "$heir"
	done
}

# hangup ends the SSH connection that this runs over, and with it all that the
# run still does on this host: sshd itself may not notice for hours that the
# other end has gone. Only shells and what changes the user may stand between.
hangup() {
	p=$$
	while read -r s <"/proc/$p/stat"; do
		set -- ${s##*) }
		p=$2
		read -r name <"/proc/$p/comm" || return
		case $name in
		sshd | sshd-session | dropbear) kill -TERM "$p"; return ;;
		sh | bash | dash | ash | busybox | zsh | ksh* | mksh | tcsh | csh | fish | sudo | su | doas | setsid) ;;
		*) return ;;
		esac
	done
} 2>/dev/null

# watch hangs up when the operator's machine has been silent for too long. It
# counts its own naps: a clock that is set does not deceive it.
watch() {
	nap= same=0 last=
	trap 'kill $nap; exit 0' TERM HUP
	while :; do
		sleep "$every" &
		nap=$!
		wait $nap
		kill -0 $$ || exit 0
		now=$(sign)
		if [ "$now" = "$last" ]; then same=$((same + every)); else same=0 last=$now; fi
		[ "$same" -lt $((2 * limit)) ] || break
	done
	hangup
	sleep 1
	kill -TERM $$
} 2>/dev/null

# hold keeps the lock until the operator's machine says that it has ended. One
# that goes without a word leaves the lock behind: who comes next shall know.
hold() {
	take
	n=0
	echo 0 >"$beat"
	watch >/dev/null &
	w=$!
	trap 'kill $w 2>/dev/null; exit 5' TERM
	trap 'kill $w 2>/dev/null; hangup; exit 5' HUP
	trap '' PIPE
	echo held
	while read -r word <&3; do
		see
		if [ "$t" != "$token" ]; then
			kill $w 2>/dev/null
			if [ -n "$t" ]; then told lost x; else echo lost; fi
			exit 4
		fi
		[ "$word" != end ] || { release; break; }
		n=$((n + 1))
		echo $n >"$beat"
	done
	kill $w 2>/dev/null
	exit 0
}

case $action in
hold) hold ;;
show)
	see
	[ -e "$owner" ] || { echo none; exit 0; }
	lives
	case $? in 0) s=lives ;; 1) s=gone ;; *) s=silent ;; esac
	told "is $s" "$(age)" ;;
remove)
	[ -d "$lock" ] && alone || { echo none; exit 0; }
	see
	if [ "$t" = "$token" ]; then rm -f -- "$owner" "$beat" && echo removed; else echo none; fi
	rm -f -- "$heir"
	rmdir -- "$lock" "$store" 2>/dev/null
	exit 0 ;;
esac
