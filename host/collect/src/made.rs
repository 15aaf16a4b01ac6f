//! How embeddings that are there were made.

use std::path::Path;

use routerlab_records::{EmbeddingRow, EncoderName, Provenance, TableError, TableReader, encoder_folder, table_files};

use crate::error::CollectError;

/// Holds when every file of an encoder's embeddings was made with the settings that are wanted: vectors that were made
/// otherwise are no neighbours of those that would come.
///
/// # Errors
/// When one was made with other settings, each of which is named; or cannot be read.
pub(crate) fn check_made(folder: &Path, encoder: &EncoderName, wanted: &Provenance) -> Result<(), CollectError> {
    let of_encoder = encoder_folder(folder, encoder);
    let files = match table_files(&of_encoder) {
        Ok(files) => files,
        Err(TableError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for file in files {
        let reader = TableReader::<EmbeddingRow>::open(&file)?;
        let made = reader.provenance();
        if made.config_digest == wanted.config_digest {
            continue;
        }
        let other = |(name, value): (&String, &String)| match made.values.get(name) {
            Some(was) if was == value => None,
            Some(was) => Some(format!("{name} {was:?}, not {value:?}")),
            None => Some(format!("no {name}, not {value:?}")),
        };
        let mut others: Vec<String> = wanted.values.iter().filter_map(other).collect();
        if others.is_empty() && made.inputs.get("model") != wanted.inputs.get("model") {
            others.push("other files of the model".to_owned());
        }
        let others = if others.is_empty() { "another program".to_owned() } else { others.join(" and ") };
        let place = of_encoder.display();
        return Err(CollectError::data(
            folder,
            format!(
                "the embeddings of `{encoder}` were made with {others}; choose another `--name`, or remove `{place}`"
            ),
        ));
    }
    Ok(())
}
