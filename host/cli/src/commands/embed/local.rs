//! Embeddings by a model on this machine.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::bail;
use clap::{Args, ValueEnum};
use routerlab_collect::{EncodeOptions, EncodeProgress, Encoded, encode_queries};
use routerlab_infer::{Attention, Device, Encoder, EncoderSettings, Hub, ModelFolder, Pooling, Precision, Truncation};

use super::What;
use crate::exit::{Ended, print};
use crate::progress::Progress;

/// Flags of the form that runs the model itself.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Model on this machine")]
pub(crate) struct LocalFlags {
    /// Where it runs: cpu, cuda (all GPUs) or cuda:0,2 (these). What is asked for is used, or it is an error
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = device)]
    device: Place,
    /// How it computes [default: f32 on the CPU, which has no other; bf16 on GPUs]
    #[arg(long, value_enum)]
    precision: Option<PrecisionFlag>,
    /// Threads of the CPU [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// How tokens become one vector [default: as the model's folder says]
    #[arg(long, value_enum)]
    pooling: Option<PoolingFlag>,
    /// Whether vectors get length 1 [default: as the model's folder says]
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    normalize: Option<bool>,
    /// Which tokens a token sees [default: as the model's configuration says]
    #[arg(long, value_enum)]
    attention: Option<AttentionFlag>,
    /// One of the model's own prompts, in place of --prefix
    #[arg(long, value_name = "NAME", conflicts_with = "prefix")]
    prompt: Option<String>,
    /// Most tokens of a text; longer ones are cut, and say so [default: as the model's folder says]
    #[arg(long, value_name = "TOKENS")]
    max_length: Option<usize>,
    /// Which part of a longer text is cut off
    #[arg(long, value_enum, default_value_t = Cut::End)]
    cut: Cut,
    /// Ask nothing of the network: the model is in the cache or not at all
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PoolingFlag {
    Mean,
    Cls,
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AttentionFlag {
    Bidirectional,
    Causal,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cut {
    #[default]
    End,
    Start,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionFlag {
    F32,
    F16,
    Bf16,
}

/// The CPU, or GPUs: all of them where none are named.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Place {
    #[default]
    Cpu,
    Cuda(Vec<usize>),
}

fn device(text: &str) -> Result<Place, String> {
    let wrong = || Err("expected `cpu`, `cuda` or `cuda:0,2`".to_owned());
    match text.split_once(':') {
        None if text == "cpu" => Ok(Place::Cpu),
        None if text == "cuda" => Ok(Place::Cuda(Vec::new())),
        Some(("cuda", numbers)) => match numbers.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>() {
            Ok(numbers) => Ok(Place::Cuda(numbers)),
            Err(_) => wrong(),
        },
        _ => wrong(),
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected `yes` or `no`".into()),
    }
}

/// Encodes the queries of a folder, and says what came of it.
pub(super) fn embed(what: &What, flags: &LocalFlags) -> anyhow::Result<Ended> {
    let (folder, model) = find(&what.model, flags.offline)?;
    let encoder = Encoder::open(&folder, &flags.settings(what), &flags.device()?)?;
    let about = encoder.about();
    eprintln!(
        "`{}` on {}: width {}, {} pooling, texts of up to {} tokens",
        what.model,
        encoder.device(),
        encoder.width(),
        about["pooling"],
        about["max_tokens"]
    );
    let options = EncodeOptions { name: what.encoder(), text: what.text.into(), model, model_digest: folder.digest()? };
    let began = Instant::now();
    let shown = Mutex::new(Progress::with_rate("embedding", "tokens"));
    let watch = |progress: EncodeProgress| {
        if let Ok(mut shown) = shown.lock() {
            shown.at_rate(progress.texts, progress.wanted, progress.tokens);
        }
    };
    let encoded = encode_queries(what.dir(), &encoder, &options, &watch)?;
    drop(shown);
    said(&encoded, encoder.width(), began.elapsed().as_secs_f64(), what)
}

impl LocalFlags {
    fn settings(&self, what: &What) -> EncoderSettings {
        EncoderSettings {
            pooling: self.pooling.map(|pooling| match pooling {
                PoolingFlag::Mean => Pooling::Mean,
                PoolingFlag::Cls => Pooling::Cls,
                PoolingFlag::Last => Pooling::Last,
            }),
            normalize: self.normalize,
            attention: self.attention.map(|attention| match attention {
                AttentionFlag::Bidirectional => Attention::Bidirectional,
                AttentionFlag::Causal => Attention::Causal,
            }),
            prefix: what.prefix.clone(),
            prompt: self.prompt.clone(),
            max_tokens: self.max_length,
            truncation: match self.cut {
                Cut::End => Truncation::End,
                Cut::Start => Truncation::Start,
            },
        }
    }

    fn device(&self) -> anyhow::Result<Device> {
        match (&self.device, self.precision) {
            (Place::Cpu, None | Some(PrecisionFlag::F32)) => {
                Ok(Device::Cpu { threads: crate::commands::threads(self.threads) })
            }
            (Place::Cpu, Some(_)) => bail!("the CPU computes in f32; other precisions need `--device cuda`"),
            (Place::Cuda(_), _) if self.threads.is_some() => bail!("`--threads` is about the CPU; remove it"),
            (Place::Cuda(devices), precision) => Ok(Device::Cuda {
                devices: devices.clone(),
                precision: match precision {
                    Some(PrecisionFlag::F32) => Precision::F32,
                    Some(PrecisionFlag::F16) => Precision::F16,
                    Some(PrecisionFlag::Bf16) | None => Precision::Bf16,
                },
            }),
        }
    }
}

/// The model's folder, and what is known of where it comes from.
fn find(model: &str, offline: bool) -> anyhow::Result<(ModelFolder, BTreeMap<String, String>)> {
    let mut about = BTreeMap::from([("model".to_owned(), model.to_owned())]);
    if Path::new(model).is_dir() {
        // Where a folder lies says nothing about what is in it, which the digest does.
        let name = Path::new(model).file_name().map(|name| name.to_string_lossy().into_owned());
        about.insert("model".to_owned(), name.unwrap_or_else(|| model.to_owned()));
        return Ok((ModelFolder::read(Path::new(model))?, about));
    }
    let mut hub = Hub::from_env(&|name| std::env::var(name).ok());
    hub.offline |= offline;
    let found = hub.find(model, &|line| eprintln!("{line}"))?;
    about.insert("model".to_owned(), model.split('@').next().unwrap_or(model).to_owned());
    about.insert("revision".to_owned(), found.commit);
    Ok((ModelFolder::read(&found.folder)?, about))
}

fn said(encoded: &Encoded, width: usize, seconds: f64, what: &What) -> anyhow::Result<Ended> {
    let Encoded { progress, queries, kept, truncated, failed: (failed, reason), .. } = encoded;
    let rate = progress.tokens as f64 / seconds.max(1e-9);
    let folder = encoded.folder.display();
    if *kept > 0 {
        eprintln!("{kept} of {queries} were there already");
    }
    if progress.wanted > 0 {
        let EncodeProgress { texts, tokens, .. } = progress;
        eprintln!("{texts} texts, {tokens} tokens in {seconds:.1} s: {rate:.0} tokens a second");
    }
    if *truncated > 0 {
        eprintln!("{truncated} texts were longer than the model reads and were cut; column `truncated` says which");
    }
    if let Some(reason) = reason {
        eprintln!("{failed} texts have no embedding; the first: {reason}");
    }
    // What `bench` takes by itself is the file of an import.
    if what.dir.join("embeddings.parquet").exists() {
        let name = encoded.folder.strip_prefix(&what.dir).unwrap_or(&encoded.folder).display();
        eprintln!("`bench` takes `embeddings.parquet` where none is named; these are `--embeddings-file {name}`");
    }
    if what.json {
        let line = serde_json::json!({
            "event": "end", "folder": encoded.folder, "width": width, "queries": queries, "kept": kept, "texts": progress.texts,
            "tokens": progress.tokens, "truncated": truncated, "failed": failed, "seconds": seconds,
        });
        print(&format!("{line}\n"))?;
    } else {
        print(&format!("{} embeddings of width {width} in {folder}\n", queries - failed))?;
    }
    Ok(if *failed == 0 { Ended::Done } else { Ended::SomeFailed })
}
