//! A router that uses everything its role has.

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, missing_docs, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
mod contract {
    wit_bindgen::generate!({ world: "router-plugin", path: "../../wit" });
}

#[cfg(target_arch = "wasm32")]
mod golden {
    use super::contract::exports::routerlab::plugin::router::{Decisions, Guest, GuestTrained, Trained};
    use super::contract::routerlab::plugin::data::{QuerySet, TrainingSet};
    use super::contract::routerlab::plugin::kernels::{HostMatrix, Metric};
    use super::contract::routerlab::plugin::log::{Level, say};
    use super::contract::routerlab::plugin::routing::{Description, Needs, Preference, State};
    use super::contract::routerlab::plugin::types::{Error, Matrix};

    struct Golden {
        bytes: Vec<u8>,
        centroids: HostMatrix,
    }

    impl Guest for Golden {
        type Trained = Golden;

        fn describe() -> Description {
            Description {
                name: "golden".into(),
                version: "1.0.0".into(),
                needs: Needs::PROMPTS | Needs::EMBEDDINGS | Needs::GROUPS,
                cost_aware: true,
                config_schema: "{}".into(),
            }
        }

        fn train(train: &TrainingSet, validation: &TrainingSet, config: String, seed: u64) -> Result<State, Error> {
            match config.as_str() {
                "{}" => {}
                "unsupported" => return Err(Error::Unsupported("u".into())),
                "malformed" => return Err(Error::Malformed("m".into())),
                "other" => return Err(Error::Other("o".into())),
                _ => return Err(Error::InvalidConfig("c".into())),
            }
            let said = [queries(&train.queries()), training(train), training(validation)];
            said.iter().for_each(|line| say(Level::Info, line));
            let (line, centroids) = kernels(&train.queries(), seed);
            say(Level::Debug, &line);
            Ok(State { bytes: vec![7, 8, 9], matrices: vec![centroids] })
        }
    }

    impl GuestTrained for Golden {
        fn load(state: State) -> Result<Trained, Error> {
            let mut matrices = state.matrices;
            match matrices.pop() {
                Some(centroids) => Ok(Trained::new(Golden { bytes: state.bytes, centroids })),
                None => Err(Error::Malformed("a matrix is missing".into())),
            }
        }

        fn route(
            &self,
            set: &QuerySet,
            preferences: Vec<Preference>,
            unavailable: Vec<u32>,
        ) -> Result<Vec<Decisions>, Error> {
            say(Level::Warn, &queries(set));
            say(Level::Error, &format!("{:?} {:?} {unavailable:?}", self.bytes, self.centroids.read(0, 1)));
            let models = 3;
            let rows = set.rows();
            let free = (0..models).find(|model| !unavailable.contains(model)).unwrap_or(0);
            let decide = |wish: &Preference| Decisions {
                choices: vec![free; rows as usize],
                utilities: Some(Matrix {
                    rows,
                    cols: models,
                    values: vec![wish.cost_weight + wish.latency_weight; (rows * models) as usize],
                }),
            };
            Ok(preferences.iter().map(decide).collect())
        }
    }

    fn queries(set: &QuerySet) -> String {
        let matrix = set.embedding_matrix();
        format!(
            "rows {} prompts {:?} tokens {:?} width {} embeddings {:?} bytes {:?} matrix {} x {} groups {:?}",
            set.rows(),
            set.prompts(0, 2),
            set.prompt_tokens(0, 2),
            set.embedding_width(),
            set.embeddings(0, 1),
            set.embeddings_bytes(1, 1).len(),
            matrix.rows(),
            matrix.cols(),
            set.groups(0, 2),
        )
    }

    fn training(set: &TrainingSet) -> String {
        let models: Vec<String> = set
            .models()
            .iter()
            .map(|card| {
                format!(
                    "{} {:?} {:?} {:?}",
                    card.name, card.input_usd_per_mtok, card.output_usd_per_mtok, card.description
                )
            })
            .collect();
        format!(
            "queries {} models {models:?} groups {:?} scores {:?} costs {:?} latencies {:?} tokens {:?} answers {:?} {}",
            set.queries().rows(),
            set.groups(0, 2),
            set.scores(0, 1),
            set.costs_usd(0, 1),
            set.latencies_ms(0, 1),
            set.completion_tokens(0, 1),
            set.answers(1, 0, 1),
            set.answer_matrix(0).is_none(),
        )
    }

    fn kernels(set: &QuerySet, seed: u64) -> (String, HostMatrix) {
        let made = HostMatrix::new(4, 2, &[0.0, 1.0, 0.5, 1.0, 4.0, -1.0, 4.5, -1.0]);
        let gathered = made.gather(&[3, 0]);
        let product = made.multiply(&gathered, true);
        let columns = HostMatrix::new(2, 1, &[1.0, 2.0]);
        let near = |metric| made.nearest(&gathered, 2, metric);
        let neighbours = [near(Metric::Euclidean), near(Metric::Cosine), near(Metric::Dot)];
        let found: Vec<_> = neighbours.iter().map(|found| (found.k, &found.rows, &found.distances)).collect();
        let clusters = made.kmeans(2, 10, seed);
        let targets = HostMatrix::new(4, 1, &[1.0, f32::NAN, 5.0, 5.5]);
        let projection = made.pca(1);
        let line = format!(
            "unit {:?} product {:?} {:?} found {found:?} clusters {:?} {:?} {} ridge {:?} pca {:?} {:?} {:?}",
            made.normalise_rows().read(1, 1),
            product.read(0, 4),
            made.multiply(&columns, false).read(0, 4),
            clusters.assignment,
            clusters.inertia,
            clusters.rounds,
            made.ridge(&targets, 0.5).read(0, 3),
            projection.mean.read(0, 1),
            projection.components.read(0, 1),
            projection.variances,
        );
        // Of the queries themselves one cluster goes into the state.
        (line, set.embedding_matrix().kmeans(1, 5, seed).centroids)
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Golden;
        use crate::contract;
        contract::export!(Golden with_types_in contract);
    }
}
