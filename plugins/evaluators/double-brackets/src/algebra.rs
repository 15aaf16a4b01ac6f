//! Whether two expressions are equal.

/// Whether two expressions are equal as algebra has it.
pub(crate) fn same_expression(a: &str, b: &str) -> bool {
    routerlab_algebra::equal(a, b)
}
