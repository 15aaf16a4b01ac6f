//! One component for each role, written against the contract itself rather than an SDK, that uses everything the contract
//! has. A copy of each, built when the contract was frozen, lies in `wit/frozen/<version>/` and must load and answer the
//! same for ever (`tests/frozen.rs`).
