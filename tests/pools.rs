//! What a person sees when a pool or a collection is wrong: the key or flag to change, exit code 2, nothing left behind, and
//! never a secret.

mod collecting {
    mod refused;
    pub(crate) mod support;
}
mod support;

use std::path::Path;

use support::Scratch;

const POOL: &str = "name = \"x\"\n[models.m]\nbase_url = \"http://localhost:9/v1\"\n";
const COLLECT: [&str; 4] = ["collect", "data", "--pool", "pool.toml"];
/// What must not be seen anywhere.
const SECRET: &str = "sk-live-4f1d";

fn model(lines: &str) -> String {
    format!("{POOL}{lines}\n")
}

fn server(lines: &str) -> String {
    format!("name = \"x\"\n[models.m]\nserver = \"s\"\n[servers.s]\n{lines}\n")
}

fn instead(from: &str, to: &str) -> String {
    assert!(POOL.contains(from));
    POOL.replace(from, to)
}

/// Collects in a folder and insists on exit code 2 and on the whole of what is said.
fn refused(scratch: &Scratch, args: &[&str], said: &str) {
    let ran = scratch.routerlab(args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), format!("error: {said}\n").as_str()), "{args:?}");
    assert_eq!(ran.stdout, "");
}

/// Insists on what a pool is answered with, before anything is looked at or left.
fn refused_pools(cases: &[(String, &str)]) {
    let scratch = Scratch::new();
    for (pool, reason) in cases {
        assert!(!reason.contains(SECRET));
        scratch.write("pool.toml", pool);
        refused(&scratch, &COLLECT, &format!("pool `pool.toml`: {reason}"));
    }
    assert_eq!(names(&scratch.path(".")), ["pool.toml"], "nothing is left behind");
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_pool_whose_form_is_wrong_is_answered_with_the_line() {
    refused_pools(&[
        (String::new(), "line 1: missing field `name`"),
        ("name = ".into(), "line 1: string values must be quoted, expected literal string"),
        (instead("[models.m]", "[models.m"), "line 2: unclosed table, expected `]`"),
        (
            instead("[models.m]", "[model.m]"),
            "line 2: unknown field `model`, expected one of `name`, `description`, `prices`, `defaults`, `values`, `servers`, `models`",
        ),
        (format!("{POOL}[models.m]\n"), "line 4: duplicate key"),
        (model("[prices]\nas_of = \"2026-01-30\""), "line 4: missing field `basis`"),
        (
            model("[prices]\nas_of = \"2026-01-30\"\nbasis = \"paid\""),
            "line 6: unknown variant `paid`, expected `declared` or `published`",
        ),
        (
            model("api = \"openai\""),
            "line 4: unknown variant `openai`, expected one of `openai-chat`, `openai-completions`, `anthropic`, `google`",
        ),
        (model("timeout_s = \"10 minutes\""), "line 4: invalid type: a text, expected f64"),
        (model("max_tokens = -1"), "line 4: invalid value: integer `-1`, expected u32"),
        (model("stop = \"END\""), "line 4: invalid type: a text, expected a sequence"),
        (model("price = 3.0"), "line 4: invalid type: floating point `3.0`, expected struct Price"),
        (model("price = { input = 3.0 }"), "line 4: missing field `output`"),
        (
            model("messages = [{ role = \"teacher\", text = \"t\" }]"),
            "line 4: unknown variant `teacher`, expected one of `system`, `user`, `assistant`",
        ),
        (
            model("messages = [{ role = \"user\", content = \"t\" }]"),
            "line 4: unknown field `content`, expected one of `role`, `text`, `datasets`",
        ),
        (server("model = \"m\""), "line 4: missing field `engine`"),
        (server("engine = \"tgi\""), "line 5: unknown variant `tgi`, expected one of `llama.cpp`, `vllm`, `command`"),
        (
            server("engine = \"vllm\"\nport = 8000"),
            "line 6: unknown field `port`, expected one of `engine`, `model`, `program`, `args`, `command`, `gpus`, `gpu_memory_gib`, `context`, `parallel`, `startup_s`, `max_restarts`, `health`, `base_path`, `env`",
        ),
    ]);
    let scratch = Scratch::new();
    scratch.write("pool.toml", model("temprature = 0.2"));
    let ran = scratch.routerlab(COLLECT);
    let begin = "error: pool `pool.toml`: line 4: unknown field `temprature`, expected one of `description`, `api`, `base_url`,";
    assert!(ran.code == Some(2) && ran.stderr.starts_with(begin), "{}", ran.stderr);
}

#[test]
fn a_pool_whose_values_are_wrong_is_answered_with_the_key() {
    refused_pools(&[
        (
            instead("\"x\"", "\"my pool\""),
            "`name` must have letters, digits, `-`, `_` and `.` only, found: \"my pool\"",
        ),
        ("name = \"x\"\n".into(), "no model; add a `[models.NAME]` with a `base_url`"),
        (instead("models.m", "models.\" \""), "`models.\" \"` is no name for a model"),
        (
            instead("base_url = \"http://localhost:9/v1\"", ""),
            "`models.m` has neither `base_url` nor `server`: say where it answers",
        ),
        (model("server = \"s\""), "`models.m` has `base_url` and `server`; remove one of them"),
        (
            instead("base_url = \"http://localhost:9/v1\"", "server = \"s\""),
            "`models.m.server`: there is no `[servers.s]`",
        ),
        (
            instead("http://localhost:9/v1", "api.example.com/v1"),
            "`models.m.base_url` is no URL (relative URL without a base), expected one such as `https://api.openai.com/v1`",
        ),
        (
            instead("http://", ""),
            "`models.m.base_url` does not begin with `https://` or `http://`, expected one such as `https://api.openai.com/v1`",
        ),
        (
            instead("/v1", "/v1/chat/completions/"),
            "`models.m.base_url` ends with the path of a request; a base URL ends before it, such as `/v1`",
        ),
        (
            instead("/v1", "/v1?version=2"),
            "`models.m.base_url` has a `?` or `#` part; a base URL ends with its path, such as `/v1`",
        ),
        (model("model = \"\""), "`models.m.model` is empty"),
        (model("system = \" \""), "`models.m.system` is empty"),
        (model("[defaults]\nmodel = \"n\""), "`defaults.model`: the name at the provider belongs to a model"),
        (model("temperature = 2.5"), "`models.m.temperature` is 2.5, expected 0 to 2"),
        (model("top_p = nan"), "`models.m.top_p` is NaN, expected 0 to 1"),
        (model("[defaults]\ntimeout_s = 0"), "`defaults.timeout_s` is 0, expected 0.001 to 86400"),
        (model("timeout_s = 7200"), "`models.m.timeout_s` is 7200, above `deadline_s`, which is 3600"),
        (model("backoff_s = 10\nmax_backoff_s = 5"), "`models.m.backoff_s` is 10, above `max_backoff_s`, which is 5"),
        (model("max_tokens = 0"), "`models.m.max_tokens` is 0, expected 1 to 10000000"),
        (model("attempts = 1000"), "`models.m.attempts` is 1000, expected 1 to 100"),
        (model("concurrency = 0"), "`models.m.concurrency` is 0, expected 1 to 10000"),
        (
            model("concurrency = 50\nmax_concurrency = 10"),
            "`models.m.concurrency` is 50, above `max_concurrency`, which is 10",
        ),
        (model("stop = [\"\"]"), "`models.m.stop` must have at most 16 texts, none of them empty"),
        (model("max_usd = 5"), "`models.m.max_usd` needs a `price`: without one nobody knows what an answer costs"),
        (model("price = { input = 1.0, output = 2.0 }"), "`models.m.price` needs `[prices]` with `as_of` and `basis`"),
        (
            model("price = { input = 1.0, output = -2.0 }"),
            "`models.m.price.output` is -2, expected US dollars of 0 or more",
        ),
        (
            model("[prices]\nas_of = \"30 January 2026\"\nbasis = \"published\""),
            "`prices.as_of` must be a day such as 2026-01-30, found: \"30 January 2026\"",
        ),
        (
            model("[prices]\nas_of = \"2026-02-30\"\nbasis = \"published\""),
            "`prices.as_of` must be a day such as 2026-01-30, found: \"2026-02-30\"",
        ),
        (
            model("extra_body = { messages = [] }"),
            "`models.m.extra_body.messages`: they are the key `messages` of the pool",
        ),
        (
            model("extra_body = { n = 4 }"),
            "`models.m.extra_body.n`: several answers are asked for one by one, with `--samples`",
        ),
        (
            model("extra_body = { a = [{ day = 2026-01-30 }] }"),
            "`models.m.extra_body.a.day` is a date; put it in quotes",
        ),
        (model("extra_body = { a = inf }"), "`models.m.extra_body.a` is no number that JSON has"),
        (model("[values]\nday = 2026-01-30"), "`values.day` is a date; put it in quotes"),
    ]);
}

#[test]
fn a_setting_that_the_api_cannot_say_is_refused_rather_than_dropped() {
    refused_pools(&[
        (
            model("api = \"anthropic\"\nseed = 1"),
            "`models.m.seed`: `models.m` is asked by api `anthropic`, which has no such setting",
        ),
        (
            model("api = \"anthropic\"\n[defaults]\nseed = 1"),
            "`defaults.seed`: `models.m` is asked by api `anthropic`, which has no such setting",
        ),
        (
            model("api = \"openai-completions\"\nreasoning_effort = \"low\""),
            "`models.m.reasoning_effort`: `models.m` is asked by api `openai-completions`, which has no such setting",
        ),
        (
            model("api = \"google\"\nmax_completion_tokens = true"),
            "`models.m.max_completion_tokens`: `models.m` is asked by api `google`, which has no such setting",
        ),
        (model("api = \"google\"\nbatch = true"), "`models.m.batch`: no batch API is known for api `google`"),
        (
            server("engine = \"vllm\"\nmodel = \"org/m\"\n[defaults]\nbatch = true"),
            "`models.m.batch`: a server of one's own has no batch API",
        ),
    ]);
}

#[test]
fn messages_that_no_query_can_fill_are_refused() {
    let messages = |messages: &str| model(&format!("messages = [{messages}]"));
    refused_pools(&[
        (messages(""), "`models.m.messages` is empty: nothing would be asked"),
        (
            messages("{ role = \"system\", text = \"Be short.\" }"),
            "`models.m.messages` has no message with `role = \"user\"`: nothing would be asked",
        ),
        (
            messages("{ role = \"user\", text = \"t\", datasets = [] }"),
            "`models.m.messages`: message 1 is for no dataset; remove `datasets` or it",
        ),
        (
            messages("{ role = \"user\", text = \"{{ prompt \" }"),
            "`models.m.messages`: message 1 is no template: syntax error: unexpected end of input, expected end of variable block (in message 1:1)",
        ),
        (
            messages("{ role = \"user\", text = \"{{ prompt }}\" }, { role = \"user\", text = \"{{ qestion }}\" }"),
            "`models.m.messages`: message 2 asks for `qestion`; there are `prompt`, `query`, `dataset`, `split`, `metadata`, `values`",
        ),
        (
            format!("{}system = \"s\"\n", messages("{ role = \"user\", text = \"t\" }")),
            "`models.m` has `system` and `messages`; say the system's message in `messages`",
        ),
    ]);
}

#[test]
fn a_server_that_cannot_be_started_so_is_refused() {
    refused_pools(&[
        (server("engine = \"vllm\""), "`servers.s`: `model` must be given for engine `vllm`"),
        (
            server("engine = \"vllm\"\nmodel = \"org/m\"\nargs = [\"--port\", \"1\"]"),
            "`servers.s`: `args` must not have `--port`: a free port is chosen when the server starts",
        ),
        (
            server("engine = \"vllm\"\nmodel = \"org/m\"\ncontext = 0"),
            "`servers.s`: `context` must be at least 1, found: 0",
        ),
        (
            server("engine = \"llama.cpp\"\nmodel = \"m.gguf\"\ngpu_memory_gib = 8"),
            "`servers.s`: `gpu_memory_gib` without GPUs; set `gpus`",
        ),
        (
            server("engine = \"command\"\ncommand = [\"serve\"]"),
            "`servers.s`: `command` must say with `{port}` where the port goes",
        ),
        (
            server("engine = \"vllm\"\nmodel = \"org/m\"").replace("servers.s", "servers.\"../s\""),
            "`servers.../s`: its name is also a file's: letters, digits, `-`, `_` and `.`, the first no sign",
        ),
    ]);
}

#[test]
fn a_secret_in_a_file_is_refused_and_not_repeated() {
    let env = "must be the name of an environment variable (A-Z, 0-9, `_`) that holds the key; a key itself never belongs into a file";
    let header = "holds a secret: give it as `{ env = \"NAME\" }`, with the environment variable that has it";
    let command = "the command is recorded; keys are given by the environment";
    let cases = [
        (model(&format!("key_env = \"{SECRET}\"")), format!("`models.m.key_env` {env}")),
        (model(&format!("headers = {{ x-api-key = \"{SECRET}\" }}")), format!("`models.m.headers.x-api-key` {header}")),
        (model(&format!("headers = {{ X-Gateway-Token = \"{SECRET}\" }}")), format!("`models.m.headers.X-Gateway-Token` {header}")),
        (model(&format!("headers = {{ x-gateway = \"Bearer {SECRET}\" }}")), format!("`models.m.headers.x-gateway` {header}")),
        (model(&format!("headers = {{ x-gateway = {{ env = \"{SECRET}\" }} }}")), format!("`models.m.headers.x-gateway` {env}")),
        (model(&format!("headers = {{ x-gateway = {{ value = \"{SECRET}\" }} }}")), "line 4: a header must be a text, or `{ env = \"NAME\" }` with the variable that holds it".into()),
        (model(&format!("headers = \"Authorization: Bearer {SECRET}\"")), "line 4: invalid type: a text, expected a map".into()),
        (model(&format!("extra_body = {{ api_key = \"{SECRET}\" }}")), "`models.m.extra_body.api_key` holds a secret; give keys with `key_env` or `headers`".into()),
        (instead("localhost:9", &format!("user:{SECRET}@localhost:9")), "`models.m.base_url` has a name or a password in it; a key belongs into an environment variable, see `key_env`".into()),
        (instead("/v1", &format!("/v1?key={SECRET}")), "`models.m.base_url` has a `?` or `#` part; a base URL ends with its path, such as `/v1`".into()),
        (server(&format!("engine = \"vllm\"\nmodel = \"org/m\"\nargs = [\"--api-key={SECRET}\"]")), format!("`servers.s`: `args` must not have `--api-key`: {command}")),
        (server(&format!("engine = \"command\"\ncommand = [\"serve\", \"{{port}}\", \"--hf-token\", \"{SECRET}\"]")), format!("`servers.s`: `command` must not have `--hf-token`: {command}")),
        (server(&format!("engine = \"vllm\"\nmodel = \"org/m\"\nenv = {{ HF_TOKEN = \"{SECRET}\" }}")), "`servers.s.env.HF_TOKEN` holds a secret; set it where the collector is started, whose environment servers have too".into()),
    ];
    refused_pools(&cases.each_ref().map(|(pool, reason)| (pool.clone(), reason.as_str())));
    let scratch = Scratch::new();
    scratch.write("pool.toml", model(&format!("api_key = \"{SECRET}\"")));
    let ran = scratch.routerlab(COLLECT);
    assert!(ran.stderr.contains("unknown field `api_key`") && ran.stderr.contains("`key_env`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
}

#[test]
fn headers_and_keys_that_get_into_each_others_way_are_refused() {
    let elsewhere = "without `defaults.base_url`: a secret is sent to the address beside it; say it in each model";
    refused_pools(&[
        (model("headers = { \"x y\" = \"1\" }"), "`models.m.headers.x y` is no name of a header"),
        (model("headers = { Host = \"h\" }"), "`models.m.headers.Host` is set by the collector itself"),
        (model("headers = { x-a = \"a\\nb\" }"), "`models.m.headers.x-a` has a control character"),
        (
            model("headers = { X-A = \"1\", x-a = \"2\" }"),
            "`models.m.headers.x-a` is there twice: case does not tell headers apart",
        ),
        (
            model("key_env = \"K\"\nheaders = { Authorization = { env = \"L\" } }"),
            "`models.m.headers.Authorization` and `key_env` are the same header; remove one of them",
        ),
        (model("[defaults]\nkey_env = \"K\""), &format!("`defaults.key_env` {elsewhere}")),
        (
            model("[defaults]\nheaders = { x-team = { env = \"K\" } }"),
            &format!("`defaults.headers.x-team` {elsewhere}"),
        ),
    ]);
}
