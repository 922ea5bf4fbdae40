#!/bin/sh
# SPDX-License-Identifier: MIT
# headers_alone.sh SOURCE_ROOT C_COMPILER CXX_COMPILER - every header compiles alone, with no more than the folders
# that its own may see; the public one as C11 and as C++17 too.
set -u
root=$1
cc=$2
cxx=$3
count=0
failed=0

# check LANGUAGE COMPILER STANDARD HEADER FLAGS...
check() {
    language=$1 compiler=$2 standard=$3 header=$4
    shift 4
    count=$((count + 1))
    # Included, as one does with headers: what is static inline there need not be used.
    if ! echo "#include \"$header\"" |
        $compiler -x "$language" -std="$standard" -fsyntax-only -Wall -Wextra -Wpedantic -Werror "$@" -; then
        echo "headers_alone.sh: $header does not compile alone as $standard" >&2
        failed=1
    fi
}

public="$root/include/weir/weir.h"
check c "$cc" c11 "$public" -Wconversion -Wshadow
check c++ "$cxx" c++17 "$public" -Wconversion -Wshadow

for header in "$root"/lib/*.h; do
    check c "$cc" c17 "$header" -I"$root/include" -Wno-pedantic # hash.h multiplies to 128 bits
done
# These touch the system: gnu17 stands for the feature macros that their .c files define.
for folder in collect query/filter replay report store; do
    for header in "$root/$folder"/*.h; do
        check c "$cc" gnu17 "$header" -I"$root/include"
    done
done
for header in "$root"/query/*.h; do
    # without DuckDB's header what includes it, or what does, is not built
    [ -e "$root/third_party/duckdb/duckdb.h" ] || [ -e /usr/include/duckdb.h ] ||
        ! grep -qE '^#include [<"](duckdb|connection)' "$header" || continue
    check c "$cc" gnu17 "$header" -I"$root/include" -I"$root/report" -I"$root/query/filter" \
        -isystem"$root/third_party/duckdb"
done
for header in "$root"/cli/*.h; do
    check c "$cc" gnu17 "$header" -I"$root/include" -I"$root/collect" -I"$root/report" -I"$root/store" -I"$root/query" \
        -I"$root/query/filter" -I"$root/replay"
done
[ "$count" -gt 20 ] || { echo "headers_alone.sh: only $count headers found below $root" >&2; exit 1; }
echo "$count headers compile alone"
exit $failed
