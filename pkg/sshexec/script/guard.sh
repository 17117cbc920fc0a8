# Runs $g in a process group of its own, which is ended when the session's stdin
# ends: no script outlives its connection. A server that shall outlive it is
# started by setsid.
exec 3<&0 </dev/null
if command -v setsid >/dev/null 2>&1; then
	printf '%s\n' "$g" | setsid sh -c 'eval "$(cat)"' group
else
	printf '%s\n' "$g" | sh -c 'eval "$(cat)"' alone
fi
