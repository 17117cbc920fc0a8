# What a preflight asks of folders and files, as who is to write there. Arguments:
#   dir=PATH   a folder that is written to; dir=~ is $mine
#   list=FILE  has this file an access control list
# Answers, fields separated by tabs, the last line is "end":
#   space   <path> <as asked> <rw|ro|gone> <free KiB|?> <free inodes|?> <inodes|?>
#   listed  <path>
folder() { # folder PATH ASKED
	n=$((n + 1)) may=gone
	eval "d$n=\$1 a$n=\$2"
	if [ -d "$1" ]; then
		there=$((there + 1)) may=ro folders="$folders \"\$d$n\""
		[ ! -w "$1" ] || may=rw
	fi
	eval "m$n=$may"
}

# spaces asks about all folders at once, and about each where not all answer.
spaces() {
	i=0
	set --
	[ ! -r /proc/self/stat ] || eval "set -- \$(stat -f -c '%a %S %d %c' --$folders 2>/dev/null)"
	[ $# = $((4 * there)) ] || set --
	while [ $i -lt $n ]; do
		i=$((i + 1))
		eval "d=\$d$i a=\$a$i may=\$m$i"
		if [ $may = gone ]; then
			printf 'space\t%s\t%s\tgone\t?\t?\t?\n' "$d" "$a"
		elif [ $# -ge 4 ]; then
			printf 'space\t%s\t%s\t%s\t%s\t%s\t%s\n' "$d" "$a" $may $(($1 * $2 / 1024)) "$3" "$4"
			shift 4
		else
			space
		fi
	done
}

space() {
	if [ -r /proc/self/stat ] && set -- $(stat -f -c '%a %S %d %c' "$d" 2>/dev/null) && [ $# = 4 ]; then
		printf 'space\t%s\t%s\t%s\t%s\t%s\t%s\n' "$d" "$a" $may $(($1 * $2 / 1024)) "$3" "$4"
		return
	fi
	k=$(df -Pk "$d" 2>/dev/null | { read -r _; read -r _ _ _ k _; echo "$k"; })
	printf 'space\t%s\t%s\t%s\t%s\t?\t?\n' "$d" "$a" $may "${k:-?}"
}

# listed prints those of the files that have an access control list.
listed() {
	case $(ls -ndL -- "$@" 2>/dev/null) in *"+ "*) ;; *) return ;; esac
	for f; do
		case $f in *"$nl"* | *"	"*) continue ;; esac
		case $(ls -ndL -- "$f" 2>/dev/null) in ??????????"+ "*) printf 'listed\t%s\n' "$f" ;; esac
	done
}

nl='
'
n=0 there=0 l=0 files= folders=
for a; do
	v=${a#*=}
	case $a in
	'dir=~') folder "$mine" '~' ;;
	dir=*) folder "$v" "$v" ;;
	list=*) l=$((l + 1)) && eval "f$l=\$v" && files="$files \"\$f$l\"" ;;
	esac
done
[ $n = 0 ] || spaces
[ -z "$files" ] || eval "listed $files"
wait
echo end
