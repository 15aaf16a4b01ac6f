#!/bin/sh
# Installs what building needs and this machine lacks: a C compiler, a wasm32 standard library for the plugins, and for
# those in Python componentize-py, into target/python. Does nothing on a machine that has all. Where it may not install, or fails to, it says exactly what to run.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
lines=""

# What must be installed by hand when we may not do it, or could not.
need() { lines="$lines
  $1"; }

# Runs a program and keeps quiet, unless it fails: then its last lines say why.
quietly() {
    said=$("$@" 2>&1) && return 0
    say "setup: \`$*\` failed:"
    printf '%s\n' "$said" | tail -n 5 | sed 's/^/  /' >&2
    return 1
}

apt_install() {
    if ! have apt-get; then
        need "with the package manager of this machine, what Debian calls: $*"
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        need "sudo apt-get install --no-install-recommends $*"
        return 1
    fi
    say "setup: installing $*"
    export DEBIAN_FRONTEND=noninteractive
    # Old lists may do, so only the installation decides.
    quietly apt-get update -q || true
    if ! quietly apt-get install -y -q --no-install-recommends "$@"; then
        need "apt-get install --no-install-recommends $*"
        return 1
    fi
}

rustup_has_wasm() {
    have rustc || return 1
    ls "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)"/libcore-*.rlib >/dev/null 2>&1
}

# Whether a compiler is 1.95 or newer, which is what the SDK compiles with.
new_enough() {
    version=$("$1" --version 2>/dev/null) || return 1
    version=${version#rustc }
    major=${version%%.*}
    rest=${version#*.}
    minor=${rest%%.*}
    case "$major$minor" in "" | *[!0-9]*) return 1 ;; esac
    [ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -ge 95 ]; }
}

debian_has_wasm() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && new_enough /usr/bin/rustc &&
        ls /usr/bin/wasm-ld-* >/dev/null 2>&1 &&
        [ -e "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/core" ]
}

if ! have cargo; then
    say "setup: cargo is missing; install Rust 1.95 or newer from https://rustup.rs, then run this again"
    exit 1
fi
if ! have cc; then
    apt_install gcc libc6-dev || true
fi
if ! rustup_has_wasm && ! debian_has_wasm; then
    if have rustup && timeout 120 rustup target add wasm32-unknown-unknown >/dev/null 2>&1 && rustup_has_wasm; then
        say "setup: added the target wasm32-unknown-unknown by rustup"
    elif ! apt_install rustc-web cargo-web rust-web-src lld-19; then
        need "or, where rustup reaches its server: rustup target add wasm32-unknown-unknown"
    elif ! debian_has_wasm; then
        say "setup: what apt-get installed is too old or not whole"
        need "rustup target add wasm32-unknown-unknown (with Rust 1.95 or newer from https://rustup.rs)"
    fi
fi

# What makes components of Python; the version is pinned in one file.
requirement=plugins/sdk/python/requirements.txt
python=${CARGO_TARGET_DIR:-target}/python
has_componentize() {
    [ "$("$python/bin/componentize-py" --version 2>/dev/null)" = "$(sed 's/==/ /' "$requirement")" ]
}
# A Python that can make environments.
makes_environments() { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }
if [ -z "${ROUTERLAB_COMPONENTIZE_PY:-}" ] && ! has_componentize; then
    if ! makes_environments; then
        apt_install python3 python3-venv || true
    fi
    if makes_environments; then
        say "setup: installing componentize-py into $python"
        if ! quietly python3 -m venv --clear "$python" ||
            ! quietly "$python/bin/python" -m pip install -q --disable-pip-version-check -r "$requirement" ||
            ! has_componentize; then
            need "python3 -m venv --clear $python && $python/bin/pip install -r $requirement"
        fi
    fi
fi
if [ -n "$lines" ]; then
    say "setup: this machine still lacks something. Run:$lines"
    exit 1
fi
