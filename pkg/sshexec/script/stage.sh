# The folder of uploads, as its owner. Errors are told on stderr.

# folder DIRECTORY: makes it $d, into which nobody else can look.
folder() {
	umask 077
	d=$1
	case $d in
	/*) ;;
	*)
		[ -n "${HOME-}" ] || { echo "HOME is not set" >&2; return 1; }
		d=${HOME%/}/$d
		;;
	esac
	if [ -L "$d" ] || [ ! -d "$d" ]; then
		e=$(mkdir -- "$d" 2>&1) || [ -d "$d" ] && [ ! -L "$d" ] || { echo "$e" >&2; return 1; }
	fi
	chmod 700 -- "$d"
}

# stored NAME: makes a folder of the store $d. It needs store.sh.
stored() {
	umask 077
	own
	case $s in
	/*) ;;
	*) echo "there is no home directory to put it in; give the host a state_dir" >&2; return 1 ;;
	esac
	e=$(mkdir -p -- "$s" 2>&1) || { echo "$e" >&2; return 1; }
	folder "$s/$1"
}

# begin NAME NEW SIZE BLOCKS MIB MINE...: makes NEW the part to write. A part of
# the same NAME that a cut connection left behind becomes it, unless it is one of
# MINE; the hash of each block of so many MiB says what of it is good.
begin() {
	like=$d/$1 f=$d/$2 max=$3 n=$4 b=$5
	shift 5
	for old in "$d"/*.part; do
		[ -f "$old" ] && command -v find >/dev/null 2>&1 || break
		find "$d" -name '*.part' -type f -mtime +6 -exec rm -f {} + 2>/dev/null
		break
	done
	for old in "$like".*.part; do
		[ -f "$old" ] && [ ! -L "$old" ] || continue
		for mine do [ "${old##*/}" != "$mine" ] || continue 2; done
		! mv -- "$old" "$f" 2>/dev/null || break
	done
	if [ ! -f "$f" ]; then
		e=$( (set -C && : >"$f") 2>&1) || { echo "${e#*eval: }" >&2; return 1; }
	fi
	chmod 600 -- "$f" || return
	size=$(stat -c %s -- "$f" 2>/dev/null || stat -f %z -- "$f") || return
	if [ "$size" -gt "$max" ]; then size=0 && : >"$f" || return; fi
	df -Pk -- "$d" 2>/dev/null | {
		read -r x && read -r x x x free x || free=
		printf '%s\n' "$size $free"
	}
	[ "$size" = 0 ] || blocks
	printf '.\n%s\n' "$f"
}

blocks() {
	i=0
	while [ $i -lt "$n" ]; do
		h=$(dd if="$f" bs=1048576 skip=$((i * b)) count="$b" 2>/dev/null | sum)
		case $h in e3b0c44298fc1c14*) return ;; esac # of nothing
		printf '%s\n' "${h%% *}"
		i=$((i + 1))
	done
}

# fill FILE SEEK: writes stdin into the file, from so many times 64 KiB on. What a
# cut session still sends must not make anew a part that the next one has taken
# over.
fill() {
	[ -f "$1" ] || { echo "$1 is gone" >&2; return 1; }
	dd of="$1" bs=65536 seek="$2" conv=notrunc
}

# give_up NAME: takes a part away, after it has shown what writing it says.
give_up() {
	if [ -f "$d/$1" ]; then
		e=$(dd if=/dev/zero bs=65536 count=16 2>&1 >>"$d/$1") || { e=$(printf '%s\n' "$e" | head -n 1) && echo "${e##*: }" >&2; }
		rm -f -- "$d/$1"
	fi
	rmdir -- "$d" 2>/dev/null || :
}

# discard FILE...: removes uploads, and the folder with the last of them.
discard() {
	for f do
		[ "${f%/*}" = "$d" ] || { echo "$f is no upload of ours" >&2; return 1; }
		rm -f -- "$f" || return
	done
	rmdir -- "$d" 2>/dev/null || :
}
