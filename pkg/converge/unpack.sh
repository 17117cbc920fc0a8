# Unpacks a pack into a home that is not there: it is there whole, or not at all.
# $1 the home  $2 the zip  $3 its sha256  $4 whom the home is for, "" is who runs this
# $5 the folder of this host's state, "" is the usual one  $6 the name of the note
# $7 its lines  $8 how many lines there are on stdin
# stdin: what the zip unpacks to, folders first, then files in the order of the zip,
# each as KIND AT SIZE PACKED X ./PATH/:
#   d  a folder
#   s  a file that is in the zip as it is
#   z  one that is deflated; X ends what gzip reads
#   S and Z  the same, and AT is that of the header before the file
#   m  a file whose mode is X, not 644
# Words on stdout: at BYTES, failed TEXT. Exit: 0 done, 21 the home is there.
#
# The zip is never handed to a program that reads zips: where each file is in it
# was read, and judged, on the operator's machine, and no other reading counts.
# Nothing exists below the new folder but what is made here, and nobody else can
# get into it before all is done, so no link of anybody's is ever followed.
home=$1 zip=$2 want=$3 owner=$4 store=$5 note=$6 said=$7 count=$8
failed() { echo "failed $*"; exit 1; }
there() { echo "failed $home is there by now, and was left alone; plan again"; exit 21; }
[ ! -e "$home" ] && [ ! -L "$home" ] || there

umask 022
above=${home%/*}
e=$(mkdir -p -- "${above:-/}" 2>&1) || failed "$e"
case $(ls -ldL -- "${above:-/}") in
d???????w[!tT]*) failed "everybody may write to $above, and so put another home in the place of this one; take that away first: chmod o-w $above" ;;
esac
cd -P -- "${above:-/}" || failed "$above cannot be entered"
above=${PWD%/}
name=${home##*/}
for old in ".$name.appm-unpack."*; do # of runs that died: the host's lock is ours
	[ ! -d "$old" ] || [ -L "$old" ] || rm -rf -- "./$old"
done
t=
trap '[ -z "$t" ] || { cd "$above" && rm -rf -- "./$t"; }' EXIT
trap 'exit 1' HUP INT TERM PIPE
t=$(umask 077 && mktemp -d ".$name.appm-unpack.XXXXXXXXXX") || failed "no folder can be made in $above"
cd -P -- "$t" && [ "$PWD" = "$above/$t" ] || failed "somebody else is at work in $above"
mkdir home && cd home || failed "$above/$t cannot be written to"

if command -v sha256sum >/dev/null 2>&1; then h=$(sha256sum <"$zip"); else h=$(shasum -a 256 <"$zip"); fi
[ "${h%% *}" = "$want" ] || failed "the zip that arrived is not the pack: its sha256 is ${h%% *}"

fast=
[ "$(printf abcdef | dd bs=8 iflag=skip_bytes,count_bytes,fullblock status=none skip=2 count=3 2>/dev/null)" != cde ] || fast=1
slice() { # slice AT COUNT
	if [ -n "$fast" ]; then
		dd if="$zip" bs=1048576 iflag=skip_bytes,count_bytes,fullblock status=none skip="$1" count="$2"
	else
		tail -c "+$(($1 + 1))" "$zip" | head -c "$2"
	fi
}

# inflate AT SIZE PACKED TAIL PATH. gzip judges by the CRC and the size in TAIL,
# and may not write much more than the size before it does.
inflate() {
	{
		printf '\037\213\010\000\000\000\000\000\000\003'
		slice "$1" "$3"
		printf "$4"
	} | (ulimit -f $(($2 / 512 + 2)) 2>/dev/null; exec gzip -dc) >"$5"
}

# behind AT: $at is where what the header there is of begins.
behind() {
	at=$1
	set -- $(od -An -tu1 -j $((at + 26)) -N 4 "$zip")
	[ $# = 4 ] || failed "the zip holds no file where its list says so"
	at=$((at + 30 + $1 + $2 * 256 + $3 + $4 * 256))
}

file() { # file KIND AT SIZE PACKED TAIL PATH
	case $1 in
	S) behind "$2" && shift 2 && set -- s "$at" "$@" ;;
	Z) behind "$2" && shift 2 && set -- z "$at" "$@" ;;
	esac
	case $1$3 in
	[sz]0) : >"$6" ;;
	s*) slice "$2" "$4" >"$6" ;;
	*) inflate "$2" "$3" "$4" "$5" "$6" ;;
	esac </dev/null || failed "${6#./} could not be unpacked; is there room in $above?"
	made=$((made + $3))
	[ $((made - told)) -lt 16777216 ] || { told=$made && echo "at $made"; }
}

# Folders and modes are made by a hundred at a time: a fork costs more than they do.
many() { # many KIND+MODE PATH...
	now=$1
	shift
	[ $# != 0 ] || return 0
	case $now in
	d*) mkdir -- "$@" ;;
	m*) chmod "${now#m}" -- "$@" ;;
	esac || failed "$above/$t cannot be written to"
}

set -C
made=0 told=0 last= lines=0
set --
while read -r kind at size packed x path; do
	lines=$((lines + 1))
	path=${path%/}
	case $kind in
	d | m)
		if [ "$kind$x" != "$last" ] || [ $# = 100 ]; then
			many "$last" "$@"
			set --
		fi
		last=$kind$x
		set -- "$@" "$path" ;;
	*)
		many "$last" "$@"
		set --
		file "$kind" "$at" "$size" "$packed" "$x" "$path" ;;
	esac
done
many "$last" "$@"
[ $lines = "$count" ] || failed "the list of files did not arrive whole"

if [ "$(id -u)" = 0 ] && [ -n "$owner" ]; then
	chown -hR -- "$owner:" . || failed "it cannot be given to $owner"
fi
cd .. || exit 1
sync -f . 2>/dev/null || sync

# The note says that this very folder was unpacked here: it is written before the
# rename, and of a folder that never got its name it says nothing.
usual() {
	store=/var/lib/appm-provision user=$(id -un)
	[ "$(id -u)" = 0 ] || case $user in
	'' | *[!A-Za-z0-9._-]*) store=${HOME-} ;;
	*) eval "store=~$user" ;;
	esac
	case $store in
	/var/lib/appm-provision) ;;
	/*) store=${store%/}/.local/state/appm-provision ;;
	*) failed "there is no home directory to keep a note in" ;;
	esac
}
[ -n "$store" ] || usual
e=$(umask 077 && mkdir -p -- "$store/homes" 2>&1) || failed "$e"
inode=$(stat -c %i home 2>/dev/null || stat -f %i home)
born=$(stat -c %W home 2>/dev/null || stat -f %B home) # the number of an inode is given out again
case $born in '' | 0 | *[!0-9]*) born=unknown ;; esac
rm -f -- "$store/homes/$note.new"
(umask 077 && printf '%s\ninode %s\nborn %s\n' "$said" "$inode" "$born" >"$store/homes/$note.new") && mv -f -- "$store/homes/$note.new" "$store/homes/$note" ||
	failed "no note can be kept in $store/homes"

[ ! -e "$above/$name" ] && [ ! -L "$above/$name" ] || there
if e=$(mv -T -- home "$above/$name" 2>&1); then :
elif [ -e "$above/$name" ] || ! e=$(mv -- home "$above/$name" 2>&1); then failed "$e"
fi
sync -f "$above" 2>/dev/null || sync
