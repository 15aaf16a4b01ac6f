use routerlab_records::definition::shipped;
use routerlab_records::import::*;
use routerlab_records::*;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    for line in std::fs::read_to_string(format!("{root}/list")).unwrap().lines() {
        let (id, split) = line.split_once(' ').unwrap();
        let out = std::path::PathBuf::from(format!("{root}/out-{id}"));
        let o = DatasetOptions { definition: shipped(id).unwrap(), definition_name: format!("{id}.toml").into(), split: Some(split.into()), any_count: true, any_digest: true };
        match import_dataset(&o, format!("{root}/{id}").as_ref(), &out, &mut |_| {}) {
            Err(e) => println!("ERR {id} {e}"),
            Ok(_) => { for r in read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows {
                println!("{}", serde_json::json!([id, r.record_index, r.prompt, r.origin_query, r.ground_truth, r.metadata]));
            } }
        }
    }
}
