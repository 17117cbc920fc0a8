# What a preflight asks of a host, beside what it asks of folders: that comes
# behind this. Arguments, each word=value:
#   clock=now  what time is it
#   tool=A|B   one of these programs is wanted
#   left=DIR   what is left in a folder of uploads, which is in that one
#   apart=yes  that one is the folder of whom this runs as, from here on
#   name=NAME  a name to be resolved
#   port=N     a port that a server is to listen on
# Answers, fields separated by tabs:
#   clock   <ns since 1970> <resolution, ns>
#   lacks   <A|B>
#   left    <path>
#   address <name> <address|none|?>
#   listens <port> <uid> <pid|?> <command|?> <home of the product's server|->
#   blind   <what cannot be told on this host>
clock() {
	n=$(date +%s%N)
	case $n in
	*[!0-9]*) printf 'clock\t%s000000000\t1000000000\n' "$(date +%s)" ;;
	*) printf 'clock\t%s\t1\n' "$n" ;;
	esac
}

lacks() { # lacks A|B
	left=$1
	while [ -n "$left" ]; do
		one=${left%%"|"*}
		! command -v "$one" >/dev/null 2>&1 || return
		case $left in *"|"*) left=${left#*"|"} ;; *) left= ;; esac
	done
	printf 'lacks\t%s\n' "$1"
}

# home: $mine is the folder of who logs in: sudo and doas tell whom they were
# called by.
home() {
	me=${SUDO_USER:-${DOAS_USER:-}}
	if [ -z "$me" ]; then
		me=${LOGNAME:-${USER:-}}
		[ -z "$me" ] || [ "$me" != "$(id -un 2>/dev/null)" ] || me=
	fi
	case $me in '' | *[!A-Za-z0-9._-]*) mine=${HOME:-/} ;; *) eval "mine=~$me" ;; esac
}

# left prints the files of a folder whose names our uploads have.
left() {
	case $1 in
	/*) ;;
	*)
		[ -n "$mine" ] || home
		set -- "${mine%/}/$1"
		;;
	esac
	[ ! -L "$1" ] || return 0
	for f in "$1"/*.part; do
		case $f in *"$nl"* | *"	"*) continue ;; esac
		[ ! -f "$f" ] || [ -L "$f" ] || printf 'left\t%s\n' "$f"
	done
}

# address looks a name up. Where name servers do not answer, a name that is yet
# to be mapped would be waited for: so names are looked up side by side, and not
# for long.
address() {
	a='?'
	if command -v getent >/dev/null 2>&1; then
		a=$($limit getent ahosts "$1" 2>/dev/null || { [ $? != 1 ] || $limit getent hosts "$1" 2>/dev/null; })
		a=${a%%[!0-9a-fA-F.:]*}
	fi
	printf 'address\t%s\t%s\n' "$1" "${a:-none}"
}

# addresses first asks once for all names, which is enough where the hosts file
# has them. An IPv6 address is asked for again: the name may have another, and
# only ahosts gives them in the order in which programs try them.
addresses() { # addresses NAME...
	quick=
	[ -z "$limit" ] || quick='timeout 1'
	all="$nl$($quick getent hosts "$@" 2>/dev/null)$nl"
	for name; do
		case $all in
		*" $name"["$nl "]*)
			a=${all%%" $name"["$nl "]*}
			a=${a##*"$nl"}
			a=${a%% *}
			case $a in
			'' | *:*) address "$name" & ;;
			*) printf 'address\t%s\t%s\n' "$name" "$a" ;;
			esac ;;
		*) address "$name" & ;;
		esac
	done
}

# A shell reads a pipe byte by byte, so what programs print is taken whole and
# cut into words or lines here.

# listeners makes $open "<port> <uid> <inode>" of each wanted port that is listened
# on. ss asks the kernel for nothing else; in /proc they stand among all
# connections, which costs three times as much.
listeners() {
	open=
	! command -v ss >/dev/null 2>&1 || ! all=$(ss -Hltne 2>/dev/null) || ! listed_by_ss || return 0
	open=
	set -- $(grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	while [ $# -ge 10 ]; do # the fields of a line go to the one that ends with a colon
		port=$((0x${2##*:}))
		case $4,$ports in 0A,*" $port "*) open="$open $port $8 ${10}" ;; esac
		shift 10
		while [ $# -gt 0 ]; do case $1 in *[0-9]:) break ;; esac; shift; done
	done
}

# The address that is listened on is the first word with a colon; root's id is
# left out.
listed_by_ss() {
	IFS=$nl
	for line in $all; do
		unset IFS
		port= uid=0 inode=
		for word in $line; do
			case $word in
			uid:*) uid=${word#uid:} ;;
			ino:*) inode=${word#ino:} ;;
			*:*) port=${port:-${word##*:}} ;;
			esac
		done
		case $port.$uid.$inode in .* | *. | *[!0-9.]*) return 1 ;; esac
		case $ports in *" $port "*) open="$open $port $uid $inode" ;; esac
	done
	unset IFS
}

# holders makes $held, of all processes that we may look into, the sockets that
# they hold: "<pid> <inode>". Most are those of servers of the product, of which
# there are few.
holders() {
	held=$nl
	set +f
	some=$(grep -ls -e '-Dcarbon[.]home=/' /proc/[0-9]*/cmdline)
	set --
	for server in $some; do set -- "$@" "${server%/cmdline}/fd"; done
	[ $# = 0 ] || holds "$@" /proc/self/fd # of a folder alone ls prints no name
	for inode in $wanted; do
		case $held in *" $inode$nl"*) ;; *) holds /proc/[0-9]*/fd; break ;; esac
	done
	set -f
}

holds() { # holds FOLDER...
	all=$(ls -l "$@" 2>/dev/null | grep -e '^/proc/' -e 'socket:')
	set -f
	IFS=$nl
	for line in $all; do
		case $line in
		/proc/*) pid=${line#/proc/} pid=${pid%%/*} ;;
		*'socket:['*)
			s=${line##*"socket:["}
			s=${s%%"]"*}
			case $wanted in *" $s "*) held="$held$pid $s$nl" ;; esac ;;
		esac
	done
	unset IFS
	set +f
}

last= its=
listening() {
	if [ ! -r /proc/net/tcp ]; then
		printf 'blind\tports\n'
		return
	fi
	set -f
	listeners
	[ -n "$open" ] || return 0
	set -- $open
	wanted=' '
	while [ $# -ge 3 ]; do wanted="$wanted$3 "; shift 3; done
	holders
	set -- $open
	while [ $# -ge 3 ]; do
		listener "$@"
		shift 3
	done
	set +f
}

listener() { # listener PORT UID INODE
	pid='?' comm='?' home=-
	case $held in
	*" $3$nl"*) pid=${held%%" $3$nl"*}; pid=${pid##*"$nl"} ;;
	esac
	if [ "$pid" = "$last" ]; then # a server listens on many ports
		home=$its
	elif [ "$pid" != '?' ]; then
		args=$nl$(tr '\000\n' '\n ' <"/proc/$pid/cmdline")$nl
		case $args in *"$nl-Dcarbon.home="*) home=${args#*"$nl-Dcarbon.home="} home=${home%%"$nl"*} ;; esac
		last=$pid its=$home
	fi
	[ "$pid" = '?' ] || read -r comm <"/proc/$pid/comm" || comm='?'
	printf 'listens\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$pid" "$comm" "$home"
}

nl='
'
limit=
! command -v timeout >/dev/null 2>&1 || limit='timeout 8'
RES_OPTIONS='timeout:2 attempts:1'
export RES_OPTIONS
ports=' ' names= mine=
for a; do
	v=${a#*=}
	case $a in
	clock=*) clock ;;
	tool=*) lacks "$v" ;;
	apart=*) mine=${HOME:-/} ;;
	'dir=~') [ -n "$mine" ] || home ;;
	left=*) left "$v" ;;
	name=*) names="$names $v" ;;
	port=*) ports="$ports$v " ;;
	esac
done
[ -z "$names" ] || addresses $names
[ "$ports" = ' ' ] || listening 2>/dev/null
