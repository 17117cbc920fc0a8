# One script, with $p as its stdin, in base64. $0 of what it sees is sh.
work() {
	owner 0 "$as" || return
	original
	if [ -n "$p" ]; then
		hides || exit 1
		printf %s "$p" | unbase64 | become sh -c "$@" 3<&-
	else
		become sh -c "$@" </dev/null 3<&-
	fi
	s=$?
	echo "$N 3" >&2
	printf '\n%s\n' "$N x $s"
}
