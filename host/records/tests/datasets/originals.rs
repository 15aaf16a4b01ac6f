//! Original files, where somebody has them: `ROUTERLAB_DATASETS` names a folder with a folder for each dataset id.

use std::path::PathBuf;

use routerlab_records::definition::{DatasetDefinition, SHIPPED};

use crate::strict;

#[test]
fn original_files_have_the_lengths_and_digests_that_their_definitions_say() {
    let Some(root) = std::env::var_os("ROUTERLAB_DATASETS").map(PathBuf::from) else {
        println!("skipped: ROUTERLAB_DATASETS does not name a folder of original files");
        return;
    };
    let mut found = 0;
    for (id, text) in SHIPPED {
        let folder = root.join(id);
        if !folder.is_dir() {
            println!("skipped: no `{}`", folder.display());
            continue;
        }
        let definition = DatasetDefinition::parse(text).unwrap();
        let split = definition.split.iter().find(|split| split.default).unwrap_or(&definition.split[0]);
        let out = tempfile::tempdir().unwrap();
        let summary =
            strict(id, &split.name, &folder, &out.path().join("out")).unwrap_or_else(|error| panic!("{error}"));
        println!("{id}: {} queries", summary.queries);
        found += 1;
    }
    assert!(found > 0, "`{}` holds no dataset", root.display());
}
