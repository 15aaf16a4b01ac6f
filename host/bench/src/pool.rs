//! What a pool is worth, without any router: the sanity of its records, how much its models differ, and what pools of
//! growing size could give at best.

mod records;
mod scaling;

pub use records::{ModelRecords, Pair, PoolRecords, records};
pub use scaling::{Band, PoolSize, ScalingOptions, scaling};

#[cfg(test)]
mod tests;
