//! What is joined with what.

/// Connected components of a growing graph, by union-find.
#[derive(Debug)]
pub(super) struct Components {
    parent: Vec<usize>,
}

impl Components {
    /// As many components as rows.
    pub(super) fn new(rows: usize) -> Self {
        Self { parent: (0..rows).collect() }
    }

    /// The component of a row, as its least row.
    pub(super) fn of(&mut self, row: usize) -> usize {
        let mut at = row;
        while self.parent[at] != at {
            // Every other step is skipped next time.
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// Joins the components of two rows; false when they are one already.
    pub(super) fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.of(one), self.of(other));
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
        low != high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_named_by_its_least_row_whatever_the_order_of_joins() {
        let joins = [(4, 2), (5, 4), (0, 1), (2, 5), (7, 5)];
        for turn in 0..joins.len() {
            let mut components = Components::new(8);
            let made = (0..joins.len()).filter(|at| {
                let (one, other) = joins[(at + turn) % joins.len()];
                components.join(one, other)
            });
            assert_eq!(made.count(), 4, "one of the five joins what is joined already");
            let all: Vec<usize> = (0..8).map(|row| components.of(row)).collect();
            assert_eq!(all, [0, 0, 2, 3, 2, 2, 6, 2]);
        }
    }
}
