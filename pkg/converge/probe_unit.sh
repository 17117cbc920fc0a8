# $1: the name of a unit. Prints what systemd knows of it:
#   user <id>  systemd  enabled  <property>=<value>
# The link is what enables it; systemd remembers what it saw of that.
echo "user $(id -u)"
[ ! -L "/etc/systemd/system/multi-user.target.wants/$1" ] || echo enabled
[ -d /run/systemd/system ] || exit 0
echo systemd
LC_ALL=C systemctl show -p NeedDaemonReload -p DropInPaths -- "$1" 2>&1 </dev/null
