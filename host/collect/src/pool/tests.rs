//! The pools that ship, against the tables of the paper's configuration; and what settings of one address are to another.

use std::path::Path;

use super::{ModelPool, SHIPPED, without_texts};
use crate::wire::Api;

/// Name, US dollars per million tokens of prompts and answers where they are known, seconds of an attempt.
type Line = (&'static str, Option<(f64, f64)>, f64);

const LIGHTWEIGHT: [Line; 20] = [
    ("DeepHermes-3-Llama-3-8B-Preview", Some((0.03, 0.11)), 1800.0),
    ("DeepSeek-R1-0528-Qwen3-8B", Some((0.03, 0.11)), 1800.0),
    ("DeepSeek-R1-Distill-Qwen-7B", Some((0.04, 0.10)), 1800.0),
    ("Fin-R1", Some((0.04, 0.10)), 300.0),
    ("GLM-Z1-9B-0414", None, 1800.0),
    ("Intern-S1-mini", Some((0.035, 0.138)), 1800.0),
    ("Llama-3.1-8B-Instruct", Some((0.015, 0.02)), 300.0),
    ("Llama-3.1-8B-UltraMedical", Some((0.015, 0.02)), 800.0),
    ("Llama-3.1-Nemotron-Nano-8B-v1", Some((0.015, 0.02)), 300.0),
    ("MiMo-7B-RL-0530", None, 1800.0),
    ("MiniCPM4.1-8B", None, 1800.0),
    ("NVIDIA-Nemotron-Nano-9B-v2", Some((0.04, 0.16)), 3600.0),
    ("OpenThinker3-7B", None, 1800.0),
    ("Qwen2.5-Coder-7B-Instruct", None, 1800.0),
    ("Qwen3-8B", Some((0.035, 0.138)), 1800.0),
    ("cogito-v1-preview-llama-8B", None, 1800.0),
    ("gemma-2-9b-it", Some((0.02, 0.036)), 300.0),
    ("glm-4-9b-chat", None, 1800.0),
    ("granite-3.3-8b-instruct", None, 1800.0),
    ("internlm3-8b-instruct", None, 1800.0),
];

const FLAGSHIP: [Line; 13] = [
    ("claude-sonnet-4", Some((3.0, 15.0)), 1800.0),
    ("deepseek-r1-0528", Some((0.5, 2.15)), 3600.0),
    ("deepseek-v3-0324", Some((0.25, 0.88)), 1800.0),
    ("deepseek-v3.1-terminus", Some((0.27, 1.0)), 1800.0),
    ("gemini-2.5-flash", Some((0.3, 2.5)), 1800.0),
    ("gemini-2.5-pro", Some((1.25, 10.0)), 1800.0),
    ("glm-4.6", Some((0.6, 2.2)), 1800.0),
    ("gpt-5", Some((1.25, 10.0)), 1800.0),
    ("gpt-5-chat", Some((1.25, 10.0)), 1800.0),
    ("intern-s1", Some((0.18, 0.54)), 1800.0),
    ("kimi-k2-0905", Some((0.5, 2.0)), 1800.0),
    ("qwen3-235b-a22b-2507", Some((0.09, 0.6)), 1800.0),
    ("qwen3-235b-a22b-thinking-2507", Some((0.3, 2.9)), 1800.0),
];

/// Models that the paper asks of one provider, in one quantization.
const PINNED: [(&str, &str, &str); 5] = [
    ("deepseek-v3.1-terminus", "novita", "fp8"),
    ("glm-4.6", "siliconflow", "fp8"),
    ("kimi-k2-0905", "deepinfra", "fp4"),
    ("qwen3-235b-a22b-2507", "novita", "fp8"),
    ("qwen3-235b-a22b-thinking-2507", "deepinfra", "fp8"),
];

fn shipped(name: &str) -> ModelPool {
    ModelPool::parse(super::shipped(name).unwrap(), Path::new("")).unwrap()
}

fn key(name: &str) -> Option<String> {
    Some(format!("value of {name}"))
}

#[test]
fn every_shipped_pool_is_read_under_its_name() {
    for (name, text) in SHIPPED {
        assert_eq!(ModelPool::parse(text, Path::new("")).unwrap().name, name);
    }
}

#[test]
fn the_papers_pools_have_its_names_prices_and_times() {
    for (name, lines) in [("lightweight", &LIGHTWEIGHT[..]), ("flagship", &FLAGSHIP[..])] {
        let pool = shipped(name);
        assert_eq!(pool.prices.as_ref().unwrap().as_of, "2026-01-30");
        let models = pool.models(None, &key).unwrap();
        let read: Vec<_> = models
            .iter()
            .map(|model| {
                let price = model.prices.map(|prices| (prices.price.input, prices.price.output));
                (model.name.as_str(), price, model.timeout.as_secs_f64())
            })
            .collect();
        assert_eq!(read, lines);
        for model in &models {
            assert_eq!((model.sampling.temperature, model.sampling.top_p), (Some(0.2), Some(1.0)), "{}", model.name);
            assert!(model.deadline > model.timeout && model.description.is_some(), "{}", model.name);
            let free = model.prices.is_some_and(|prices| prices.price.input == 0.0 || prices.price.output == 0.0);
            assert!(!free, "{}: a price that nobody knows is none, not 0", model.name);
        }
    }
}

#[test]
fn every_lightweight_model_has_a_server_of_its_own() {
    let pool = shipped("lightweight");
    assert_eq!(pool.servers.len(), 20);
    for (name, model) in &pool.models {
        assert_eq!(model.server.as_deref(), Some(name.as_str()));
        let server = &pool.servers[name.as_str()];
        // The longest prompts and thoughts of the reference did not fit into 8192 tokens.
        let context = if name.as_str() == "gemma-2-9b-it" { 8192 } else { 32_768 };
        assert_eq!(server.context, Some(context), "{name}");
        assert!(server.model.as_ref().unwrap().contains('/'), "{name}");
    }
}

#[test]
fn flagship_answers_say_what_they_cost_and_come_from_where_the_papers_came() {
    let models = shipped("flagship").models(None, &key).unwrap();
    let mut pinned = Vec::new();
    for model in &models {
        let body = &model.sampling.extra_body;
        let gateway = format!("{:?}", model.endpoint).contains("openrouter");
        assert_eq!(body.get("usage").is_some_and(|usage| usage["include"] == true), gateway, "{}", model.name);
        let secret = model.key.as_ref().map(|key| key.env.as_str());
        let expected = match model.name.as_str() {
            "deepseek-r1-0528" | "deepseek-v3-0324" => None,
            "intern-s1" => Some("INTERN_API_KEY"),
            _ => Some("OPENROUTER_API_KEY"),
        };
        assert_eq!(secret, expected, "{}", model.name);
        if let Some(provider) = body.get("provider") {
            assert_eq!(provider["allow_fallbacks"], false);
            let word = |key: &str| provider[key][0].as_str().unwrap().to_owned();
            pinned.push((model.name.as_str(), word("only"), word("quantizations")));
        }
    }
    let expected = PINNED.map(|(name, provider, form)| (name, provider.to_owned(), form.to_owned()));
    assert_eq!(pinned, expected);
    let effort =
        models.iter().filter_map(|model| Some((model.name.as_str(), model.sampling.reasoning_effort.as_deref()?)));
    assert_eq!(effort.collect::<Vec<_>>(), [("gpt-5", "medium")]);
}

#[test]
fn a_secret_of_one_address_is_not_sent_to_another() {
    let text = r#"
        name = "x"
        [defaults]
        base_url = "https://one.example/v1"
        key_env = "ONE"
        headers = { x-title = "study", x-team = { env = "TEAM" } }
        [models.here]
        [models.there]
        base_url = "https://two.example/v1"
        [models.there-with-key]
        base_url = "https://two.example/v1"
        key_env = "TWO"
        headers = { x-team = { env = "OTHER" } }
    "#;
    let pool = ModelPool::parse(text, Path::new("")).unwrap();
    let models = pool.models(None, &key).unwrap();
    let sent: Vec<_> = models
        .iter()
        .map(|model| {
            let secrets = model.secrets().map(|secret| secret.env.as_str()).collect::<Vec<_>>();
            (model.name.as_str(), secrets, model.headers.len())
        })
        .collect();
    let expected =
        [("here", vec!["ONE", "TEAM"], 1), ("there", vec![], 1), ("there-with-key", vec!["TWO", "OTHER"], 0)];
    assert_eq!(sent, expected);
    let shown = format!("{models:?}");
    assert!(!shown.contains("value of "), "a secret is not shown even where a program looks for its own mistakes");
}

#[test]
fn a_value_of_the_wrong_type_is_not_repeated() {
    let cases = [
        ("line 3: invalid type: string \"sk-1\", expected a map", "line 3: invalid type: a text, expected a map"),
        ("invalid type: string \"a\\\", expected \", expected f64", "invalid type: a text, expected f64"),
        ("line 1: missing field `name`", "line 1: missing field `name`"),
    ];
    for (said, expected) in cases {
        assert_eq!(without_texts(said), expected);
    }
    let header = "name = 'x'\n[models.m]\nbase_url = 'http://x'\nheaders = { a = { value = 'sk-1' } }";
    let said = ModelPool::parse(header, Path::new("")).unwrap_err();
    assert!(said.starts_with("line 4: a header must be a text"), "{said}");
}

#[test]
fn an_api_is_called_what_pools_call_it() {
    for api in [Api::OpenaiChat, Api::OpenaiCompletions, Api::Anthropic, Api::Google] {
        assert_eq!(serde_json::to_value(api).unwrap(), api.to_string());
    }
}

/// What is written about pools for people.
const README: &str = include_str!("../../../../datasets/pools/README.md");

#[test]
fn the_readme_has_a_line_for_every_key() {
    let places = ["", "[prices]\n", "[models.m]\n", "[models.m.price]\n", "[servers.s]\n"];
    for place in places {
        let said = ModelPool::parse(&format!("{place}no-such-key = 1\n"), Path::new("")).unwrap_err();
        let (_, keys) = said.split_once("expected one of ").or_else(|| said.split_once("expected ")).unwrap();
        for key in keys.split(['`', ',', ' ']).filter(|word| !word.is_empty() && *word != "or") {
            let written = [format!("| `{key}"), format!("| `prices.{key}`"), format!("`{key}`")];
            assert!(written.iter().any(|form| README.contains(form)), "`{key}` of `{}`", place.trim());
        }
    }
}

#[test]
fn the_pools_in_the_readme_can_be_read() {
    let blocks = README.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let pools: Vec<_> = blocks.filter(|block| block.starts_with("name = ")).collect();
    assert_eq!(pools.len(), 2);
    for text in pools {
        let pool = ModelPool::parse(text, Path::new("")).unwrap();
        pool.models(None, &key).unwrap();
    }
}
