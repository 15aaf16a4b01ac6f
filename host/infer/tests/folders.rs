//! Folders of models: other layouts of the same model give the same vectors, and what is damaged or not supported is named.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use routerlab_infer::{Device, Encoder, EncoderSettings, ModelFolder};
use serde_json::{Value, json};
use tempfile::TempDir;

const CPU: Device = Device::Cpu { threads: NonZeroUsize::MIN };

/// A copy of a small BERT that can be changed.
struct Model(TempDir);

impl Model {
    fn copy() -> Self {
        let model = Self(tempfile::tempdir().unwrap());
        for file in FILES {
            let to = model.path(file);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(original().join(file), to).unwrap();
        }
        model
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        std::fs::write(self.path(file), bytes).unwrap();
    }

    fn change(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_str(&std::fs::read_to_string(self.path(file)).unwrap()).unwrap();
        change(&mut value);
        self.write(file, value.to_string());
    }

    fn vector(&self) -> Vec<f32> {
        self.open().unwrap().encode(&["how many apples are left?"], &|_, _| {}).unwrap().remove(0).unwrap().vector
    }

    fn open(&self) -> Result<Encoder, routerlab_infer::EncoderError> {
        Encoder::open(&ModelFolder::read(self.0.path())?, &EncoderSettings::default(), &CPU)
    }

    /// The message of the error, without the folder.
    fn error(&self) -> String {
        let error = self.open().err().expect("an error").to_string();
        error
            .replace(&format!("{}/", self.0.path().display()), "")
            .replace(&self.0.path().display().to_string(), "FOLDER")
    }
}

const FILES: [&str; 7] = [
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
];

fn original() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/encoders/bert-cls")
}

/// The tensors of a safetensors file: name, description, bytes.
fn tensors(bytes: &[u8]) -> Vec<(String, Value, Vec<u8>)> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let data = &bytes[8 + length..];
    let named = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    named
        .map(|(name, about)| {
            let at = |end: usize| about["data_offsets"][end].as_u64().unwrap() as usize;
            (name.clone(), about.clone(), data[at(0)..at(1)].to_vec())
        })
        .collect()
}

/// A safetensors file of some tensors.
fn safetensors(tensors: &[(String, Value, Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, about, bytes) in tensors {
        let start = data.len();
        data.extend_from_slice(bytes);
        let mut about = about.clone();
        about["data_offsets"] = json!([start, data.len()]);
        header.insert(name.clone(), about);
    }
    let header = Value::Object(header).to_string().into_bytes();
    [(header.len() as u64).to_le_bytes().to_vec(), header, data].concat()
}

#[test]
fn weights_in_parts_in_a_subfolder_or_under_old_names_are_the_same_model() {
    let expected = Model::copy().vector();
    let all = tensors(&std::fs::read(original().join("model.safetensors")).unwrap());

    let parts = Model::copy();
    std::fs::remove_file(parts.path("model.safetensors")).unwrap();
    let mut map = serde_json::Map::new();
    for (number, part) in all.chunks(all.len() / 2 + 1).enumerate() {
        let file = format!("model-0000{}-of-00002.safetensors", number + 1);
        parts.write(&file, safetensors(part));
        map.extend(part.iter().map(|(name, ..)| (name.clone(), json!(file))));
    }
    parts.write("model.safetensors.index.json", json!({ "metadata": {}, "weight_map": map }).to_string());
    assert_eq!(parts.vector(), expected);

    let below = Model::copy();
    for file in
        ["config.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    {
        below.write(&format!("0_Transformer/{file}"), std::fs::read(original().join(file)).unwrap());
        std::fs::remove_file(below.path(file)).unwrap();
    }
    below.change("modules.json", |modules| modules[0]["path"] = json!("0_Transformer"));
    assert_eq!(below.vector(), expected);

    let old = Model::copy();
    let renamed: Vec<_> = all
        .iter()
        .map(|(name, about, bytes)| {
            let name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
            (format!("bert.{name}"), about.clone(), bytes.clone())
        })
        .collect();
    old.write("model.safetensors", safetensors(&renamed));
    assert_eq!(old.vector(), expected);
}

#[test]
fn the_digest_is_that_of_what_decides_the_vectors() {
    let digest = |model: &Model| ModelFolder::read(model.0.path()).unwrap().digest().unwrap();
    let model = Model::copy();
    let before = digest(&model);
    model.write("README.md", "something else");
    assert_eq!(digest(&model), before);
    model.change("config.json", |config| config["note"] = json!("x"));
    assert_ne!(digest(&model), before);
    let other = Model::copy();
    let mut weights = std::fs::read(other.path("model.safetensors")).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    other.write("model.safetensors", weights);
    assert_ne!(digest(&other), before);
}

#[test]
fn what_is_damaged_or_not_supported_is_named_with_its_file() {
    let weights = std::fs::read(original().join("model.safetensors")).unwrap();
    let all = tensors(&weights);
    let without =
        |name: &str| safetensors(&all.iter().filter(|(other, ..)| other != name).cloned().collect::<Vec<_>>());
    let query = "encoder.layer.0.attention.self.query.weight";
    type Change<'a> = Box<dyn Fn(&Model) + 'a>;
    let remove =
        |file: &'static str| -> Change<'_> { Box::new(move |model| std::fs::remove_file(model.path(file)).unwrap()) };
    let cases: Vec<(Change<'_>, &str)> = vec![
        (
            remove("model.safetensors"),
            "`FOLDER`: there is neither `model.safetensors` nor `model.safetensors.index.json`; other formats of weights are not read",
        ),
        (remove("1_Pooling/config.json"), "`1_Pooling/config.json`: `modules.json` names it, and it is not there"),
        (remove("tokenizer.json"), "cannot read tokenizer `tokenizer.json`"),
        (
            Box::new(|model| model.write("model.safetensors", &weights[..weights.len() - 5])),
            "`model.safetensors`: cut short or damaged: ",
        ),
        (Box::new(|model| model.write("model.safetensors", b"abc")), "`model.safetensors`: no safetensors file: "),
        (
            Box::new(|model| model.write("model.safetensors", [0xff; 16])),
            "`model.safetensors`: no safetensors file, or cut short: a header of ",
        ),
        (
            Box::new(|model| model.write("model.safetensors", without(query))),
            "`model.safetensors`: the weights have no tensor `encoder.layer.0.attention.self.query.weight`",
        ),
        (
            Box::new(|model| model.write("model.safetensors", without("embeddings.word_embeddings.weight"))),
            "`FOLDER`: the weights have no tensor `embeddings.word_embeddings.weight`",
        ),
        (
            Box::new(|model| model.change("config.json", |config| config["intermediate_size"] = json!(65))),
            "`model.safetensors`: tensor `encoder.layer.0.intermediate.dense.weight` is [64, 32], expected [65, 32] by `config.json`",
        ),
        (
            Box::new(|model| {
                model.change("modules.json", |modules| modules[2]["type"] = json!("sentence_transformers.models.Dense"))
            }),
            "`modules.json` asks for what is not supported: a module `Dense`; there are Transformer, Pooling and Normalize",
        ),
        (
            Box::new(|model| model.write("1_Pooling/config.json", r#"{"pooling_mode_max_tokens": true}"#)),
            "`1_Pooling/config.json` asks for what is not supported: pooling by `max`; there are mean, cls and lasttoken, one of them",
        ),
        (
            Box::new(|model| {
                model.write("1_Pooling/config.json", r#"{"pooling_mode": "cls", "include_prompt": false}"#)
            }),
            "`1_Pooling/config.json` asks for what is not supported: `include_prompt` false; prefixes are pooled like the text",
        ),
        (Box::new(|model| model.write("tokenizer.json", "{}")), "`tokenizer.json` is no tokenizer: "),
        (
            Box::new(|model| model.change("tokenizer.json", |all| all["model"]["vocab"]["far"] = json!(5000))),
            "`tokenizer.json`: the tokenizer has tokens up to number 5000, and the model has vectors for 150",
        ),
        (
            Box::new(|model| {
                model.change("config.json", |config| {
                    config["model_type"] = json!("mpnet");
                    config["relative_attention_num_buckets"] = json!(1);
                });
            }),
            "`config.json`: `relative_attention_num_buckets` of 1; expected an even number from 4 on",
        ),
        (
            Box::new(|model| {
                model.change("config.json", |config| {
                    config["model_type"] = json!("qwen2");
                    config["head_dim"] = json!(7);
                });
            }),
            "`config.json`: heads of 7 cannot be turned in pairs",
        ),
        (
            Box::new(|model| {
                std::fs::remove_file(model.path("model.safetensors")).unwrap();
                model.write("model.safetensors.index.json", r#"{"weight_map": {"a": "../elsewhere.safetensors"}}"#);
            }),
            "`model.safetensors.index.json`: `../elsewhere.safetensors` is no file of the folder",
        ),
    ];
    for (change, expected) in cases {
        let model = Model::copy();
        change(&model);
        let found = model.error();
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}
