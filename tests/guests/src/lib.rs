//! What misbehaving plugins share: a router and an evaluator that do nothing wrong, of which each guest in `examples/`
//! spoils one step. `routerlab build tests/guests --examples` makes a component of each.

pub use routerlab_sdk as sdk;
use routerlab_sdk::{Attempt, Decisions, Error, Item, Needs, Outcome, Preference, QuerySet, State, Step, TrainingSet};

/// A router that always chooses the first model, but for what a guest does instead.
pub trait BadRouter {
    /// Whether it claims to follow the preference.
    const COST_AWARE: bool = false;
    /// What it asks to see.
    const NEEDS: Needs = Needs::NONE;

    /// Leaves nothing behind.
    fn train(_train: &TrainingSet<'_>) -> Result<State, Error> {
        Ok(State::default())
    }

    /// Takes any state.
    fn load(_state: State) -> Result<(), Error> {
        Ok(())
    }

    /// The first model for every query.
    fn route(queries: &QuerySet<'_>, _preferences: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(0, queries.rows())])
    }
}

/// A sequential router that asks the first model and takes its answer, but for what a guest does instead.
pub trait BadSequentialRouter {
    /// What it asks to see.
    const NEEDS: Needs = Needs::NONE;

    /// Learns nothing.
    fn train(_train: &TrainingSet<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// The first model.
    fn next(seen: &[Attempt]) -> Result<Step, Error> {
        Ok(if seen.is_empty() { Step::Ask(0) } else { Step::Accept(0) })
    }
}

/// An evaluator that finds every completion right, but for what a guest does instead.
pub trait BadEvaluator {
    /// Whether it asks a judge.
    const NEEDS_JUDGE: bool = false;

    /// Asks nothing.
    fn judge(_item: &Item) -> Vec<String> {
        Vec::new()
    }

    /// Right.
    fn score(_item: &Item) -> Outcome {
        Outcome::right_if(true)
    }
}

/// Makes a [`BadRouter`] the router of this guest, under a name.
#[macro_export]
macro_rules! bad_router {
    ($guest:ident, $name:literal) => {
        impl $crate::sdk::Router for $guest {
            const NAME: &'static str = $name;
            const COST_AWARE: bool = <Self as $crate::BadRouter>::COST_AWARE;
            const NEEDS: $crate::sdk::Needs = <Self as $crate::BadRouter>::NEEDS;
            type Config = $crate::sdk::NoConfig;

            fn train(
                train: &$crate::sdk::TrainingSet<'_>,
                _: &$crate::sdk::TrainingSet<'_>,
                _: $crate::sdk::NoConfig,
                _: u64,
            ) -> Result<$crate::sdk::State, $crate::sdk::Error> {
                <Self as $crate::BadRouter>::train(train)
            }

            fn load(state: $crate::sdk::State) -> Result<Self, $crate::sdk::Error> {
                <Self as $crate::BadRouter>::load(state).map(|()| $guest)
            }

            fn route(
                &self,
                queries: &$crate::sdk::QuerySet<'_>,
                preferences: &[$crate::sdk::Preference],
                _: &$crate::sdk::Unavailable,
            ) -> Result<Vec<$crate::sdk::Decisions>, $crate::sdk::Error> {
                <Self as $crate::BadRouter>::route(queries, preferences)
            }
        }

        $crate::sdk::export_router!($guest);
    };
}

/// Makes a [`BadSequentialRouter`] the router of this guest, under a name.
#[macro_export]
macro_rules! bad_sequential_router {
    ($guest:ident, $name:literal) => {
        impl $crate::sdk::SequentialRouter for $guest {
            const NAME: &'static str = $name;
            const NEEDS: $crate::sdk::Needs = <Self as $crate::BadSequentialRouter>::NEEDS;
            type Config = $crate::sdk::NoConfig;

            fn train(
                train: &$crate::sdk::TrainingSet<'_>,
                _: &$crate::sdk::TrainingSet<'_>,
                _: $crate::sdk::NoConfig,
                _: u64,
            ) -> Result<$crate::sdk::State, $crate::sdk::Error> {
                <Self as $crate::BadSequentialRouter>::train(train).map(|()| $crate::sdk::State::default())
            }

            fn load(_: $crate::sdk::State) -> Result<Self, $crate::sdk::Error> {
                Ok($guest)
            }

            fn next(
                &self,
                _: &$crate::sdk::QuerySet<'_>,
                seen: &[$crate::sdk::Attempt],
                _: &$crate::sdk::Preference,
                _: &$crate::sdk::Unavailable,
            ) -> Result<$crate::sdk::Step, $crate::sdk::Error> {
                <Self as $crate::BadSequentialRouter>::next(seen)
            }
        }

        $crate::sdk::export_sequential_router!($guest);
    };
}

/// Makes a [`BadEvaluator`] the evaluator of this guest, under a name.
#[macro_export]
macro_rules! bad_evaluator {
    ($guest:ident, $name:literal) => {
        impl $crate::sdk::Evaluator for $guest {
            const NAME: &'static str = $name;
            const NEEDS_JUDGE: bool = <Self as $crate::BadEvaluator>::NEEDS_JUDGE;
            type Config = $crate::sdk::NoConfig;

            fn new(_: $crate::sdk::NoConfig) -> Result<Self, $crate::sdk::Error> {
                Ok($guest)
            }

            fn judge(&self, item: &$crate::sdk::Item) -> Vec<String> {
                <Self as $crate::BadEvaluator>::judge(item)
            }

            fn score(&self, item: &$crate::sdk::Item, _: &[String]) -> $crate::sdk::Outcome {
                <Self as $crate::BadEvaluator>::score(item)
            }
        }

        $crate::sdk::export_evaluator!($guest);
    };
}

/// Never comes back, and cannot be optimised away.
pub fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}
