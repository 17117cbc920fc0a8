# Runs $g in a process group of its own, which is ended when the session's stdin
# ends: no script outlives its connection. A server that shall outlive it is
# started by setsid. Most sshd give a session a group of its own already: it is
# ours if we lead it, or the shell that the login shell has become, $E. That is
# good enough for what only reads, $here: a terminal that is hung up reaches it.
led() {
	[ -n "$here" ] || return
	[ -r /proc/self/stat ] || return
	read -r x </proc/self/stat
	x=${x##*) } x=${x#* } x=${x#* } x=${x%% *}
	case $x in $$ | "${E:-$$}") ;; *) return 1 ;; esac
}

exec 3<&0 </dev/null
if led; then
	eval "$g"
elif command -v setsid >/dev/null 2>&1; then
	printf '%s\n' "$g" | setsid sh -c 'eval "$(cat)"' group
else
	printf '%s\n' "$g" | sh -c 'eval "$(cat)"' alone
fi
