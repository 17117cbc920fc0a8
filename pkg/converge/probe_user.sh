# Prints the group of the user $1; nothing where there is no such user.
id -gn -- "$1" 2>/dev/null || id -gn "$1" 2>/dev/null
