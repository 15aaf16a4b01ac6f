//! A `dataset.toml` for a folder of many datasets: for each its own evaluators, as far as they ship with the program.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::definition::shipped;
use crate::ids::DatasetId;

/// The text of the definition; none where nothing is known of any of the datasets.
pub(super) fn definition_of(datasets: &BTreeSet<DatasetId>) -> Option<String> {
    let mut evaluators = Vec::new();
    for dataset in datasets {
        let Some(text) = shipped(dataset) else { continue };
        let Ok(definition) = text.parse::<Table>() else { continue };
        let entries = definition.get("evaluator").and_then(Value::as_array);
        for mut entry in entries.into_iter().flatten().filter_map(|entry| entry.as_table().cloned()) {
            entry.insert("datasets".to_owned(), Value::Array(vec![Value::String(dataset.to_string())]));
            evaluators.push(Value::Table(entry));
        }
    }
    if evaluators.is_empty() {
        return None;
    }
    let mut definition = Table::new();
    definition.insert("name".to_owned(), Value::String("llmrouterbench".to_owned()));
    definition.insert("evaluator".to_owned(), Value::Array(evaluators));
    toml::to_string(&definition).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{DatasetDefinition, SHIPPED};

    #[test]
    fn every_dataset_keeps_its_own_evaluators() {
        let datasets: BTreeSet<DatasetId> = SHIPPED.iter().map(|(id, _)| DatasetId::from(*id)).collect();
        let definition = DatasetDefinition::parse(&definition_of(&datasets).unwrap()).unwrap();
        for (id, text) in SHIPPED {
            let own = DatasetDefinition::parse(text).unwrap().evaluator;
            let here: Vec<_> = definition
                .evaluator
                .iter()
                .filter(|entry| entry.datasets.as_deref() == Some(&[DatasetId::from(*id)]))
                .map(|entry| (entry.name.clone(), entry.config.clone(), entry.modes.clone()))
                .collect();
            let own: Vec<_> = own.into_iter().map(|entry| (entry.name, entry.config, entry.modes)).collect();
            assert_eq!(here, own, "{id}");
        }
        assert_eq!(definition_of(&["mine".into()].into()), None);
    }
}
