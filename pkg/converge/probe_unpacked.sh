# $1: a home  $2: the folder of this host's state, "" is the usual one  $3: the
# name of the note of that home. Prints, of a home that is there:
#   there  ours  pack <version> <name of the zip>
# and "left" where a removal was cut off. The note says which inode was unpacked, and when that was made,
# so that what somebody else has put there since is told from it.
home=$1 store=$2 note=$3
if [ -z "$store" ]; then
	store=/var/lib/appm-provision user=$(id -un)
	[ "$(id -u)" = 0 ] || case $user in
	'' | *[!A-Za-z0-9._-]*) store=${HOME-}/.local/state/appm-provision ;;
	*) eval "store=~$user/.local/state/appm-provision" ;;
	esac
fi
above=${home%/*} name=${home##*/}
for old in "$above/.$name.appm-remove."*; do
	[ ! -d "$old" ] || [ -L "$old" ] || { echo left; break; }
done
[ -d "$home" ] || [ -L "$home" ] || exit 0
echo there
[ ! -L "$home" ] && [ -r "$store/homes/$note" ] || exit 0
inode=$(stat -c %i -- "$home" 2>/dev/null || stat -f %i -- "$home") version= pack= said=
born=$(stat -c %W -- "$home" 2>/dev/null || stat -f %B -- "$home") when=unknown
case $born in '' | 0 | *[!0-9]*) born=unknown ;; esac
while read -r word rest; do
	case $word in
	version) version=$rest ;;
	pack) pack=$rest ;;
	inode) said=$rest ;;
	born) when=$rest ;;
	esac
done <"$store/homes/$note"
case $born in unknown | "$when") ;; *) [ "$when" = unknown ] || exit 0 ;; esac
[ "$inode" != "$said" ] || printf 'ours\npack %s %s\n' "$version" "$pack"
