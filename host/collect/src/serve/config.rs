//! What a pool says of a local server.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Flags that the collector gives itself, with what to say instead.
const OWN_FLAGS: [(&str, &str); 5] = [
    ("--host", "a server listens on the loopback address"),
    ("--port", "a free port is chosen when the server starts"),
    ("--model", "it is the key `model`"),
    ("--api-key", "the command is recorded; keys are given by the environment"),
    ("--hf-token", "the command is recorded; keys are given by the environment"),
];

/// What kind of server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Engine {
    /// `llama-server` of llama.cpp.
    #[serde(rename = "llama.cpp")]
    LlamaCpp,
    /// `vllm serve`.
    #[serde(rename = "vllm")]
    Vllm,
    /// Whatever `command` starts.
    #[serde(rename = "command")]
    Command,
}

impl Engine {
    /// Its name in pool files.
    pub fn name(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama.cpp",
            Self::Vllm => "vllm",
            Self::Command => "command",
        }
    }
}

/// `[servers.NAME]` of a pool: how a server is started.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// What kind of server it is.
    pub engine: Engine,
    /// The model: for llama.cpp a GGUF file, for vLLM a folder or a hub's name.
    pub model: Option<String>,
    /// The program, if it is not found under its usual name.
    pub program: Option<String>,
    /// Flags after those that the other keys come to; where a flag is given twice, engines take the later one.
    #[serde(default)]
    pub args: Vec<String>,
    /// Program and flags of engine `command`; `{host}` and `{port}` stand for where it has to listen.
    #[serde(default)]
    pub command: Vec<String>,
    /// GPUs that it gets for itself. Without the key, one for vLLM and none for the others.
    pub gpus: Option<usize>,
    /// Memory that must be free on each of them, in GiB.
    pub gpu_memory_gib: Option<f64>,
    /// Tokens of a prompt with its answer at most.
    pub context: Option<u32>,
    /// Requests that it works on at a time.
    pub parallel: Option<u32>,
    /// Seconds until it must be healthy.
    #[serde(default = "ten_minutes")]
    pub startup_s: u64,
    /// How often it is started again after it died.
    #[serde(default = "three")]
    pub max_restarts: u32,
    /// The path that answers 200 as soon as the server can work.
    #[serde(default = "health")]
    pub health: String,
    /// What stands before `/chat/completions` in its addresses.
    #[serde(default = "base_path")]
    pub base_path: String,
    /// Environment variables that it gets besides those of the collector. No place for secrets: what the collector's
    /// environment has, servers have too.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

fn ten_minutes() -> u64 {
    600
}

fn three() -> u32 {
    3
}

fn health() -> String {
    "/health".into()
}

fn base_path() -> String {
    "/v1".into()
}

impl ServerConfig {
    /// Requests that it works on at a time: more would wait inside it, and waiting would count as latency.
    pub(crate) fn slots(&self) -> u32 {
        match self.engine {
            Engine::Vllm => self.parallel.unwrap_or(64),
            Engine::LlamaCpp | Engine::Command => self.parallel.unwrap_or(1),
        }
    }

    /// What decides its answers, whatever port it listens on.
    pub(crate) fn identity(&self) -> String {
        let model = self.model.as_deref().unwrap_or_default();
        let parts = [self.engine.name(), model].into_iter();
        let flags = self.args.iter().chain(&self.command).map(String::as_str);
        let context = self.context.map_or(String::new(), |context| format!("context={context}"));
        parts.chain(flags).chain([context.as_str()]).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with the values, naming the key, if anything is.
    ///
    /// # Errors
    /// The first key whose value makes no sense.
    pub fn check(&self) -> Result<(), String> {
        match self.engine {
            Engine::Command => self.check_command()?,
            Engine::LlamaCpp | Engine::Vllm => self.check_template()?,
        }
        if let Some(gib) = self.gpu_memory_gib {
            if self.gpus() == 0 {
                return Err("`gpu_memory_gib` without GPUs; set `gpus`".into());
            }
            if !(gib.is_finite() && gib > 0.0) {
                return Err(format!("`gpu_memory_gib` must be above 0, found: {gib}"));
            }
        }
        for (key, value) in [("context", self.context), ("parallel", self.parallel)] {
            if value == Some(0) {
                return Err(format!("`{key}` must be at least 1, found: 0"));
            }
        }
        if self.startup_s == 0 {
            return Err("`startup_s` must be at least 1, found: 0".into());
        }
        if !is_path(&self.health) {
            return Err(format!("`health` must be a path that begins with `/`, found: {:?}", self.health));
        }
        if !self.base_path.is_empty() && (!is_path(&self.base_path) || self.base_path.ends_with('/')) {
            let found = &self.base_path;
            return Err(format!("`base_path` must begin with `/` and not end with it, or be empty, found: {found:?}"));
        }
        for name in self.env.keys() {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("`env` has a name that no variable can have: {name:?}"));
            }
            if name == "CUDA_VISIBLE_DEVICES" {
                return Err("`env` must not set `CUDA_VISIBLE_DEVICES`; say with `gpus` how many it needs".into());
            }
        }
        Ok(())
    }

    fn check_command(&self) -> Result<(), String> {
        let templates_only = [
            ("model", self.model.is_some()),
            ("program", self.program.is_some()),
            ("args", !self.args.is_empty()),
            ("context", self.context.is_some()),
            ("parallel", self.parallel.is_some()),
        ];
        if let Some((key, _)) = templates_only.iter().find(|(_, given)| *given) {
            return Err(format!("`{key}` has no meaning for engine `command`; put it into `command`"));
        }
        if self.command.first().is_none_or(String::is_empty) {
            return Err("`command` must name a program for engine `command`".into());
        }
        if !self.command.iter().any(|item| item.contains("{port}")) {
            return Err("`command` must say with `{port}` where the port goes".into());
        }
        self.check_flags("command", &OWN_FLAGS[3..])
    }

    fn check_template(&self) -> Result<(), String> {
        let engine = self.engine.name();
        if !self.command.is_empty() {
            return Err(format!("`command` has no meaning for engine `{engine}`; use `program` and `args`"));
        }
        if self.model.as_deref().is_none_or(str::is_empty) {
            return Err(format!("`model` must be given for engine `{engine}`"));
        }
        if self.program.as_deref().is_some_and(str::is_empty) {
            return Err("`program` must not be empty".into());
        }
        self.check_flags("args", &OWN_FLAGS)
    }

    fn check_flags(&self, key: &str, own: &[(&str, &str)]) -> Result<(), String> {
        for item in self.args.iter().chain(&self.command) {
            let flag = item.split('=').next().unwrap_or_default();
            if let Some((flag, instead)) = own.iter().find(|(own, _)| *own == flag) {
                return Err(format!("`{key}` must not have `{flag}`: {instead}"));
            }
        }
        Ok(())
    }

    /// GPUs that it gets for itself.
    pub fn gpus(&self) -> usize {
        self.gpus.unwrap_or(usize::from(self.engine == Engine::Vllm))
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|letter| letter.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ServerConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_key() {
        let llama = "engine = 'llama.cpp'\nmodel = 'm'\n";
        let command = "engine = 'command'\ncommand = ['s', '{port}']\n";
        let cases = [
            ("engine = 'vllm'".to_owned(), "`model` must be given for engine `vllm`"),
            (
                format!("{llama}command = ['x']"),
                "`command` has no meaning for engine `llama.cpp`; use `program` and `args`",
            ),
            (format!("{llama}program = ''"), "`program` must not be empty"),
            (
                format!("{llama}args = ['--port=1']"),
                "`args` must not have `--port`: a free port is chosen when the server starts",
            ),
            (
                format!("{llama}args = ['--api-key', 'x']"),
                "`args` must not have `--api-key`: the command is recorded; keys are given by the environment",
            ),
            (format!("{llama}gpu_memory_gib = 4"), "`gpu_memory_gib` without GPUs; set `gpus`"),
            (format!("{llama}gpus = 1\ngpu_memory_gib = -1"), "`gpu_memory_gib` must be above 0, found: -1"),
            (format!("{llama}context = 0"), "`context` must be at least 1, found: 0"),
            (format!("{llama}parallel = 0"), "`parallel` must be at least 1, found: 0"),
            (format!("{llama}startup_s = 0"), "`startup_s` must be at least 1, found: 0"),
            (format!("{llama}health = 'health'"), "`health` must be a path that begins with `/`, found: \"health\""),
            (
                format!("{llama}base_path = '/v1/'"),
                "`base_path` must begin with `/` and not end with it, or be empty, found: \"/v1/\"",
            ),
            (format!("{llama}env = {{ 'A=B' = '1' }}"), "`env` has a name that no variable can have: \"A=B\""),
            (
                format!("{llama}env = {{ CUDA_VISIBLE_DEVICES = '0' }}"),
                "`env` must not set `CUDA_VISIBLE_DEVICES`; say with `gpus` how many it needs",
            ),
            ("engine = 'command'".to_owned(), "`command` must name a program for engine `command`"),
            ("engine = 'command'\ncommand = ['s']".to_owned(), "`command` must say with `{port}` where the port goes"),
            (
                "engine = 'command'\ncommand = ['s', '{port}', '--api-key=x']".to_owned(),
                "`command` must not have `--api-key`: the command is recorded; keys are given by the environment",
            ),
            (format!("{command}context = 8"), "`context` has no meaning for engine `command`; put it into `command`"),
        ];
        for (text, expected) in cases {
            assert_eq!(config(&text).check().unwrap_err(), expected, "{text}");
        }
        assert_eq!(config(llama).check(), Ok(()));
        assert_eq!(config(command).check(), Ok(()));
    }

    #[test]
    fn unknown_keys_and_engines_are_errors() {
        let wrong = toml::from_str::<ServerConfig>("engine = 'vllm'\nmodle = 'x'").unwrap_err().to_string();
        assert!(wrong.contains("unknown field `modle`"), "{wrong}");
        let wrong = toml::from_str::<ServerConfig>("engine = 'tgi'").unwrap_err().to_string();
        assert!(wrong.contains("expected one of `llama.cpp`, `vllm`, `command`"), "{wrong}");
    }
}
