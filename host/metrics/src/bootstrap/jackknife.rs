//! What every quantity would be without each unit.

use super::layout::Layout;
use super::replicate::Worker;
use super::{ALWAYS, BootstrapError, Part, Quantity, References};

/// All quantities of all strategies with one unit left out, for each unit: how skewed they are.
///
/// Leaving a unit out subtracts its line from the sums of its dataset, so the time grows with the number of units and not
/// with its square. Holds `units x strategies x (11 + datasets)` numbers of 8 bytes; the datasets only when asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Jackknife {
    pub(super) strategies: usize,
    pub(super) columns: usize,
    /// Units of each dataset.
    units: Vec<usize>,
    /// units x strategies x columns, datasets one after the other.
    values: Vec<f64>,
}

impl Jackknife {
    /// Leaves each unit out once. The same parts and references as for the bootstrap it is used with.
    ///
    /// # Errors
    /// When the parts do not fit each other.
    pub fn new(parts: &[Part<'_>], references: References, per_dataset: bool) -> Result<Self, BootstrapError> {
        let layout = Layout::new(parts, references)?;
        let strategies = layout.strategies;
        let columns = ALWAYS + if per_dataset { layout.datasets() } else { 0 };
        let units: Vec<usize> = layout.units.iter().map(|units| units.len()).collect();
        let width = strategies * columns;
        let mut values = vec![0.0; units.iter().sum::<usize>() * width];
        let mut worker = Worker::new(&layout, columns);
        let left_out =
            layout.units.iter().enumerate().flat_map(|(dataset, of)| of.clone().map(move |unit| (dataset, unit)));
        for ((dataset, unit), out) in left_out.zip(values.chunks_exact_mut(width)) {
            worker.without(dataset, unit, out);
        }
        Ok(Self { strategies, columns, units, values })
    }

    /// The acceleration of a quantity of one strategy, or of its difference to another: a sixth of the skewness of its
    /// influences, datasets being strata (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, sections
    /// 5.3.2 and 5.3.3). 0 for what does not vary; `None` where a value is undefined.
    pub fn acceleration(&self, strategy: usize, minus: Option<usize>, quantity: Quantity) -> Option<f64> {
        let column = |strategy: usize| {
            let column = quantity.column();
            (strategy < self.strategies && column < self.columns).then(|| strategy * self.columns + column)
        };
        let left = column(strategy)?;
        let right = match minus {
            Some(minus) => Some(column(minus)?),
            None => None,
        };
        let of = |line: &[f64]| line[left] - right.map_or(0.0, |right| line[right]);
        let width = self.strategies * self.columns;
        let (mut squares, mut cubes, mut start) = (0.0, 0.0, 0);
        for units in self.units.iter().copied() {
            let lines = || self.values[start * width..(start + units) * width].chunks_exact(width).map(of);
            let mean = lines().sum::<f64>() / units as f64;
            // The influence over the number of units: (n - 1) (mean - value) / n.
            let influence = |value: f64| (1.0 - 1.0 / units as f64) * (mean - value);
            squares += lines().map(|value| influence(value).powi(2)).sum::<f64>();
            cubes += lines().map(|value| influence(value).powi(3)).sum::<f64>();
            start += units;
        }
        // Differences of equal strategies leave rounding errors only.
        let acceleration = if squares > 1e-24 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };
        (squares.is_finite() && acceleration.is_finite()).then_some(acceleration)
    }
}
