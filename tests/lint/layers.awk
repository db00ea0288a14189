# Each file includes its own module and those of lower lines; private headers
# (without polytree/) are for their own module alone, and public headers use none.
BEGIN {
    split("base 1,config 2,par 2,tensor 3,kernel 4,linalg 4,io 4,op 5,graph 6,arch 7," \
          "train 8,record 9,picture 10,search 11,study 12,app 13", rows, ",")
    for (i in rows) {
        split(rows[i], row, " ")
        line[row[1]] = row[2]
    }
}
FNR == 1 {
    n = split(FILENAME, part, "/")
    module = part[n - 1]
    is_public = part[1] == "include"
    if (!(module in line)) {
        print FILENAME ": module " module " is not in the table of layers"
    }
}
/^#include "/ {
    path = $2
    gsub(/"/, "", path)
    used_public = sub(/^polytree\//, "", path)
    used = path
    sub(/\/.*/, "", used)
    if (!(used in line)) {
        problem = "not \"module/header.h\""
    } else if (used != module && line[used] >= line[module]) {
        problem = module " must not see " used
    } else if (!used_public && used != module) {
        problem = "a private header of " used
    } else if (!used_public && is_public) {
        problem = "a private header in a public one"
    } else {
        next
    }
    print FILENAME ":" FNR ": " $2 ": " problem
}
