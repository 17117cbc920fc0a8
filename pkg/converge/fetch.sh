# Fetches a pack to this host, or removes what was fetched.
# $1 fetch|remove  $2 its address  $3 its sha256  $4 its size in bytes
# $5 the folder of this host's state, "" is the usual one
# Words on stdout: path PATH, failed TEXT.
#
# What a cut transfer has left is gone on with. Nothing is believed of what comes
# but its sha256, and nobody else can write to where it comes to.
action=$1 url=$2 want=$3 size=$4 store=$5
failed() { echo "failed $*"; exit 1; }
usual() {
	store=/var/lib/appm-provision user=$(id -un)
	[ "$(id -u)" = 0 ] || case $user in
	'' | *[!A-Za-z0-9._-]*) store=${HOME-} ;;
	*) eval "store=~$user" ;;
	esac
	case $store in
	/var/lib/appm-provision) ;;
	/*) store=${store%/}/.local/state/appm-provision ;;
	*) failed "there is no home directory to fetch the pack to" ;;
	esac
}
[ -n "$store" ] || usual
umask 077
folder=$store/packs file=$store/packs/$want.zip
if [ "$action" = remove ]; then
	rm -f -- "$file" && rmdir -- "$folder" 2>/dev/null
	exit 0
fi
e=$(mkdir -p -- "$folder" 2>&1) || failed "$e"
! command -v find >/dev/null 2>&1 || find "$folder" -name '*.zip' -type f -mtime +6 -exec rm -f {} + 2>/dev/null
sum() {
	if command -v sha256sum >/dev/null 2>&1; then h=$(sha256sum <"$file"); else h=$(shasum -a 256 <"$file"); fi
	[ "${h%% *}" = "$want" ]
}
has() { # its length so far
	n=0
	[ ! -f "$file" ] || n=$(($(wc -c <"$file")))
}
has
[ "$n" -lt "$size" ] || { sum && echo "path $file" && exit 0; rm -f -- "$file"; has; }
free=$(df -Pk -- "$folder" 2>/dev/null | { read -r _; read -r _ _ _ k _; echo "$k"; })
[ $(((size - n) / 1024)) -le "${free:-$size}" ] || failed "no space for the pack in $folder: $(((size - n) / 1048576 + 1)) MB are needed, $((free / 1024)) MB are free"
get() {
	if command -v curl >/dev/null 2>&1; then
		curl -fsSL --retry 2 -C - -o "$file" -- "$url"
	elif command -v wget >/dev/null 2>&1; then
		wget -q -c -O "$file" "$url"
	else
		failed "the host has neither curl nor wget to fetch the pack with; install one, or write no url under [pack]"
	fi
}
e=$(get 2>&1) || {
	case $e in "failed "*) echo "$e" && exit 1 ;; esac
	failed "the host cannot fetch $url: $e"
}
if ! sum; then
	rm -f -- "$file"
	failed "$url has sha256 ${h%% *}, and the inventory says $want; nothing of it was used"
fi
echo "path $file"
