#!/bin/sh
# Installs what building needs and this machine lacks: a C compiler, and a wasm32 standard library for the plugins.
# Does nothing on a machine that has both. Where it may not install, it says exactly what to run.
set -eu

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
lines=""

# What must be installed by hand when we may not do it.
need() { lines="$lines
  $1"; }

apt_install() {
    if have apt-get && [ "$(id -u)" = 0 ]; then
        say "setup: installing $*"
        DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
    else
        need "sudo apt-get install --no-install-recommends $*"
        return 1
    fi
}

rustup_has_wasm() {
    have rustc || return 1
    ls "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)"/libcore-*.rlib >/dev/null 2>&1
}

debian_has_wasm() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && ls /usr/bin/wasm-ld-* >/dev/null 2>&1 &&
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
    else
        apt_install rustc-web cargo-web rust-web-src lld-19 || need "or, where rustup reaches its server: rustup target add wasm32-unknown-unknown"
    fi
fi
if [ -n "$lines" ]; then
    say "setup: this machine lacks something that only you may install. Run:$lines"
    exit 1
fi
