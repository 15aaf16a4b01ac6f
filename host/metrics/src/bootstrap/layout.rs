//! The rows of all parts, arranged so that a replicate is one pass over memory.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{BootstrapError, Part, References};
use crate::CORRECT;

/// All parts under all strategies.
pub(super) struct Layout {
    pub(super) strategies: usize,
    pub(super) references: References,
    /// For every dataset where its units stand among all units.
    pub(super) units: Vec<Range<usize>>,
    pub(super) parts: Vec<Sums>,
    /// Whether every cost of a strategy is known, in every part that it takes part in.
    pub(super) priced: Vec<bool>,
}

/// One part. Rows of one unit are added up, since they always have the same weight.
pub(super) struct Sums {
    /// For every dataset its range of `slots`.
    pub(super) datasets: Vec<Range<usize>>,
    /// The unit of each sum.
    pub(super) slots: Vec<u32>,
    /// One line per slot: rows, hard rows, and then of every strategy its score, its cost and its correct hard rows.
    pub(super) values: Vec<f64>,
    /// Rows of every dataset.
    pub(super) rows: Vec<f64>,
    /// Whether a strategy takes part.
    pub(super) present: Vec<bool>,
    /// The sum of all lines of each dataset: stands in for a draw that holds none of its rows.
    pub(super) totals: Vec<f64>,
}

impl Layout {
    pub(super) fn new(parts: &[Part<'_>], references: References) -> Result<Self, BootstrapError> {
        let strategies = parts.first().map_or(0, |part| part.answers.len());
        if strategies == 0 || parts.iter().any(|part| part.dataset.is_empty()) {
            return Err(BootstrapError::Empty);
        }
        for reference in [references.random, references.best_single, references.oracle] {
            if reference >= strategies {
                return Err(BootstrapError::Reference { reference, strategies });
            }
        }
        for (position, part) in parts.iter().enumerate() {
            check(position, part, strategies)?;
        }

        // Ordered by dataset and then by unit, so that nothing depends on the order of rows.
        let mut numbers: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for part in parts {
            numbers.extend(part.dataset.iter().zip(part.unit).map(|(dataset, unit)| ((*dataset, *unit), 0)));
        }
        let datasets = numbers.keys().next_back().map_or(0, |(dataset, _)| *dataset as usize + 1);
        let mut units = vec![0..0; datasets];
        for (position, ((dataset, _), number)) in numbers.iter_mut().enumerate() {
            *number = position as u32;
            let range = &mut units[*dataset as usize];
            *range = if range.end == 0 { position..position + 1 } else { range.start..position + 1 };
        }

        let known = |strategy: usize| {
            let answers = parts.iter().filter_map(|part| part.answers[strategy]);
            answers.flat_map(|answers| &answers.cost_usd).all(|cost_usd| cost_usd.is_finite())
        };
        let priced: Vec<bool> = (0..strategies).map(known).collect();
        let sums = parts.iter().map(|part| Sums::new(part, &numbers, datasets, &priced, references.random)).collect();
        Ok(Self { strategies, references, units, parts: sums, priced })
    }

    pub(super) fn datasets(&self) -> usize {
        self.units.len()
    }

    /// Numbers in a line of [`Sums::values`].
    pub(super) fn width(&self) -> usize {
        line_width(self.strategies)
    }
}

/// Numbers in a line: rows, hard rows, and three for each strategy.
fn line_width(strategies: usize) -> usize {
    2 + 3 * strategies
}

impl Sums {
    fn new(
        part: &Part<'_>,
        numbers: &BTreeMap<(u32, u32), u32>,
        datasets: usize,
        priced: &[bool],
        random: usize,
    ) -> Self {
        let strategies = priced.len();
        let width = line_width(strategies);
        // Rows by unit; equal units keep the order of rows, so sums are the same on every machine.
        let mut rows_of: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        for (row, (dataset, unit)) in part.dataset.iter().zip(part.unit).enumerate() {
            rows_of.entry((*dataset, *unit)).or_default().push(row);
        }
        let mut sums = Self {
            datasets: vec![0..0; datasets],
            slots: Vec::with_capacity(rows_of.len()),
            values: vec![0.0; rows_of.len() * width],
            rows: vec![0.0; datasets],
            present: part.answers.iter().map(Option::is_some).collect(),
            totals: vec![0.0; datasets * width],
        };
        let is_hard = |row: usize| part.hard.get(row).is_some_and(|hard| *hard);
        for (key, line) in rows_of.iter().zip(sums.values.chunks_exact_mut(width)) {
            let ((dataset, _), rows) = key;
            let slot = sums.slots.len();
            // Every unit of every part was numbered.
            sums.slots.push(numbers.get(key.0).copied().unwrap_or_default());
            let range = &mut sums.datasets[*dataset as usize];
            *range = if range.end == 0 { slot..slot + 1 } else { range.start..slot + 1 };
            sums.rows[*dataset as usize] += rows.len() as f64;
            line[0] = rows.len() as f64;
            line[1] = rows.iter().filter(|row| is_hard(**row)).count() as f64;
            for (strategy, answers) in part.answers.iter().enumerate() {
                let Some(answers) = answers else { continue };
                let hit = |row: &usize| match answers.score[*row] {
                    // Random answers in expectation: it is right in so far as its score is.
                    score if strategy == random => score,
                    score => f64::from(u8::from(score >= CORRECT)),
                };
                line[2 + strategy] = rows.iter().map(|row| answers.score[*row]).sum();
                if priced[strategy] {
                    line[2 + strategies + strategy] = rows.iter().map(|row| answers.cost_usd[*row]).sum();
                }
                line[2 + 2 * strategies + strategy] = rows.iter().filter(|row| is_hard(**row)).map(hit).sum();
            }
            let total = &mut sums.totals[*dataset as usize * width..(*dataset as usize + 1) * width];
            total.iter_mut().zip(line).for_each(|(total, value)| *total += *value);
        }
        sums
    }
}

/// Refuses a part whose columns do not fit.
fn check(position: usize, part: &Part<'_>, strategies: usize) -> Result<(), BootstrapError> {
    let rows = part.dataset.len();
    if part.answers.len() != strategies {
        return Err(BootstrapError::Strategies { part: position, expected: strategies, found: part.answers.len() });
    }
    let length = |column: String, found: usize| {
        if found == rows { Ok(()) } else { Err(BootstrapError::Length { part: position, rows, column, found }) }
    };
    length("`unit`".to_owned(), part.unit.len())?;
    if !part.hard.is_empty() {
        length("`hard`".to_owned(), part.hard.len())?;
    }
    for (strategy, answers) in part.answers.iter().enumerate() {
        let Some(answers) = answers else { continue };
        length(format!("`score` of strategy {strategy}"), answers.score.len())?;
        length(format!("`cost_usd` of strategy {strategy}"), answers.cost_usd.len())?;
        if let Some(row) = answers.score.iter().position(|score| !score.is_finite()) {
            return Err(BootstrapError::Score { part: position, strategy, row });
        }
    }
    Ok(())
}
