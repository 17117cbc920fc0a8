# What a preflight asks of a host. Arguments, each word=value:
#   clock=now  what time is it
#   tool=A|B   one of these programs is wanted
#   dir=PATH   a folder that is written to; dir=~ is the folder of who logs in
#   list=FILE  has this file an access control list
#   left=DIR   what is left in a folder of uploads, which is in that one
#   apart=yes  that one is the folder of whom this runs as, from here on
#   name=NAME  a name to be resolved
#   port=N     a port that a server is to listen on
# Answers, fields separated by tabs, the last line is "end":
#   clock   <ns since 1970> <resolution, ns>
#   lacks   <A|B>
#   space   <path> <as asked> <rw|ro|gone> <free KiB|?> <free inodes|?> <inodes|?>
#   left    <path>
#   listed  <path>
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

# mine is the folder of who logs in: sudo and doas tell whom they were called by.
mine() {
	me=${SUDO_USER:-${DOAS_USER:-${LOGNAME:-${USER:-}}}}
	[ "$me" != "$(id -un 2>/dev/null)" ] || me=
	case $me in '' | *[!A-Za-z0-9._-]*) echo "${HOME:-/}" ;; *) eval "echo ~$me" ;; esac
}

space() { # space PATH ASKED
	if [ ! -d "$1" ]; then
		printf 'space\t%s\t%s\tgone\t?\t?\t?\n' "$1" "$2"
		return
	fi
	may=ro
	[ ! -w "$1" ] || may=rw
	if [ -r /proc/self/stat ] && set -- "$1" "$2" $(stat -f -c '%a %S %d %c' "$1" 2>/dev/null) && [ $# = 6 ]; then
		printf 'space\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" $may $(($3 * $4 / 1024)) "$5" "$6"
		return
	fi
	k=$(df -Pk "$1" 2>/dev/null | { read -r _; read -r _ _ _ k _; echo "$k"; })
	printf 'space\t%s\t%s\t%s\t%s\t?\t?\n' "$1" "$2" $may "${k:-?}"
}

# left prints the files of a folder whose names our uploads have.
left() {
	[ ! -L "$1" ] || return 0
	for f in "$1"/*.part; do
		case $f in *"$nl"* | *"	"*) continue ;; esac
		[ ! -f "$f" ] || [ -L "$f" ] || printf 'left\t%s\n' "$f"
	done
}

# listed prints those of the files that have an access control list.
listed() {
	case $(ls -ldL -- "$@" 2>/dev/null) in *"+ "*) ;; *) return ;; esac
	for f; do
		case $f in *"$nl"* | *"	"*) continue ;; esac
		case $(ls -ldL -- "$f" 2>/dev/null) in ??????????"+ "*) printf 'listed\t%s\n' "$f" ;; esac
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

# listeners prints "<port> <uid> <inode>" of each wanted port that is listened on.
listeners() {
	set -f
	set -- $(grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	while [ $# -ge 10 ]; do # the fields of a line go to the one that ends with a colon
		port=$((0x${2##*:}))
		case $4,$ports in 0A,*" $port "*) echo "$port $8 ${10}" ;; esac
		shift 10
		while [ $# -gt 0 ]; do case $1 in *[0-9]:) break ;; esac; shift; done
	done
}

# holders prints, of all processes that we may look into, the sockets that they
# hold: "<pid> <inode>".
holders() {
	set -f
	all=$(set +f; ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e '^/proc/' -e 'socket:')
	IFS=$nl
	for line in $all; do
		case $line in
		/proc/*) pid=${line#/proc/} pid=${pid%%/*} ;;
		*'socket:['*)
			s=${line##*"socket:["}
			s=${s%%"]"*}
			case $wanted in *" $s "*) echo "$pid $s" ;; esac ;;
		esac
	done
}

last= its=
listening() {
	if [ ! -r /proc/net/tcp ]; then
		printf 'blind\tports\n'
		return
	fi
	open=$(listeners)
	[ -n "$open" ] || return 0
	set -- $open
	wanted=' '
	while [ $# -ge 3 ]; do wanted="$wanted$3 "; shift 3; done
	held="$nl$(holders)$nl"
	set -- $open
	while [ $# -ge 3 ]; do
		listener "$@"
		shift 3
	done
}

listener() { # listener PORT UID INODE
	pid='?' comm='?' home=-
	case $held in
	*" $3$nl"*) pid=${held%%" $3$nl"*}; pid=${pid##*"$nl"} ;;
	esac
	if [ "$pid" = "$last" ]; then # a server listens on many ports
		home=$its
	elif [ "$pid" != '?' ]; then
		home=$(tr '\000\n' '\n ' <"/proc/$pid/cmdline" | grep -e '^-Dcarbon.home=') && home=${home#-Dcarbon.home=} || home=-
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
ports=' ' names= n=0 files=
for a; do
	v=${a#*=}
	case $a in
	clock=*) clock ;;
	tool=*) lacks "$v" ;;
	'dir=~') space "$(mine)" '~' ;;
	dir=*) space "$v" "$v" ;;
	apart=*) unset SUDO_USER DOAS_USER && LOGNAME=$(id -un) ;;
	left=/*) left "$v" ;;
	left=*) m=$(mine) && left "${m%/}/$v" ;;
	list=*) n=$((n + 1)) && eval "f$n=\$v" && files="$files \"\$f$n\"" ;;
	name=*) names="$names $v" ;;
	port=*) ports="$ports$v " ;;
	esac
done
[ -z "$files" ] || eval "listed $files"
[ -z "$names" ] || addresses $names
[ "$ports" = ' ' ] || listening 2>/dev/null
wait
echo end
