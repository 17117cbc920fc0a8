# Reads of one owner. The metadata of all files is one stat, the hashes one
# sha256sum, the bytes one cat, and what scripts say is taken at once: a fork costs
# more than a file. What stat and sha256sum print is matched by the names, which
# both sides know.
# States: f file, u file that may not be read, s file of which nothing but
# metadata is wanted, d directory, o other, a absent, l link that leads nowhere,
# x not to be seen.
p= S= H= C= n=0 m= h= d= t=

note() { # note STATE REAL, of the path $f
	p="$p$i $1 ${#f} ${#2}
$f$2
"
}

see() { # see KIND PATH
	k=$1 f=$2 r=
	if [ -L "$f" ]; then
		r=$(readlink -f -- "$f" 2>/dev/null && echo x)
		r=${r%?x}
	fi
	if [ ! -e "$f" ]; then
		if [ -L "$f" ]; then note l "$r"
		elif gone "$f"; then note a ''
		else note x ''; fi
		return
	fi
	n=$((n + 1))
	eval "f$n=\$f"
	S="$S \"\$f$n\""
	if [ -d "$f" ]; then note d "$r"
	elif [ ! -f "$f" ]; then note o "$r"
	elif [ "$k" = stat ]; then note s "$r"
	elif [ ! -r "$f" ]; then note u "$r"
	else
		H="$H \"\$f$n\""
		[ "$k" != file ] || C="$C \"\$f$n\""
		note f "$r"
	fi
}

glob() { # glob FOLDER MATCH...; without a match the shell leaves the pattern
	f=$2
	if [ $# = 2 ] && [ ! -e "$f" ] && [ ! -L "$f" ]; then
		if [ -d "$1" ] && [ ! -r "$1" ] || ! gone "$1/."; then note x ''; fi
		return
	fi
	shift
	for g do see hash "$g"; done
}

# details is asked for before any script runs. The slash keeps a newline at the
# end of the last name.
details() {
	[ -n "$S" ] || return 0
	eval "m=\$(stat -L -c '%f:%s:%u:%g:%U:%G:%h:%Y:%Z:%y|%z|%n/' -- $S 2>/dev/null)"
	[ -n "$m" ] ||
		eval "m=\$(stat -L -f '%Xp:%z:%u:%g:%Su:%Sg:%l:%m:%c:%Fm|%Fc|%N/' -- $S 2>/dev/null)"
	[ -z "$m" ] || m="$m
"
}

# show GROUP: sha256sum hashes what the shell has to say together with the files,
# which saves it a process of its own. Its own words are said twice, as nothing
# else vouches for them.
show() {
	eval "h=\$(printf %s \"\$p\$m\$d\$t\" | \$sums -- $H - 2>/dev/null)"
	h="$h
"
	printf '%s\n' "$N g $1 ${#p} ${#m} ${#d} ${#t} ${#h}"
	printf %s "$p$m$d$t$h$h"
	[ -z "$C" ] || eval "cat -- $C" 2>/dev/null
	printf '\n%s\n' "$N c"
}

# run is one of the scripts of a group, for the read number $i. It may do
# with this shell what it likes: it gets a copy.
run() { # run SCRIPT ARGUMENT...
	(
		s=$1
		shift
		unset L Z
		eval "$s"
	) </dev/null 3<&-
	printf '\n%s\n' "$N x $i $?"
}
