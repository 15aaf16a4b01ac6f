//! Models by name: fetched once, of one commit, and found in the cache without network afterwards.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use routerlab_infer::{Hub, ModelFolder};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub on loopback that has one model, and the paths that were asked of it.
struct Shop {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    fn open(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &files, &heard);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Answers one request, as the hub does: what a model has, or a range of a file.
fn answer(stream: TcpStream, files: &BTreeMap<String, Vec<u8>>, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = None;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        range = line.strip_prefix("range: bytes=").map(str::to_owned).or(range);
    }
    asked.lock().unwrap().push(path.clone());
    let mut stream = stream;
    let mut send = |status: &str, headers: &str, body: &[u8]| {
        write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
        stream.write_all(body)
    };
    if path == "/api/models/owner/model/revision/main" {
        let siblings: Vec<_> = files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
        let body = serde_json::json!({ "sha": COMMIT, "siblings": siblings }).to_string();
        return send("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
    }
    let Some(content) = path.strip_prefix(&format!("/owner/model/resolve/{COMMIT}/")).and_then(|file| files.get(file))
    else {
        return send("404 Not Found", "", b"");
    };
    let (start, end) = range.as_deref().and_then(|range| range.split_once('-')).unwrap_or(("0", ""));
    let start: usize = start.parse().unwrap_or(0);
    let end = end.parse().map_or(content.len(), |end: usize| (end + 1).min(content.len()));
    let etag = format!(
        "{:x}",
        content.iter().fold(content.len() as u64, |hash, byte| hash.wrapping_mul(31) + u64::from(*byte))
    );
    let last = end.saturating_sub(1);
    let headers = format!(
        "x-repo-commit: {COMMIT}\r\netag: \"{etag}\"\r\nContent-Range: bytes {start}-{last}/{}\r\n",
        content.len()
    );
    send("206 Partial Content", &headers, &content[start..end])
}

fn model() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/encoders/bert-cls");
    let names = [
        "config.json",
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "model.safetensors",
    ];
    let read = |name: &str| (name.to_owned(), std::fs::read(folder.join(name)).unwrap());
    let mut files: BTreeMap<String, Vec<u8>> = names.into_iter().map(read).collect();
    files.insert("onnx/model.onnx".to_owned(), b"not wanted".to_vec());
    files.insert("README.md".to_owned(), b"not wanted".to_vec());
    files
}

fn hub(cache: &Path, shop: &Shop) -> Hub {
    Hub { cache: cache.to_owned(), endpoint: Some(shop.address.clone()), token: None, offline: false }
}

#[test]
fn a_model_is_fetched_once_and_found_in_the_cache_afterwards() {
    let scratch = tempfile::tempdir().unwrap();
    let shop = Shop::open(model());
    let hub = hub(scratch.path(), &shop);
    let said = Mutex::new(Vec::new());
    let found = hub.find("owner/model", &|line| said.lock().unwrap().push(line.to_owned())).unwrap();
    assert_eq!(found.commit, COMMIT);
    assert_eq!(said.lock().unwrap().last().unwrap(), "fetching `model.safetensors` of `owner/model`");
    assert!(!shop.asked().iter().any(|path| path.contains("onnx") || path.contains("README")));
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/encoders/bert-cls");
    let digest = |folder: &Path| ModelFolder::read(folder).unwrap().digest().unwrap();
    assert_eq!(digest(&found.folder), digest(&local));

    let offline = Hub { offline: true, ..hub.clone() };
    for name in ["owner/model", "owner/model@main", &format!("owner/model@{COMMIT}")] {
        assert_eq!(offline.find(name, &|_| {}).unwrap(), found, "{name}");
        assert_eq!(hub.find(name, &|_| {}).unwrap(), found, "{name}");
    }
    assert!(shop.asked().is_empty(), "what the cache holds is not asked for");

    // Without the file that says how it pools, it is not known what the model's vectors are.
    std::fs::remove_file(found.folder.join("modules.json")).unwrap();
    let message = offline.find("owner/model", &|_| {}).unwrap_err().to_string();
    assert!(message.starts_with("model `owner/model`: not whole in the cache `"), "{message}");
    assert_eq!(hub.find("owner/model", &|_| {}).unwrap(), found);
}

#[test]
fn names_and_models_that_cannot_be_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let mut files = model();
    files.remove("model.safetensors");
    let shop = Shop::open(files);
    let hub = hub(scratch.path(), &shop);
    let error = |name: &str| hub.find(name, &|_| {}).unwrap_err().to_string();
    let not_a_name = "neither a folder nor a name such as `owner/model` or `owner/model@revision`";
    for name in ["", "a/b/c", "../x", "a b", "owner/model@", "owner/model@../../x"] {
        assert_eq!(error(name), format!("model `{name}`: {not_a_name}"));
    }
    let without =
        "there is no such folder, and the hub has no weights of it in safetensors; other formats are not read";
    assert_eq!(error("owner/model"), format!("model `owner/model`: {without}"));
    let unknown = error("owner/other");
    assert!(
        unknown.starts_with("model `owner/other`: there is no such folder, and the hub does not give it ("),
        "{unknown}"
    );
    assert_eq!(
        std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<PathBuf>>(),
        Vec::<PathBuf>::new()
    );
}
