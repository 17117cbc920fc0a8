# Changes what systemd does with a unit. Prints "says ..." and, where that does
# not work, "failed ...".
# $1 enable|disable|reload|start|stop  $2 the unit  $3... stop: how long it may take, seconds
# enable and disable make and remove the link that the unit asks for, so that
# nothing else happens; then systemd reads its units anew.
action=$1 unit=$2 limit=${3-0}
link=/etc/systemd/system/multi-user.target.wants/$unit
failed() { echo "failed $*"; exit 1; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }
clock() { if read -r c _ 2>/dev/null </proc/uptime; then echo "${c%%.*}"; else date +%s; fi; }
ctl() {
	echo "says systemctl $*"
	why=$(LC_ALL=C systemctl --no-ask-password "$@" 2>&1 </dev/null) || failed "systemctl $* ended with $?: $(printf '%s' "$why" | tr '\n' ' ')"
}
reload() { [ ! -d /run/systemd/system ] || ctl daemon-reload; }
state() { LC_ALL=C systemctl show -p ActiveState -- "$unit" 2>/dev/null </dev/null; }
case $action in
enable)
	echo "says link $link"
	[ -d "${link%/*}" ] || (umask 022 && mkdir "${link%/*}") || failed "cannot make ${link%/*}"
	rm -f "$link" && ln -s "/etc/systemd/system/$unit" "$link" || failed "cannot make $link"
	reload ;;
disable)
	[ ! -L "$link" ] || { echo "says remove $link" && rm -f "$link"; } || failed "cannot remove $link"
	rmdir "${link%/*}" 2>/dev/null # as systemctl does with one that is empty
	reload ;;
reload) reload ;;
start)
	# A unit that failed too often is not started; that was before this run.
	systemctl reset-failed -- "$unit" >/dev/null 2>&1 </dev/null
	ctl start --no-block -- "$unit" ;;
stop)
	case $(state) in ActiveState=inactive | ActiveState=failed) exit 0 ;; esac
	ctl stop --no-block -- "$unit"
	until=$(($(clock) + limit))
	while :; do
		case $(state) in ActiveState=inactive | ActiveState=failed) break ;; esac
		[ "$(clock)" -lt "$until" ] || failed "$unit did not stop within $limit s"
		nap
	done ;;
esac
