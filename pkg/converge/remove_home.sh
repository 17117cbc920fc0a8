# Removes a home that this tool unpacked, and what a removal that was cut off has
# left of it. The home gets another name first: it is there whole or not at all.
# $1 the home  $2 the folder of this host's state, "" is the usual one
# $3 the name of its note  $4 take: the home too  left: only what is left of one
# Prints "failed ..." where that does not work. Exit: 21 it is no longer ours.
home=$1 store=$2 note=$3 what=$4
failed() { echo "failed $*"; exit 1; }
if [ -z "$store" ]; then
	store=/var/lib/appm-provision user=$(id -un)
	[ "$(id -u)" = 0 ] || case $user in
	'' | *[!A-Za-z0-9._-]*) store=${HOME-}/.local/state/appm-provision ;;
	*) eval "store=~$user/.local/state/appm-provision" ;;
	esac
fi
above=${home%/*} name=${home##*/}
cd -P -- "${above:-/}" || failed "${above:-/} cannot be entered"
above=${PWD%/}
mounted() { # what is mounted at or below PATH is somebody's, and not to be emptied
	[ -r /proc/self/mountinfo ] || return 0
	while read -r _ _ _ _ at _; do
		case $at in "$1" | "$1"/*) failed "$at is mounted there; unmount it, then run again" ;; esac
	done </proc/self/mountinfo
}
if [ "$what" = take ] && { [ -e "$name" ] || [ -L "$name" ]; }; then
	mounted "$above/$name"
	inode=$(stat -c %i -- "$name" 2>/dev/null || stat -f %i -- "$name") said=
	born=$(stat -c %W -- "$name" 2>/dev/null || stat -f %B -- "$name") when=unknown
	case $born in '' | 0 | *[!0-9]*) born=unknown ;; esac
	while read -r word rest; do
		case $word in inode) said=$rest ;; born) when=$rest ;; esac
	done 2>/dev/null <"$store/homes/$note"
	case $born in unknown | "$when") ;; *) [ "$when" = unknown ] || said= ;; esac
	[ -d "$name" ] && [ ! -L "$name" ] && [ "$inode" = "$said" ] || { echo "failed $home is no longer the one that this tool unpacked, and was left alone; plan again"; exit 21; }
	t=$(umask 077 && mktemp -d ".$name.appm-remove.XXXXXXXXXX" 2>&1) || failed "$t"
	# From within, where nobody else can put another folder in the place of ours.
	cd -P -- "$t" && [ "$PWD" = "$above/$t" ] || failed "somebody else is at work in $above"
	e=$(mv -- "../$name" home 2>&1) || { cd .. && rmdir -- "$t"; failed "$e"; }
	cd .. || exit 1
fi
for old in ".$name.appm-remove."*; do
	[ -d "$old" ] && [ ! -L "$old" ] || continue
	mounted "$above/$old"
	e=$(rm -rf -- "./$old" 2>&1) || failed "$e"
done
rm -f -- "$store/homes/$note"
