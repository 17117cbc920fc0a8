# watch waits for the end of the session's stdin, and then ends the work: all of
# our process group, or, where there is none, our children.
watch() {
	while read -r x; do :; done <&3
	trap '' TERM
	if [ "$0" != alone ]; then
		kill -TERM 0
		sleep 2
		kill -KILL 0
	else
		! command -v pkill >/dev/null 2>&1 || pkill -TERM -P $$
		kill -TERM $$
	fi
}
