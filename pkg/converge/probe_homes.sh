# Prints the homes of App Manager on this host: those of servers that run, and
# those in the folders where people put it. Each once, one a line.
{
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\000' '\n' | grep -e '^-Dcarbon\.home=/' | cut -d= -f2-
	for script in /opt/*/bin/wso2server.sh /opt/*/*/bin/wso2server.sh /srv/*/bin/wso2server.sh /usr/local/*/bin/wso2server.sh /home/*/*/bin/wso2server.sh; do
		[ ! -f "$script" ] || echo "${script%/bin/wso2server.sh}"
	done
} | while IFS= read -r home; do
	real=$(cd "$home" 2>/dev/null && pwd -P) || continue
	[ ! -f "$real/repository/conf/app-manager.xml" ] || echo "$real"
done | sort -u
