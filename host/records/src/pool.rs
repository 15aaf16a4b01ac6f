//! `pool.toml`: the models that can be chosen, and price lists.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic::{WrittenFile, write_bytes};
use crate::completions::CostSource;
use crate::error::TableError;
use crate::ids::ModelName;
use crate::settings::read_toml;

/// What is known about a model before it is asked. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolModel {
    /// Price of a million prompt tokens in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_usd_per_mtok: Option<f64>,
    /// Price of a million completion tokens in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_usd_per_mtok: Option<f64>,
    /// A sentence or two about the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The models of a pool by name, in byte order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// `[models."<name>"]`.
    #[serde(default)]
    pub models: BTreeMap<ModelName, PoolModel>,
}

impl Pool {
    /// Reads `pool.toml`.
    ///
    /// # Errors
    /// When the file is missing, is no TOML, has an unknown key, or a price that is negative or not finite.
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let pool: Self = read_toml(path)?;
        for (name, model) in &pool.models {
            check_price(path, name, "input_usd_per_mtok", model.input_usd_per_mtok)?;
            check_price(path, name, "output_usd_per_mtok", model.output_usd_per_mtok)?;
        }
        Ok(pool)
    }

    /// Writes `pool.toml`, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<WrittenFile, TableError> {
        let text = toml::to_string(self)
            .map_err(|error| TableError::Encode { path: path.to_owned(), reason: error.to_string() })?;
        write_bytes(path, text)
    }

    /// The pool of some models, with the prices of a list where it has them.
    pub fn of<'a>(models: impl IntoIterator<Item = &'a ModelName>, prices: Option<&PriceList>) -> Self {
        let card = |model: &ModelName| {
            let price = prices.and_then(|prices| prices.models.get(model));
            PoolModel {
                input_usd_per_mtok: price.map(|price| price.input),
                output_usd_per_mtok: price.map(|price| price.output),
                description: None,
            }
        };
        Self { models: models.into_iter().map(|model| (model.clone(), card(model))).collect() }
    }
}

/// What tokens cost. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// Always `USD per 1M tokens`.
    unit: String,
    /// Whether somebody pays these prices.
    basis: PriceBasis,
    /// `[models."<name>"]` with `input` and `output`.
    pub models: BTreeMap<ModelName, Price>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PriceBasis {
    Declared,
    Published,
}

/// Prices of one model in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of prompt tokens.
    pub input: f64,
    /// Of completion tokens.
    pub output: f64,
}

impl Price {
    /// Cost of one answer in US dollars.
    #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
    pub fn cost_usd(self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        (prompt_tokens as f64 * self.input + completion_tokens as f64 * self.output) / 1e6
    }
}

impl PriceList {
    /// Reads a price list.
    ///
    /// # Errors
    /// When the file is missing, is no TOML, has an unknown key or another unit, or a price that is negative or not
    /// finite.
    pub fn read(path: &Path) -> Result<Self, TableError> {
        const UNIT: &str = "USD per 1M tokens";
        let list: Self = read_toml(path)?;
        if list.unit != UNIT {
            let reason = format!("`unit` is `{}`, expected `{UNIT}`", list.unit);
            return Err(TableError::Settings { path: path.to_owned(), reason });
        }
        for (name, price) in &list.models {
            check_price(path, name, "input", Some(price.input))?;
            check_price(path, name, "output", Some(price.output))?;
        }
        Ok(list)
    }

    /// What to write beside a cost computed from this list.
    pub fn cost_source(&self) -> CostSource {
        match self.basis {
            PriceBasis::Declared => CostSource::DeclaredPrice,
            PriceBasis::Published => CostSource::PublishedPrice,
        }
    }
}

fn check_price(path: &Path, model: &ModelName, key: &str, price: Option<f64>) -> Result<(), TableError> {
    match price {
        Some(price) if !price.is_finite() || price < 0.0 => {
            let reason = format!("`{key}` of the model `{model}` is {price}, expected a price of 0 or more");
            Err(TableError::Settings { path: path.to_owned(), reason })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(text: &str, read: fn(&Path) -> Result<T, TableError>) -> Result<T, String> {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("file.toml");
        write_bytes(&path, text).unwrap();
        read(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "file.toml"))
    }

    #[test]
    fn a_pool_is_read_as_it_was_written() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("pool.toml");
        let mut pool = Pool::of(&["b/small".into(), "a \"big\"".into()], None);
        pool.models.get_mut("b/small").unwrap().input_usd_per_mtok = Some(0.02);
        pool.write(&path).unwrap();
        assert_eq!(Pool::read(&path).unwrap(), pool);
    }

    #[test]
    fn a_price_list_with_another_unit_or_a_negative_price_is_refused() {
        let list = |unit: &str, input: f64| {
            format!("unit = \"{unit}\"\nbasis = \"declared\"\n[models.a]\ninput = {input:.1}\noutput = 1.0\n")
        };
        assert!(read(&list("USD per 1M tokens", 1.0), PriceList::read).is_ok());
        assert_eq!(
            read(&list("USD per 1K tokens", 1.0), PriceList::read).unwrap_err(),
            "`file.toml`: `unit` is `USD per 1K tokens`, expected `USD per 1M tokens`"
        );
        assert_eq!(
            read(&list("USD per 1M tokens", -1.0), PriceList::read).unwrap_err(),
            "`file.toml`: `input` of the model `a` is -1, expected a price of 0 or more"
        );
        assert_eq!(
            read(&list("USD per 1M tokens", 1.0).replace("output", "outptu"), PriceList::read).unwrap_err(),
            "`file.toml`: line 5: unknown field `outptu`, expected `input` or `output`"
        );
        assert_eq!(
            read("[models.a]\ninput = 1.0\n", Pool::read).unwrap_err(),
            "`file.toml`: line 2: unknown field `input`, expected one of `input_usd_per_mtok`, `output_usd_per_mtok`, \
             `description`"
        );
    }

    #[test]
    fn a_cost_is_tokens_times_price() {
        let price = Price { input: 0.02, output: 0.04 };
        assert!((price.cost_usd(1_000_000, 500_000) - 0.04).abs() < 1e-15);
    }
}
