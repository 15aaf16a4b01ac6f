//! A model's folder, as sentence-transformers and the Hugging Face hub lay it out.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::architecture::Architecture;
use crate::backend::Pooling;
use crate::checkpoint::Checkpoint;
use crate::error::EncoderError;

/// A model on disk: what it is, and how it wants to be used. No weights are read yet.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    pub(crate) path: PathBuf,
    /// Where `config.json` and the weights are: the folder or one in it.
    pub(crate) transformer: PathBuf,
    pub(crate) architecture: Architecture,
    /// None when the folder does not say.
    pub(crate) pooling: Option<Pooling>,
    /// None when the folder does not say.
    pub(crate) normalize: Option<bool>,
    pub(crate) max_tokens: usize,
    pub(crate) lower_case: bool,
    /// Texts that the model wants before others, by what they are for.
    pub(crate) prompts: Vec<(String, String)>,
    pub(crate) default_prompt: Option<String>,
    /// A token that ends every text whether or not the tokenizer's file says so.
    pub(crate) end: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    path: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode: Option<String>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
    include_prompt: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PromptConfig {
    prompts: std::collections::BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
    add_eos_token: Option<bool>,
    eos_token: Option<serde_json::Value>,
}

impl ModelFolder {
    /// Reads what a folder says about its model.
    ///
    /// # Errors
    /// When the folder or a file is missing or damaged, or asks for what is not supported.
    pub fn read(path: &Path) -> Result<Self, EncoderError> {
        if !path.is_dir() {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such folder");
            return Err(EncoderError::Read { path: path.to_owned(), source });
        }
        let modules: Vec<Module> = optional(&path.join("modules.json"))?.unwrap_or_default();
        let (mut transformer, mut pooling, mut normalize) = (path.to_owned(), None, None);
        for module in &modules {
            match module.kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" if module.path.is_empty() => {}
                "Transformer" => transformer = path.join(&module.path),
                "Pooling" => pooling = Some(read_pooling(&path.join(&module.path).join("config.json"))?),
                "Normalize" => normalize = Some(true),
                other => {
                    let reason = format!("a module `{other}`; there are Transformer, Pooling and Normalize");
                    return Err(EncoderError::unsupported(&path.join("modules.json"), reason));
                }
            }
        }
        if !modules.is_empty() && normalize.is_none() {
            normalize = Some(false);
        }
        let architecture = Architecture::read(&transformer.join("config.json"))?;
        let sentence: SentenceConfig = optional(&transformer.join("sentence_bert_config.json"))?.unwrap_or_default();
        let tokenizer: TokenizerConfig = optional(&transformer.join("tokenizer_config.json"))?.unwrap_or_default();
        let prompts: PromptConfig = optional(&path.join("config_sentence_transformers.json"))?.unwrap_or_default();
        // Tokenizers without a limit say 1e30.
        let of_tokenizer = tokenizer.model_max_length.filter(|length| *length >= 1.0 && *length < 1e9);
        let stated = sentence.max_seq_length.or(of_tokenizer.map(|length| length as usize));
        let max_tokens = stated.unwrap_or(architecture.max_tokens).min(architecture.max_tokens);
        Ok(Self {
            path: path.to_owned(),
            transformer,
            architecture,
            pooling,
            normalize,
            max_tokens,
            lower_case: sentence.do_lower_case,
            prompts: prompts.prompts.into_iter().map(|(name, text)| (name, text.unwrap_or_default())).collect(),
            default_prompt: prompts.default_prompt_name,
            end: tokenizer.add_eos_token.unwrap_or(false).then(|| token_text(tokenizer.eos_token.as_ref())).flatten(),
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the names and contents of the files that decide the vectors: configuration, tokenizer, weights.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn digest(&self) -> Result<String, EncoderError> {
        let mut files = vec![self.transformer.join("config.json"), self.tokenizer_file()];
        files.extend(Checkpoint::files(&self.transformer)?);
        let mut all = Sha256::new();
        for file in files {
            let read = |source| EncoderError::Read { path: file.clone(), source };
            let mut input = std::fs::File::open(&file).map_err(read)?;
            let (mut digest, mut block) = (Sha256::new(), vec![0; 1 << 20]);
            loop {
                match input.read(&mut block).map_err(read)? {
                    0 => break,
                    length => digest.update(&block[..length]),
                }
            }
            all.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            all.update([0]);
            all.update(digest.finalize());
        }
        Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn tokenizer_file(&self) -> PathBuf {
        let own = self.transformer.join("tokenizer.json");
        if own.is_file() { own } else { self.path.join("tokenizer.json") }
    }
}

fn read_pooling(path: &Path) -> Result<Pooling, EncoderError> {
    let Some(config) = optional::<PoolingConfig>(path)? else {
        return Err(EncoderError::form(path, "`modules.json` names it, and it is not there"));
    };
    if config.include_prompt == Some(false) {
        return Err(EncoderError::unsupported(path, "`include_prompt` false; prefixes are pooled like the text"));
    }
    let flags = [
        (config.pooling_mode_cls_token, "cls"),
        (config.pooling_mode_mean_tokens, "mean"),
        (config.pooling_mode_lasttoken, "lasttoken"),
        (config.pooling_mode_max_tokens, "max"),
        (config.pooling_mode_mean_sqrt_len_tokens, "mean_sqrt_len_tokens"),
        (config.pooling_mode_weightedmean_tokens, "weightedmean"),
    ];
    let chosen: Vec<&str> = match &config.pooling_mode {
        Some(mode) => vec![mode],
        None => flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect(),
    };
    match chosen.as_slice() {
        ["cls"] => Ok(Pooling::Cls),
        ["mean"] => Ok(Pooling::Mean),
        ["lasttoken"] => Ok(Pooling::Last),
        other => {
            let reason =
                format!("pooling by `{}`; there are mean, cls and lasttoken, one of them", other.join("` and `"));
            Err(EncoderError::unsupported(path, reason))
        }
    }
}

/// A JSON file that need not be there.
fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EncoderError> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| EncoderError::form(path, error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EncoderError::Read { path: path.to_owned(), source }),
    }
}

/// A special token: a string, or an object that holds one.
fn token_text(token: Option<&serde_json::Value>) -> Option<String> {
    let token = token?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}
