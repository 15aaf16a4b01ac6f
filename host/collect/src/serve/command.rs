//! The command that a pool's words on a server come to: the engines' templates.

use super::config::{Engine, ServerConfig};

/// The address that servers listen on: nobody but this machine may ask them.
pub(super) const HOST: &str = "127.0.0.1";

impl ServerConfig {
    /// Program and flags of a server of this name at this port.
    pub(super) fn command_line(&self, name: &str, port: u16) -> Vec<String> {
        let mut line = Vec::new();
        let model = self.model.clone().unwrap_or_default();
        let program = |usual: &str| self.program.clone().unwrap_or_else(|| usual.to_owned());
        let mut put = |words: &[&str]| line.extend(words.iter().map(|word| (*word).to_owned()));
        let address = ["--host", HOST, "--port", &port.to_string()];
        match self.engine {
            Engine::LlamaCpp => {
                put(&[&program("llama-server"), "--model", &model, "--alias", name]);
                put(&address);
                // Without a number of slots it takes several and shares the context among them.
                let parallel = self.parallel.or(self.context.map(|_| 1));
                if let Some(parallel) = parallel {
                    put(&["--parallel", &parallel.to_string()]);
                }
                if let Some(context) = self.context {
                    let total = u64::from(context) * u64::from(parallel.unwrap_or(1));
                    put(&["--ctx-size", &total.to_string()]);
                }
                // All layers or none: what a build for GPUs does by itself depends on the version.
                put(&["--n-gpu-layers", if self.gpus() > 0 { "999" } else { "0" }]);
            }
            Engine::Vllm => {
                put(&[&program("vllm"), "serve", &model, "--served-model-name", name, &model]);
                put(&address);
                if let Some(parallel) = self.parallel {
                    put(&["--max-num-seqs", &parallel.to_string()]);
                }
                if let Some(context) = self.context {
                    put(&["--max-model-len", &context.to_string()]);
                }
                if self.gpus() > 1 {
                    put(&["--tensor-parallel-size", &self.gpus().to_string()]);
                }
            }
            Engine::Command => {
                let port = port.to_string();
                line.extend(self.command.iter().map(|item| item.replace("{port}", &port).replace("{host}", HOST)));
            }
        }
        line.extend(self.args.iter().cloned());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ServerConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn llama_cpp_shares_its_context_among_its_slots() {
        let line =
            config("engine = 'llama.cpp'\nmodel = 'm.gguf'\ncontext = 1024\nparallel = 4\nargs = ['--seed', '0']");
        let expected = "llama-server --model m.gguf --alias small --host 127.0.0.1 --port 8001 --parallel 4 \
                        --ctx-size 4096 --n-gpu-layers 0 --seed 0";
        assert_eq!(line.command_line("small", 8001).join(" "), expected);
        let line = config("engine = 'llama.cpp'\nmodel = 'm.gguf'\ncontext = 1024\ngpus = 1\nprogram = '/opt/llama'");
        let expected = "/opt/llama --model m.gguf --alias small --host 127.0.0.1 --port 1 --parallel 1 \
                        --ctx-size 1024 --n-gpu-layers 999";
        assert_eq!(line.command_line("small", 1).join(" "), expected);
    }

    #[test]
    fn vllm_splits_a_model_over_its_gpus() {
        let line = config("engine = 'vllm'\nmodel = 'org/m'\ncontext = 8192\nparallel = 64\ngpus = 2");
        let expected = "vllm serve org/m --served-model-name big org/m --host 127.0.0.1 --port 8001 \
                        --max-num-seqs 64 --max-model-len 8192 --tensor-parallel-size 2";
        assert_eq!(line.command_line("big", 8001).join(" "), expected);
        let alone = config("engine = 'vllm'\nmodel = 'org/m'");
        assert_eq!(alone.gpus(), 1);
        assert!(!alone.command_line("big", 1).contains(&"--tensor-parallel-size".to_owned()));
    }

    #[test]
    fn a_command_is_told_where_to_listen() {
        let line = config("engine = 'command'\ncommand = ['serve', '--at={host}:{port}', '{x}']");
        assert_eq!(line.command_line("x", 80), ["serve", "--at=127.0.0.1:80", "{x}"]);
        assert_eq!(line.gpus(), 0);
    }
}
