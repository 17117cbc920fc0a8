# Writes of one owner. Each is staged beside its target under a name that no
# jar scanner and no datasource scanner takes, made equal to the target in
# owner, mode and label while nobody can read it, and renamed over it.
# Exit of one: 0 done, 20 done in place, 21 not what was expected, other: text
# says why.

die() {
	printf '%s' "$*"
	exit 22
}

# put INDEX OP PATH BEFORE SHA256 MODE OWNER GROUP KEEP [BASE64 or place in the store]
# OP: data, from (file descriptor 4), kept, remove
stop=
bad=$(hides 2>&1)
put() {
	[ -z "$stop" ] || return 0
	e=$(one "$@" 2>&1 </dev/null)
	s=$?
	printf '%s\n' "$N w $1 $s ${#e}"
	printf '%s\n' "$e"
	case $s in 0 | 20) ;; *) stop=1 ;; esac
}

one() {
	i=$1 op=$2 path=$3 before=$4 want=$5 mode=$6 owner=$7 group=$8 keep=$9
	shift 9
	place=
	[ -z "$bad" ] || die "$bad"
	t=$path
	if [ -L "$path" ]; then
		t=$(readlink -f -- "$path" && echo x) || t=
		t=${t%?x}
		[ -e "$t" ] || die "it is a symlink that leads nowhere"
	fi
	[ ! -d "$t" ] || die "it is a directory"
	if [ ! -e "$t" ]; then
		gone "$t" || die "permission denied: a folder above it may not be searched"
		[ -z "$before" ] || exit 21
	elif [ ! -f "$t" ]; then
		die "it is no regular file"
	fi
	case $op in
	remove) remove ;;
	*) replace "$@" ;;
	esac
}

remove() {
	[ -e "$t" ] || exit 0
	keep
	same || exit 21
	rm -f -- "$path" || exit 22
	finish 0
}

finish() {
	[ -z "$place" ] || printf 'kept %s' "$place"
	exit "$1"
}

# keep puts what is there into the store before it goes.
keep() {
	[ -n "$keep" ] && [ -e "$t" ] || return 0
	kept "$keep" || die "what is there cannot be kept: its folder in the store is gone"
	[ ! -e "$k" ] && [ ! -L "$k" ] || die "what is there cannot be kept: $k is there already"
	e=$( (umask 077 && set -C && cat <"$t" >"$k") 2>&1) || {
		rm -f -- "$k"
		die "what is there cannot be kept: $e"
	}
	h=$(sum <"$k")
	if [ "${h%% *}" != "$before" ]; then
		rm -f -- "$k"
		exit 21
	fi
	if [ "$(id -u)" = 0 ]; then
		o=$(stat -L -c %u:%g -- "$t" 2>/dev/null || stat -L -f %u:%g -- "$t") && chown -- "$o" "$k"
	fi
	sync -- "$k" "${k%/*}" 2>/dev/null || sync
	place=$k
}

replace() {
	d=${t%/*}
	[ -d "${d:-/}" ] || die "there is no folder ${d:-/}"
	ours
	own=$owner${group:+:$group}
	if [ -e "$t" ]; then
		o=$(stat -L -c '%h %u %g %a' -- "$t" 2>/dev/null || stat -L -f '%l %u %g %Mp%Lp' -- "$t") || exit 22
		l=${o%% *} o=${o#* }
		u=${o%% *} o=${o#* }
		g=${o%% *}
		[ "$l" = 1 ] || die "it has $l hard links; a replaced file would be cut off from its other names"
		own=${owner:-$u}:${group:-$g}
		[ -n "$mode" ] || mode=${o#* }
	fi
	stage "$@"
	keep
	same || exit 21
	m=$(mv -f$into -- "$tmp" "$t" 2>&1) && trap - EXIT && finish 0
	case $m in
	*[Bb]usy*) in_place ;;
	esac
	die "$m"
}

# ours refuses a folder in which anybody may put something else in the place of
# what is staged: its owner and mode would be given to that. With the sticky bit
# nobody else may; but a folder put in the place of $t would take the file in,
# which -T forbids.
ours() {
	into=
	case $(ls -ldL -- "${d:-/}") in
	d???????w[tT]*) into=T ;;
	d???????w*) die "everybody may write to its folder ${d:-/}, and so put another file in its place; take that away first: chmod o-w ${d:-/}" ;;
	esac
}

# stage makes $tmp what $t shall be. It is gone when this shell ends.
stage() {
	m=
	tmp=$d/.${t##*/}.appm-
	for old in "$tmp"*; do
		[ -f "$old" ] && [ ! -L "$old" ] || continue
		[ -n "$keep" ] || find "$old" -mmin +60 2>/dev/null | grep . >/dev/null || continue
		rm -f -- "$old"
	done
	tmp=$tmp$R$i
	trap 'rm -f -- "$tmp"' EXIT
	trap 'exit 23' HUP INT TERM PIPE
	umask 077
	set -C
	if [ "$op" = from ]; then
		cat <&4 >"$tmp" || exit 22
	elif [ "$op" = kept ]; then
		kept "$1" && [ -f "$k" ] && [ ! -L "$k" ] || die "it is not in the store of this host any more"
		cat <"$k" >"$tmp" || exit 22
	elif ! e=$(printf %s "$1" | unbase64 2>&1 >"$tmp"); then
		set +C # base64 does not say why; cat does
		[ ! -e "$tmp" ] || m=$(printf %s "$1" | unbase64 2>/dev/null | cat 2>&1 >"$tmp")
		die "${m:-$e}"
	fi
	h=$(sum <"$tmp")
	[ "${h%% *}" = "$want" ] || die "the bytes that arrived are not those that were sent"
	[ -z "$own" ] || chown -- "$own" "$tmp" || exit 22
	[ ! -e "$t" ] || access
	[ -z "$mode" ] || chmod -- "$mode" "$tmp" || exit 22
	[ ! -e /sys/fs/selinux/enforce ] || [ ! -e "$t" ] || ! command -v chcon >/dev/null ||
		chcon --reference="$t" -- "$tmp" || exit 22
	sync -- "$tmp" 2>/dev/null || sync
}

# access gives $tmp the extended attributes and the access control list of $t.
access() {
	cp --attributes-only --preserve=xattr -- "$t" "$tmp" 2>/dev/null
	listed "$t" || return 0
	cp --attributes-only --preserve=mode -- "$t" "$tmp" 2>/dev/null
	listed "$tmp" || getfacl -p -- "$t" 2>/dev/null | setfacl --set-file=- -- "$tmp" 2>/dev/null
	listed "$tmp" || die "it has an access control list, which this host has no tool to keep; install getfacl and setfacl, or take the list away"
}

listed() {
	a=$(ls -ldL -- "$1" 2>/dev/null)
	case ${a%% *} in *+) ;; *) return 1 ;; esac
}

# same: whether the target is still what the plan was made from.
same() {
	h=
	if [ -e "$t" ]; then
		h=$(sum <"$t") || exit 22
		h=${h%% *}
	fi
	[ "$h" = "$before" ]
}

# in_place writes through: a bind-mounted file cannot be renamed over. What was
# there is put back when that does not work out. Should this host or this shell
# die meanwhile, the next run finds in $whole what was there: its length, itself,
# and what was to be there, of which a torn file is a beginning.
in_place() {
	whole=${path%/*}/.${path##*/}.appm.whole
	set +C
	trap '' HUP INT TERM PIPE
	was=$(base64 <"$t") || exit 22
	n=$(($(wc -c <"$t")))
	if torn; then
		was=$(tail -c "+$((${#l} + 2))" "$whole" | head -c "$l" | base64) n=$l
	fi
	[ ! -L "$whole" ] || die "$whole is a symlink; remove it"
	rm -f -- "$tmp.whole"
	e=$({ echo $n; printf %s "$was" | unbase64; cat -- "$tmp"; } 2>&1 >"$tmp.whole") && e=$(mv -f -- "$tmp.whole" "$whole" 2>&1) || {
		rm -f -- "$tmp.whole"
		die "it cannot be renamed over, and before it is written in place a copy must lie beside it: $e"
	}
	sync -- "$whole" "${whole%/*}" 2>/dev/null || sync
	m=$(cat -- "$tmp" 2>&1 >"$t")
	h=$(sum <"$t")
	if [ "${h%% *}" = "$want" ]; then
		[ -z "$own" ] || chown -- "$own" "$t" || exit 22
		[ -z "$mode" ] || chmod -- "$mode" "$t" || exit 22
		sync -- "$t" 2>/dev/null || sync
		rm -f -- "$whole"
		finish 20
	fi
	printf %s "$was" | unbase64 >"$t"
	[ "$(base64 <"$t")" != "$was" ] || rm -f -- "$whole"
	die "it cannot be renamed over, and writing it in place went wrong: $m"
}

# torn: whether the target is the beginning of what a run that died was writing.
# $l is then the length of what was there.
torn() {
	[ -f "$whole" ] && [ ! -L "$whole" ] || return 1
	{ read -r l <"$whole"; } 2>/dev/null
	case $l in '' | *[!0-9]*) return 1 ;; esac
	[ "$n" -lt $(($(wc -c <"$whole") - ${#l} - 1 - l)) ] || return 1 # it is all there
	h=$(tail -c "+$((${#l} + 2 + l))" "$whole" | head -c "$n" | sum)
	[ "$h" = "$(sum <"$t")" ]
}
