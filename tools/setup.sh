#!/bin/bash
# SPDX-License-Identifier: MIT
# setup.sh - gets what Weir is built with, shown with and tested with
#
# On Debian and its relatives, run as root: installs the packages that are missing. Run by anybody else: names them and
# prints the command to type. On other systems: names what is missing by its own name and where it comes from.
# Nothing is installed, and nothing is asked of the network, when all is there.
#
# DuckDB, which answers queries, is in few distributions: where the system has none, its makers' library and its header
# are taken from their npm packages, by anybody who has npm. Without it all else is built.
set -u
PATH=$PATH:/usr/sbin:/sbin

usage() {
    cat <<'TEXT'
usage: tools/setup.sh [--build] [--query] [--demo] [--test] [--check]

  --build   what `make` needs
  --query   what `weir sql` and the other questions to a store need besides: DuckDB, into third_party/duckdb
  --demo    what `make demo` needs besides
  --test    what `make test` needs besides
  --check   only say what is missing, install nothing

Without --build, --query, --demo or --test: all four. Ends with 1 when something that `make` needs is missing in the end.
TEXT
}

# group | what it is for people | Debian package | how to see that it is there (a shell condition)
needs() {
    cat <<'TABLE'
build|a C compiler (gcc or clang) with the C library's headers|build-essential|compiles_c
build|make|make|have make
build|meson 1.0 or later (https://mesonbuild.com)|meson|meson_is_new
build|ninja (https://ninja-build.org)|ninja-build|have ninja
build|pkg-config or pkgconf|pkg-config|have pkg-config
build|python3|python3|have python3
build|libpcap with headers (https://www.tcpdump.org)|libpcap-dev|pkg-config --exists libpcap
build|jansson with headers (https://github.com/akheron/jansson)|libjansson-dev|pkg-config --exists jansson
build|c-ares with headers (https://c-ares.org)|libc-ares-dev|pkg-config --exists libcares
build|zlib with headers (https://zlib.net)|zlib1g-dev|pkg-config --exists zlib
build|zstd with headers (https://facebook.github.io/zstd)|libzstd-dev|pkg-config --exists libzstd
build|lz4 with headers (https://lz4.org)|liblz4-dev|pkg-config --exists liblz4
build|libdeflate with headers (https://github.com/ebiggers/libdeflate)|libdeflate-dev|pkg-config --exists libdeflate
build|libedit with headers (https://thrysoee.dk/editline)|libedit-dev|pkg-config --exists libedit
build|libinih with headers (https://github.com/benhoyt/inih)|libinih-dev|pkg-config --exists inih
build|xxHash with headers (https://xxhash.com)|libxxhash-dev|pkg-config --exists libxxhash
build|libmicrohttpd with headers (https://www.gnu.org/software/libmicrohttpd)|libmicrohttpd-dev|pkg-config --exists libmicrohttpd
build|libcap-ng with headers (https://people.redhat.com/sgrubb/libcap-ng)|libcap-ng-dev|pkg-config --exists libcap-ng
build|libseccomp with headers (https://github.com/seccomp/libseccomp)|libseccomp-dev|pkg-config --exists libseccomp
build|libsystemd with headers (https://systemd.io)|libsystemd-dev|pkg-config --exists libsystemd
build|cmocka with headers (https://cmocka.org)|libcmocka-dev|pkg-config --exists cmocka
query|npm, which DuckDB is got with (https://nodejs.org)|npm|have npm || duckdb_is_here || ! duckdb_package
query|DuckDB: libduckdb.so and duckdb.h, 1.2 or later (https://duckdb.org)|@duckdb|duckdb_is_here
demo|softflowd, which exports NetFlow (https://github.com/irino/softflowd)|softflowd|have softflowd
demo|/etc/services, which names the services|netbase|test -s /etc/services
test|jq (https://jqlang.org)|jq|have jq
test|clang, for the fuzzers (https://clang.llvm.org)|clang|have clang
test|clang's sanitizer and fuzzer libraries|@clang-rt|clang_has_fuzzer
test|valgrind (https://valgrind.org)|valgrind|have valgrind
test|the C library's symbols, which valgrind reads|libc6-dbg|valgrind_works
test|python3's venv and pip|python3-venv|python3 -c 'import ensurepip, venv'
test|ping|iputils-ping|have ping
test|ip, of iproute2|iproute2|have ip
test|systemd-analyze, which checks units (https://systemd.io)|systemd|have systemd-analyze
test|the certificates of the authorities, for downloads|ca-certificates|certificates_are_there
test|zsh, of which completion is tested (https://www.zsh.org)|zsh|have zsh
test|fish, of which completion is tested (https://fishshell.com)|fish|have fish
test|mandoc, which checks the manual pages (https://mandoc.bsd.lv)|mandoc|have mandoc
TABLE
}

have() { command -v "$1" >/dev/null 2>&1; }

compiles_c() {
    local compiler
    compiler=$(command -v "${CC:-cc}" || command -v gcc || command -v clang) || return 1
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' | "$compiler" -x c - -o /dev/null
}

meson_is_new() {
    have meson && [ "$(printf '1.0\n%s\n' "$(meson --version)" | sort -V | head -n 1)" = 1.0 ]
}

clang_has_fuzzer() {
    local library
    library=$(clang -fsanitize=fuzzer -### -x c /dev/null 2>&1 | grep -o '[^" ]*libclang_rt\.fuzzer[^" ]*\.a' | head -n 1)
    [ -n "$library" ] && [ -e "$library" ]
}

valgrind_works() { have valgrind && valgrind -q true; }

# The versions of the packages, and what they must be. Both are of DuckDB 1.4.4.
duckdb_package() {
    case $(uname -sm) in
        'Linux x86_64')
            library_package=@duckdb/node-bindings-linux-x64@1.4.4-r.4
            library_sum=732fac4dc6b8f198870b9c4bb6ddf13544466daca00ad28ba2f1d80de5d7aa4b ;;
        'Linux aarch64')
            library_package=@duckdb/node-bindings-linux-arm64@1.4.4-r.3
            library_sum=7a3b62c524849af848b2d4e278bad56324e20f5e8b1d3fe3acd324ead28e1e0c ;;
        *) return 1 ;;
    esac
    header_package=duckdb@1.4.4
    header_sum=5bb967dcbcd517670ba5f169f238fb9d6787e53752c60ebe24386169d76941ed
}

third_party=$(cd "$(dirname "$0")/.." && pwd)/third_party/duckdb

# That of the system is taken first.
duckdb_is_here() {
    [ -s "$third_party/duckdb.h" ] || echo '#include <duckdb.h>' | "${CC:-cc}" -x c -fsyntax-only - || return 1
    [ -s "$third_party/libduckdb.so" ] || ldconfig -p | grep -q 'libduckdb\.so'
}

# fetch_package NAME@VERSION SHA-256 FOLDER PATH...: files of an npm package, which are under package/ in its archive
fetch_package() {
    local name=$1 sum=$2 folder=$3 archive
    shift 3
    archive=$folder/$(cd "$folder" && npm pack --silent "$name" | tail -n 1) && [ -s "$archive" ] || return 1
    if [ "$(sha256sum "$archive" | cut -d ' ' -f 1)" != "$sum" ]; then
        echo "setup.sh: $name is not what it was when this version of Weir was made: its SHA-256 is another" >&2
        return 1
    fi
    tar -xzf "$archive" -C "$folder" --strip-components 1 "${@/#/package/}"
}

get_duckdb() {
    local folder header=src/duckdb/src/include/duckdb.h
    duckdb_package && have npm || return 1
    mkdir -p "$third_party" && folder=$(mktemp -d "$third_party/new.XXXXXX") || return 1
    echo "Getting DuckDB (33 MB): $library_package, $header_package"
    if fetch_package "$library_package" "$library_sum" "$folder" libduckdb.so LICENSE &&
        fetch_package "$header_package" "$header_sum" "$folder" $header; then
        mv "$folder/LICENSE" "$folder/libduckdb.so" "$folder/$header" "$third_party"
    else
        echo "setup.sh: npm could not get DuckDB (see above); is the network up?" >&2
    fi
    rm -rf "$folder"
}

certificates_are_there() {
    [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/pki/tls/certs/ca-bundle.crt ] || [ -s /etc/ssl/cert.pem ]
}

# Fills the arrays `names`, `packages` and the flags `build_missing` and `duckdb_missing`.
look() {
    local group name package probe
    names=() packages=() build_missing=0 duckdb_missing=0
    while IFS='|' read -r group name package probe; do
        case " $groups " in *" $group "*) ;; *) continue ;; esac
        eval "$probe" </dev/null >/dev/null 2>&1 && continue
        names+=("$name")
        if [ "$package" = @duckdb ]; then
            duckdb_missing=1
            continue
        fi
        packages+=("$package")
        [ "$group" = build ] && build_missing=1
    done < <(needs)
}

# The package with clang's run-time libraries carries the version of clang in its name.
name_clang_package() {
    local i version
    for i in "${!packages[@]}"; do
        [ "${packages[$i]}" = @clang-rt ] || continue
        version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
        packages[$i]="libclang-rt-${version:-14}-dev"
    done
}

# Installing ca-certificates writes the machine's bundle of authorities anew. One that somebody put there by hand, for
# a network that looks into connections, would be gone, and downloads with it: what is missing then is added as
# update-ca-certificates(8) wants it.
bundle=/etc/ssl/certs/ca-certificates.crt
keep_authorities() {
    [ -s $bundle ] && ! dpkg -s ca-certificates >/dev/null 2>&1 && cp $bundle "$log.authorities"
}
return_authorities() {
    [ -s "$log.authorities" ] && [ -s $bundle ] || return 0
    mkdir -p /usr/local/share/ca-certificates
    awk -v name=/usr/local/share/ca-certificates/kept-from-before- '
        /-----BEGIN CERTIFICATE-----/ { text = "" }
        { text = text $0 "\n" }
        /-----END CERTIFICATE-----/ {
            if (FNR == NR) known[text] = 1
            else if (!(text in known)) {
                count++
                file = name count ".crt"
                printf "%s", text >file
                close(file)
            }
        }' $bundle "$log.authorities"
    rm -f "$log.authorities"
    update-ca-certificates >"$log" 2>&1 || cat "$log" >&2
}

install_debian() {
    export DEBIAN_FRONTEND=noninteractive
    echo "Reading the package lists ..."
    if ! apt-get -qq update; then
        echo "setup.sh: apt-get update failed (see above); trying with the lists that are there" >&2
    fi
    name_clang_package
    echo "Installing: ${packages[*]}"
    keep_authorities
    if ! apt-get -qq -y --no-install-recommends install "${packages[@]}" >"$log" 2>&1; then
        cat "$log" >&2
        echo "setup.sh: apt-get could not install the packages; its own words are above" >&2
        exit 1
    fi
    return_authorities
}

groups=''
check=0
for argument in "$@"; do
    case $argument in
        --build | --query | --demo | --test) groups="$groups ${argument#--}" ;;
        --check) check=1 ;;
        -h | --help) usage; exit 0 ;;
        *) echo "setup.sh: unknown option '$argument'" >&2; usage >&2; exit 2 ;;
    esac
done
groups=${groups:-build query demo test}

look
if [ ${#packages[@]} -gt 0 ] && [ $check = 0 ] && have apt-get && [ "$(id -u)" = 0 ]; then
    log=$(mktemp)
    trap 'rm -f "$log" "$log.authorities"' EXIT
    install_debian
    look
fi
if [ $duckdb_missing = 1 ] && [ $check = 0 ]; then
    get_duckdb
    look
fi
if [ ${#names[@]} = 0 ]; then
    echo "All that is needed is here."
    exit 0
fi

echo "Missing:"
printf '  %s\n' "${names[@]}"
if [ ${#packages[@]} = 0 ]; then
    :
elif have apt-get; then
    name_clang_package
    echo "To install it, type:"
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${packages[*]}"
else
    echo "Install these with your system's package manager, or from the places named. README.md lists package names"
    echo "for some systems."
fi
if [ $duckdb_missing = 1 ] && ! duckdb_package; then
    echo "For this kind of machine there is no library of DuckDB in npm; README.md tells where others are."
elif [ $duckdb_missing = 1 ]; then
    echo "To get DuckDB, run tools/setup.sh --query with the network up${packages:+, when the packages are there}."
fi
if [ $build_missing = 0 ]; then
    echo "What \`make\` itself needs is here."
fi
exit $build_missing
