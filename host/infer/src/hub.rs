//! Models by name: from the Hugging Face hub into its cache, which other programs share, and from the cache without network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Cache, Repo, RepoType};

use crate::checkpoint::Checkpoint;
use crate::error::EncoderError;

/// Where models by name come from.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The folder of the cache.
    pub cache: PathBuf,
    /// Another address than the hub's own.
    pub endpoint: Option<String>,
    /// A key for models that are not for everyone. Default: the one that lies beside the cache.
    pub token: Option<String>,
    /// Whether nothing is asked of the network.
    pub offline: bool,
}

/// A model of the hub on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubModel {
    /// Its folder in the cache.
    pub folder: PathBuf,
    /// The commit that the folder holds.
    pub commit: String,
}

impl Hub {
    /// As the hub's other programs do it: `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| env(name).filter(|value| !value.is_empty());
        let home = || value("HF_HOME").map(PathBuf::from);
        let standard = || std::env::home_dir().unwrap_or_default().join(".cache/huggingface");
        Self {
            cache: value("HF_HUB_CACHE").map_or_else(|| home().unwrap_or_else(standard).join("hub"), PathBuf::from),
            endpoint: value("HF_ENDPOINT"),
            token: value("HF_TOKEN"),
            offline: value("HF_HUB_OFFLINE").is_some_and(|value| value != "0"),
        }
    }

    /// Finds `owner/model` or `owner/model@revision`, a revision being a commit, branch or tag. What the cache holds is used
    /// as it is, so the same name gives the same commit until the cache is emptied; the rest is fetched, weights last. `say` is
    /// told before each file is fetched.
    ///
    /// # Errors
    /// [`EncoderError::Hub`]: no such name, nothing in the cache and no network, or no model with safetensors.
    pub fn find(&self, name: &str, say: &dyn Fn(&str)) -> Result<HubModel, EncoderError> {
        let failed = |reason: String| EncoderError::Hub { name: name.to_owned(), reason };
        let (id, revision) = name.split_once('@').unwrap_or((name, "main"));
        let parts: Vec<&str> = id.split('/').collect();
        let plain = |part: &&str| {
            let letters = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            letters && !part.is_empty() && !part.starts_with('.')
        };
        if parts.len() > 2 || !parts.iter().all(plain) || revision.is_empty() || revision.contains("..") {
            let reason = "neither a folder nor a name such as `owner/model` or `owner/model@revision`";
            return Err(failed(reason.into()));
        }
        let cache = Cache::new(self.cache.clone());
        if let Some(found) = self.cached(&cache, id, revision) {
            return Ok(found);
        }
        if self.offline {
            let cache = self.cache.display();
            return Err(failed(format!(
                "not whole in the cache `{cache}`, and the network is not to be used; fetch it once without that, or give a folder"
            )));
        }
        // The library expects that files and folders can be made.
        let fetched = catch_unwind(AssertUnwindSafe(|| self.fetch(&cache, id, revision, say)));
        let fetched = fetched.unwrap_or_else(|_| Err("the cache cannot be written".into()));
        fetched.map_err(|reason| failed(format!("there is no such folder, and {reason}")))
    }

    /// The snapshot of a revision, if all that decides a vector is in it.
    fn cached(&self, cache: &Cache, id: &str, revision: &str) -> Option<HubModel> {
        let repo = cache.repo(Repo::with_revision(id.to_owned(), RepoType::Model, revision.to_owned()));
        let snapshot = |commit: &str| HubModel { folder: repo.pointer_path(commit), commit: commit.to_owned() };
        let by_name = || {
            let refs = repo.pointer_path("x").parent()?.parent()?.join("refs").join(revision);
            std::fs::read_to_string(refs).ok().map(|commit| snapshot(commit.trim()))
        };
        let found = Some(snapshot(revision)).filter(|found| found.folder.is_dir()).or_else(by_name)?;
        is_whole(&found.folder).then_some(found)
    }

    fn fetch(&self, cache: &Cache, id: &str, revision: &str, say: &dyn Fn(&str)) -> Result<HubModel, String> {
        let mut builder = ApiBuilder::from_cache(cache.clone()).with_progress(false).with_retries(3);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        if let Some(token) = &self.token {
            builder = builder.with_token(Some(token.clone()));
        }
        let api = builder.build().map_err(|error| error.to_string())?;
        let repo = |revision: &str| Repo::with_revision(id.to_owned(), RepoType::Model, revision.to_owned());
        let said = |error: hf_hub::api::sync::ApiError| format!("the hub does not give it ({error})");
        let info = api.repo(repo(revision)).info().map_err(said)?;
        let commit = info.sha;
        let mut files: Vec<String> =
            info.siblings.into_iter().map(|file| file.rfilename).filter(|file| wanted(file)).collect();
        // Weights last: a folder that has them has everything.
        files.sort_by_key(|file| (file.ends_with(".safetensors"), file.clone()));
        if !files.iter().any(|file| file.ends_with(".safetensors")) {
            return Err("the hub has no weights of it in safetensors; other formats are not read".into());
        }
        // All files of one commit, whatever the branch does meanwhile.
        let pinned = api.repo(repo(&commit));
        for file in &files {
            say(&format!("fetching `{file}` of `{id}`"));
            pinned.get(file).map_err(said)?;
        }
        let folder = cache.repo(repo(&commit)).pointer_path(&commit);
        cache.repo(repo(revision)).create_ref(&commit).map_err(|error| error.to_string())?;
        Ok(HubModel { folder, commit })
    }
}

/// Whether a file of a model decides its vectors: those at the top and those of modules, but not copies in other formats.
fn wanted(file: &str) -> bool {
    let path = Path::new(file);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folders: Vec<&str> =
        path.parent().into_iter().flat_map(|dir| dir.iter()).filter_map(|part| part.to_str()).collect();
    let of_module = folders.len() == 1 && folders[0].starts_with(|c: char| c.is_ascii_digit());
    let weights = name == "model.safetensors" || (name.starts_with("model-") && name.ends_with(".safetensors"));
    (folders.is_empty() || of_module) && (name.ends_with(".json") || weights)
}

/// Whether nothing is missing that could change a vector. Other programs fetch file by file; without `modules.json` it is not
/// known how a model pools.
fn is_whole(folder: &Path) -> bool {
    let there = |file: &str| folder.join(file).is_file();
    let (config, tokenizer) = (there("config.json"), there("tokenizer.json"));
    let moved = there("0_Transformer/config.json");
    let weights = Checkpoint::files(&if moved { folder.join("0_Transformer") } else { folder.to_owned() });
    there("modules.json")
        && (moved || (config && tokenizer))
        && weights.is_ok_and(|files| files.iter().all(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_decide_a_vector_are_fetched() {
        let all = [
            "config.json",
            "modules.json",
            "1_Pooling/config.json",
            "model.safetensors",
            "tokenizer.json",
            "model-00001-of-00002.safetensors",
            "onnx/model.onnx",
            "onnx/config.json",
            "pytorch_model.bin",
            "openvino/openvino_model.xml",
            "README.md",
            "adapter.safetensors",
        ];
        let wanted: Vec<&str> = all.into_iter().filter(|file| wanted(file)).collect();
        assert_eq!(wanted, all[..6]);
    }

    #[test]
    fn the_environment_is_that_of_the_hubs_other_programs() {
        let of = |pairs: &[(&str, &str)]| {
            Hub::from_env(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("HF_HOME", "/h")]).cache, Path::new("/h/hub"));
        assert_eq!(of(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]).cache, Path::new("/c"));
        assert!(of(&[]).cache.ends_with(".cache/huggingface/hub"));
        assert!(of(&[("HF_HUB_OFFLINE", "1")]).offline && !of(&[("HF_HUB_OFFLINE", "0")]).offline);
    }
}
