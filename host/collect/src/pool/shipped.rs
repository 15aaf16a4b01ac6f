//! The pools that ship with the program.

/// Names and texts of the shipped pools.
pub const SHIPPED: [(&str, &str); 3] = [
    ("lightweight", include_str!("../../../../datasets/pools/lightweight.toml")),
    ("flagship", include_str!("../../../../datasets/pools/flagship.toml")),
    ("starter", include_str!("../../../../datasets/pools/starter.toml")),
];

/// The text of a shipped pool.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
