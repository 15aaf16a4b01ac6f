use super::*;
use FailureKind::*;
use serde_json::json;

#[test]
fn a_failure_is_told_from_what_the_provider_says() {
    #[rustfmt::skip]
    let cases: &[(&str, u16, &str, FailureKind, &str)] = &[
        ("OpenAI, key", 401, r#"{"error":{"message":"Incorrect API key provided: sk-ab**yz.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#, KeyRefused, "Incorrect API key provided: sk-ab**yz."),
        ("OpenAI, rate", 429, r#"{"error":{"message":"Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#, RateLimited, "Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s."),
        ("OpenAI, more than a minute's tokens", 429, r#"{"error":{"message":"Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 52000.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#, Rejected, "Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 52000."),
        ("OpenAI, no money", 429, r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#, NoCredit, "You exceeded your current quota, please check your plan and billing details."),
        ("OpenAI, long", 400, r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#, ContextTooLong, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."),
        ("OpenAI, parameter", 400, r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#, Rejected, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        ("OpenAI, flagged", 400, r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#, Filtered, "Invalid prompt: your prompt was flagged as potentially violating our usage policy."),
        ("OpenAI, model", 404, r#"{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#, NoSuchModel, "The model `gpt-9` does not exist or you do not have access to it."),
        ("OpenAI, broken", 500, r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}"#, ServerError, "The server had an error while processing your request. Sorry about that!"),
        ("OpenAI, busy", 503, r#"{"error":{"message":"That model is currently overloaded with other requests.","type":"server_error","param":null,"code":null}}"#, Overloaded, "That model is currently overloaded with other requests."),
        ("Azure, filter", 400, r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}"#, Filtered, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."),
        ("Azure, rate", 429, r#"{"statusCode":429,"message":"Rate limit is exceeded. Try again in 2 seconds."}"#, RateLimited, "Rate limit is exceeded. Try again in 2 seconds."),
        ("Azure, deployment", 404, r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#, NoSuchModel, "The API deployment for this resource does not exist."),
        ("OpenRouter, no money", 402, r#"{"error":{"message":"Insufficient credits. Add more using https://openrouter.ai/settings/credits","code":402},"user_id":"user_x"}"#, NoCredit, "Insufficient credits. Add more using https://openrouter.ai/settings/credits"),
        ("OpenRouter, moderation", 403, r#"{"error":{"message":"Your chosen model requires moderation and your input was flagged for \"violence\". No credits were charged.","code":403,"metadata":{"reasons":["violence"],"flagged_input":"…","provider_name":"OpenAI"}}}"#, Filtered, "Your chosen model requires moderation and your input was flagged for \"violence\". No credits were charged."),
        ("OpenRouter, key's limit", 403, r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#, NoCredit, "Key limit exceeded (total limit)."),
        ("OpenRouter, behind it", 400, r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"too many tokens\",\"code\":\"context_length_exceeded\"}}","provider_name":"Novita"}}}"#, ContextTooLong, "Provider returned error: too many tokens"),
        ("OpenRouter, rate behind it", 429, r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"qwen/qwen3 is temporarily rate-limited upstream","provider_name":"Chutes"}}}"#, RateLimited, "Provider returned error: qwen/qwen3 is temporarily rate-limited upstream"),
        ("OpenRouter, model", 400, r#"{"error":{"message":"qwen/qwen9 is not a valid model ID","code":400}}"#, NoSuchModel, "qwen/qwen9 is not a valid model ID"),
        ("OpenRouter, images", 404, r#"{"error":{"message":"No endpoints found that support image input","code":404}}"#, Rejected, "No endpoints found that support image input"),
        ("vLLM, long", 400, r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}"#, ContextTooLong, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."),
        ("vLLM, longer", 400, r#"{"error":{"message":"The decoder prompt (length 5000) is longer than the maximum model length of 4096.","type":"BadRequestError","param":null,"code":400}}"#, ContextTooLong, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
        ("vLLM, model", 404, r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#, NoSuchModel, "The model `x` does not exist."),
        ("vLLM, key", 401, r#"{"error":"Unauthorized"}"#, KeyRefused, "Unauthorized"),
        ("SGLang, long", 400, r#"{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (8192 tokens).","type":"BadRequest","param":null,"code":400}"#, ContextTooLong, "The input (9000 tokens) is longer than the model's context length (8192 tokens)."),
        ("llama.cpp, long", 400, r#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192}}"#, ContextTooLong, "the request exceeds the available context size. try increasing the context size or enable context shift"),
        ("llama.cpp of old, long", 500, r#"{"error":{"code":500,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"server_error"}}"#, ContextTooLong, "the request exceeds the available context size. try increasing the context size or enable context shift"),
        ("llama.cpp, loading", 503, r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#, Overloaded, "Loading model"),
        ("llama.cpp, address", 404, r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#, NoSuchModel, "File Not Found"),
        ("Anthropic, busy", 529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#, Overloaded, "Overloaded"),
        ("Anthropic, rate", 429, r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 40,000 input tokens per minute."}}"#, RateLimited, "This request would exceed your organization's rate limit of 40,000 input tokens per minute."),
        ("Anthropic, long", 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215000 tokens > 200000 maximum"}}"#, ContextTooLong, "prompt is too long: 215000 tokens > 200000 maximum"),
        ("Anthropic, no money", 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}"#, NoCredit, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."),
        ("Anthropic, filter", 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#, Filtered, "Output blocked by content filtering policy"),
        ("Anthropic, key", 401, r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#, KeyRefused, "invalid x-api-key"),
        ("Anthropic, permission", 403, r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource"}}"#, KeyRefused, "Your API key does not have permission to use the specified resource"),
        ("Anthropic, model", 404, r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}"#, NoSuchModel, "model: claude-9"),
        ("Anthropic, size", 413, r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#, Rejected, "Request exceeds the maximum size"),
        ("Anthropic, time", 504, r#"{"type":"error","error":{"type":"timeout_error","message":"Request timed out"}}"#, Timeout, "Request timed out"),
        ("Google, key", 400, r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#, KeyRefused, "API key not valid. Please pass a valid API key."),
        ("Google, rate", 429, r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}]"#, RateLimited, "You exceeded your current quota, please check your plan and billing details."),
        ("Google, long", 400, r#"{"error":{"code":400,"message":"The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#, ContextTooLong, "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."),
        ("Google, busy", 503, r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#, Overloaded, "The model is overloaded. Please try again later."),
        ("Google, model", 404, r#"{"error":{"code":404,"message":"models/gemini-9 is not found for API version v1beta","status":"NOT_FOUND"}}"#, NoSuchModel, "models/gemini-9 is not found for API version v1beta"),
        ("DeepSeek, no money", 402, r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}"#, NoCredit, "Insufficient Balance"),
        ("DeepSeek, filter", 400, r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#, Filtered, "Content Exists Risk"),
        ("Alibaba, filter", 400, r#"{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}"#, Filtered, "Input data may contain inappropriate content."),
        ("a gateway, filter", 500, r#"{"error":{"message":"user sensitive words detected","type":"new_api_error","code":"sensitive_words_detected"}}"#, Filtered, "user sensitive words detected"),
        ("Moonshot, busy", 429, r#"{"error":{"message":"The engine is currently overloaded, please try again later","type":"engine_overloaded_error"}}"#, Overloaded, "The engine is currently overloaded, please try again later"),
        ("FastAPI, fields", 422, r#"{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required","input":{}},{"msg":"Input should be a valid list"}]}"#, Rejected, "Field required; Input should be a valid list"),
        ("FastAPI, address", 404, r#"{"detail":"Not Found"}"#, NoSuchModel, "Not Found"),
        ("Spring", 500, r#"{"timestamp":"2026-01-30","status":500,"error":"Internal Server Error","message":"boom","path":"/v1"}"#, ServerError, "boom"),
        ("a proxy's page", 502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>", ServerError, "502 Bad Gateway"),
        ("a proxy's line", 504, "upstream request timeout", Timeout, "upstream request timeout"),
        ("Cloudflare", 524, "error code: 524", Timeout, "error code: 524"),
        ("nothing", 500, "", ServerError, "HTTP status 500"),
        ("nothing said", 400, "{}", Rejected, "HTTP status 400"),
        ("a code alone", 400, r#"{"error":{"code":"model_not_found"}}"#, NoSuchModel, "model_not_found"),
        ("a redirect", 302, "", NoSuchModel, "HTTP status 302"),
        ("a method", 405, "Method Not Allowed", NoSuchModel, "Method Not Allowed"),
        ("a time-out", 408, "", Timeout, "HTTP status 408"),
        ("a conflict", 409, "", Conflict, "HTTP status 409"),
        ("too early", 425, "", Conflict, "HTTP status 425"),
        ("a connection lost on the way", 499, "", ServerError, "HTTP status 499"),
        ("a teapot", 418, "", Rejected, "HTTP status 418"),
        ("not even text", 500, "\u{0}\u{1b}[31m", ServerError, "[31m"),
    ];
    for (name, status, body, kind, message) in cases {
        let failure = Failure::of_status(*status, body.as_bytes());
        assert_eq!((failure.kind, failure.message.as_str()), (*kind, *message), "{name}");
    }
}

#[test]
fn a_failure_with_a_status_of_success_is_told_by_its_own_words() {
    for (body, kind) in [
        (json!({"error": {"code": 429, "message": "Provider returned error"}}), RateLimited),
        (json!({"error": {"code": "502", "message": "Provider returned error"}}), ServerError),
        (json!({"error": {"message": "Loading", "type": "unavailable_error"}}), Overloaded),
        (json!({"error": {"message": "bad", "type": "invalid_request_error"}}), Rejected),
        (json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), Overloaded),
        (json!({"type": "error", "error": {"type": "api_error", "message": "Internal"}}), ServerError),
        (json!({"object": "error", "message": "gone", "type": "NotFoundError", "code": 404}), NoSuchModel),
        (json!({"error": "something"}), ServerError),
        (json!({"error": true}), ServerError),
    ] {
        assert_eq!(Failure::inside(&body).map(|failure| failure.kind), Some(kind), "{body}");
    }
    for body in [json!({}), json!({"error": null}), json!({"error": false}), json!({"error": ""}), json!({"error": {}})]
    {
        assert_eq!(Failure::inside(&body), None, "{body}");
    }
}

#[test]
fn google_says_in_the_body_how_long_to_wait() {
    let body = json!({"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"},
    ]}});
    let failure = Failure::of_status(429, body.to_string().as_bytes());
    assert_eq!(failure.retry_after, Some(Duration::from_millis(34_500)));
}

#[test]
fn a_message_is_one_short_line_that_hides_nothing() {
    let message = |text: &str| Failure::new(Rejected, text).message;
    assert_eq!(message("  two\r\nlines\tand \u{1b}[1mmore\u{202e} "), "two lines and [1mmore");
    assert_eq!(message(&"ä".repeat(500)), "ä".repeat(500));
    assert_eq!(message(&"ä".repeat(501)), format!("{}…", "ä".repeat(499)));
    assert_eq!(message(&"x ".repeat(1 << 20)).chars().count(), 500);
}

#[test]
fn a_key_is_taken_out_of_a_message() {
    let without = |text: &str| Failure::new(KeyRefused, text).without("sk-0123456789").message;
    assert_eq!(without("Incorrect key: sk-0123456789."), "Incorrect key: [key].");
    assert_eq!(without("Incorrect key: sk-012345"), "Incorrect key: [key]");
    assert_eq!(without("Incorrect key: sk-0"), "Incorrect key: sk-0");
    let cut = without(&format!("{}sk-0123456789", "x".repeat(489)));
    assert!(!cut.contains("sk-0123"), "{cut}");
    for short in ["", "c", "none"] {
        assert_eq!(Failure::new(KeyRefused, "Incorrect, none").without(short).message, "Incorrect, none");
    }
}

#[test]
fn a_kind_has_one_word_everywhere() {
    for kind in FailureKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        assert_eq!(serde_json::from_value::<FailureKind>(kind.word().into()).unwrap(), kind);
        assert!(!(kind.is_retryable() && kind.stops_the_model()), "{kind:?}");
    }
    let stopping: Vec<_> = FailureKind::ALL.into_iter().filter(|kind| kind.stops_the_model()).collect();
    assert_eq!(stopping, [KeyRefused, NoSuchModel, NoCredit]);
    assert_eq!(Failure::new(Rejected, "bad").to_string(), "rejected: bad");
}
