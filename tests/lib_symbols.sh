#!/bin/sh
# SPDX-License-Identifier: MIT
# lib_symbols.sh NM libweir.a - the library keeps no state of its own and calls nothing but plain functions: no I/O, no
# clock, no threads, no log. Needs objdump too.
set -eu
nm=$1
library=$2

# What a build for coverage, sanitizers or profiling adds is not the library's.
tools='^(__asan_|__odr_asan|__ubsan_|__sanitizer_|__tsan_|__sancov|__start___sanc|__stop___sanc|__gcov|__gcda|__llvm_'
tools=$tools'|_GLOBAL_OFFSET_TABLE_$|_DYNAMIC$)'

symbols=$("$nm" -A -P "$library")
[ -n "$symbols" ] || { echo "lib_symbols.sh: $nm shows no symbols of $library" >&2; exit 1; }

# -P prints "file[member]: NAME TYPE VALUE SIZE". .data.rel.ro, constant once the program is loaded, is 'D' or 'd' for
# nm as .data is, so these are told apart by their sections below.
writable=$(echo "$symbols" | awk '$3 ~ /^[bBcCsSgG]$/ {print $2}' | grep -Ev "$tools" || true)

# "SIZE SECTION" of every section that is writable for as long as the program runs.
sections=$(objdump -h -w "$library" |
    awk '$2 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $2 !~ /^\.data\.rel\.ro(\.|$)/ && $3 !~ /^0+$/ {print $2, $3}')

# The last ones are what compilers make of the others.
allowed=' memcpy memcmp memset memmove memchr strlen strcmp sprintf snprintf qsort malloc calloc free aligned_alloc __assert_fail
 __stack_chk_fail __sprintf_chk __snprintf_chk __memcpy_chk bcmp __cpu_model stpcpy strcpy __stpcpy_chk __strcpy_chk '
defined=$(echo "$symbols" | awk '$3 ~ /^[TtDdRrBbVvWw]$/ {print $2}' | sort -u)
undefined=$(echo "$symbols" | awk '$3 == "U" {print $2}' | sort -u | grep -Ev "$tools" || true)

failed=0
if [ -n "$writable" ]; then
    echo "lib_symbols.sh: writable variables: $writable" >&2
    failed=1
fi
if [ -n "$sections" ] && ! echo "$symbols" | grep -Eq ' (__asan_|__ubsan_|__sancov|__tsan_|__gcov|__llvm_)'; then
    echo "lib_symbols.sh: writable sections: $sections" >&2
    failed=1
fi
for name in $undefined; do
    case " $(echo $defined) $(echo $allowed) " in
    *" $name "*) ;;
    *)
        echo "lib_symbols.sh: the library calls $name, which is not among what it may call" >&2
        failed=1
        ;;
    esac
done
exit $failed
