# Pairs "caller callee" of files in one folder: a file, and another one that defines a function
# whose name it uses.  For tsort, which names what goes round in a circle.
# In this layout functions begin in column 0, and comments' lines with a star.
/^[ \t]*(\/\*|\*)/ { next }
/^#/ { next }
{
    gsub(/"([^"\\]|\\.)*"/, "")
    if ($0 ~ /^[a-z]/ && $0 !~ /^(static|typedef|extern)/ && $0 !~ /;[ ]*$/ && match($0, /[a-z0-9_]+\(/))
        home[substr($0, RSTART, RLENGTH - 1)] = FILENAME
    n = split($0, word, /[^A-Za-z0-9_]+/)
    for (i = 1; i <= n; i++)
        if (word[i] ~ /^[a-z].*_/)
            uses[FILENAME, word[i]] = 1
}
END {
    for (key in uses) {
        split(key, part, SUBSEP)
        to = home[part[2]]
        if (to == "" || to == part[1])
            continue
        folder = part[1]; sub(/[^\/]*$/, "", folder)
        other = to; sub(/[^\/]*$/, "", other)
        if (folder == other)
            print part[1], to
    }
}
