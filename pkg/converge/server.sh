# Stops and starts the server of one home and waits until it is up.
# $1 home  $2 stop|start|restart  $3 JAVA_HOME  $4 start timeout  $5 stop timeout, seconds
# $6... ports that must answer
# Where systemd starts it, $2 is mark, which stops what runs and prints where the
# log ends, and then "wait SIZE INODE" with what mark printed.
#
# What facts.md section 3 says holds: exit codes of wso2server.sh mean nothing,
# its pid file carries NULs and outlives its process, stop does not wait, start
# says "already running" for a stranger's pid. So the process is found by its
# -Dcarbon.home argument, and the start is judged by log, process and ports.
home=$1 action=$2 java=$3 start_timeout=$4 stop_timeout=$5
shift 5
log=$home/repository/logs/wso2carbon.log
real=$(cd "$home" 2>/dev/null && pwd -P) || real=$home

pids() ( # a shell of its own: it changes how words are split
	if [ -r /proc/self/stat ]; then
		# A shell reads a pipe byte by byte, so what grep leaves is taken whole.
		all=$(head -v -c 200000 /proc/[0-9]*/cmdline 2>/dev/null | tr '\000' '\n' | LC_ALL=C grep -e '^==> /proc/' -e '^-Dcarbon\.home=')
		set -f
		IFS='
'
		for arg in $all; do
			unset IFS
			case $arg in
			"==> /proc/"*"/cmdline <==") pid=${arg#==> /proc/}; pid=${pid%%/*} ;;
			"-Dcarbon.home=$home" | "-Dcarbon.home=$real")
				read -r s <"/proc/$pid/stat" 2>/dev/null || continue
				case ${s##*) } in Z*) ;; *) echo "$pid" ;; esac ;;
			esac
		done
	else
		ps -axww -o pid=,command= | while read -r pid cmd; do
			case " $cmd " in *" -Dcarbon.home=$home "* | *" -Dcarbon.home=$real "*) echo "$pid" ;; esac
		done
	fi
)
# clock counts seconds by a clock that nobody sets.
clock() { if read -r c _ 2>/dev/null </proc/uptime; then echo "${c%%.*}"; else date +%s; fi; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }
size() { if [ -f "$log" ]; then wc -c <"$log"; else echo 0; fi; }
inode() { ls -i "$log" 2>/dev/null | { read -r i _; echo "$i"; }; }

# new prints what the log says since our start; a rolled log is read whole.
new() {
	[ -f "$log" ] || return 0
	if [ "$(inode)" != "$log_inode" ] || [ "$(size)" -lt "$log_size" ]; then
		cat "$log"
	else
		tail -c "+$((log_size + 1))" "$log"
	fi
}
listens() { # is a port listening
	if [ -r /proc/net/tcp ]; then
		hex=$(printf '%04X' "$1")
		grep -q "^ *[0-9]*: [0-9A-F]*:$hex [0-9A-F]*:[0-9A-F]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
	else
		netstat -an -p tcp 2>/dev/null | grep -E "[.:]$1 .*LISTEN" >/dev/null
	fi
}
give_up() {
	echo "failed $1"
	new | tail -n 20 | while IFS= read -r l; do printf 'log %s\n' "$l"; done
	exit 1
}
stop() {
	for p in $(pids); do
		echo "says stopping process $p"
		why=$(kill -TERM "$p" 2>&1) && continue
		case " $(pids | tr '\n' ' ')" in
		*" $p "*) give_up "process $p cannot be stopped, as it is not the home's owner's: $why" ;;
		esac # else it ended by itself
	done
	until=$(($(clock) + stop_timeout))
	while [ -n "$(pids)" ]; do
		[ "$(clock)" -lt "$until" ] || give_up "process $(pids | tr '\n' ' ')did not stop within $stop_timeout s"
		nap
	done
}
ready() {
	# No server of this home is running, so whatever process the pid file names
	# is a stranger, and wso2server.sh would take it for ours.
	rm -f "$home/wso2carbon.pid"
	log_size=$(($(size))) log_inode=$(inode)
	# The clocks of files and processes tick apart by up to a hundredth of a
	# second; the new process shall be younger than every file beyond doubt.
	sleep 0.1 2>/dev/null || sleep 1
}
start() {
	ready
	echo "says starting with JAVA_HOME=$java"
	cd "$home" || give_up "cannot enter $home"
	# A session of its own, no stream of ours: whatever ends with this script's
	# connection, the server does not.
	apart=
	command -v setsid >/dev/null 2>&1 && apart=setsid
	JAVA_HOME=$java $apart sh bin/wso2server.sh start </dev/null >/dev/null 2>&1
	await "bin/wso2server.sh start" "$@"
}
await() { # WHO PORT...: until the server is up that WHO has started
	who=$1
	shift
	seen= gone= until=$(($(clock) + start_timeout)) appear=$(($(clock) + 30))
	while :; do
		nap
		p=$(pids)
		if [ -n "$p" ]; then
			seen=$p gone=
		elif [ -n "$seen" ]; then
			# The script starts the JVM again when it ends with 121.
			: "${gone:=$(clock)}"
			[ "$(clock)" -lt $((gone + 3)) ] || give_up "the server process $(echo $seen) ended while starting"
		elif [ "$(clock)" -ge "$appear" ]; then
			give_up "$who brought up no process with -Dcarbon.home=$home"
		fi
		text=$(new)
		last=$(printf '%s\n' "$text" | tail -n 1)
		[ "$last" = "$told" ] || { told=$last; printf 'log %s\n' "$last"; }
		missing=
		case $text in
		*"WSO2 Carbon started in"*)
			for port in "$@"; do listens "$port" || missing="$missing $port"; done
			[ -n "$missing" ] || break ;;
		*) missing=" log" ;;
		esac
		[ "$(clock)" -lt "$until" ] || case $missing in
		" log") give_up "its log does not say 'WSO2 Carbon started in' within $start_timeout s" ;;
		*) give_up "its log says it started, but no process listens on port$missing within $start_timeout s" ;;
		esac
	done
	echo "up $(echo $(pids))"
}
log_size=0 log_inode=none told=
case $action in
stop) stop ;;
start) start "$@" ;;
restart) stop; start "$@" ;;
mark) stop; ready; echo "mark $log_size $log_inode" ;;
"wait "*)
	log_size=${action#wait } log_inode=${log_size#* } log_size=${log_size%% *}
	await systemd "$@" ;;
esac
