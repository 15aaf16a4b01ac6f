//! What each single model of the pool would be as a router.

use routerlab_metrics::{Accuracy, Missing, controls};

use super::choices::Choices;
use super::records::Records;
use super::run::Run;

/// One model that answers everything: means over seeds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SingleModel {
    pub(super) name: String,
    /// AvgAcc in percent.
    pub(super) accuracy: f64,
    /// Total cost of a seed's test part in US dollars.
    pub(super) cost: f64,
}

/// The models that have a score and a cost on every query that is tested: what others would be depends on who is paid in
/// their place. None where preferences weigh seconds, which are not in these records' costs.
pub(super) fn single_models(run: &Run, records: &Records, choices: &Choices) -> anyhow::Result<Vec<SingleModel>> {
    if run.report.cost_unit != "USD" {
        return Ok(Vec::new());
    }
    let data = &records.data;
    let mut sums = vec![(0.0, 0.0); data.models.len()];
    let seeds = run.report.seeds.len();
    for seed in 0..seeds {
        let Some(rows) = choices.rows_of(seed, records) else { return Ok(Vec::new()) };
        let test = data.part(&rows)?;
        for (model, (accuracy, cost)) in sums.iter_mut().enumerate() {
            // Without a record there is neither score nor cost, and the sums say so.
            let judged = test.judge(&controls::always(&test, model as u32), Missing::ZeroAndFree)?;
            let whole = (0..test.rows()).all(|row| !test.scores(row)[model].is_nan());
            let own = Accuracy::new(&judged.answers.score, test.dataset(), test.datasets()).avg_acc();
            *accuracy += if whole { own } else { f64::NAN };
            *cost += judged.answers.cost_usd.iter().sum::<f64>();
        }
    }
    let named = data.models.iter().zip(sums).map(|(name, (accuracy, cost))| SingleModel {
        name: name.as_str().to_owned(),
        accuracy: accuracy / seeds as f64,
        cost: cost / seeds as f64,
    });
    Ok(named.filter(|model| model.accuracy.is_finite() && model.cost.is_finite()).collect())
}
