use serde_json::{Value, json};

use crate::ask::{Message, Part, Role, Sampling};
use crate::reply::Reply;
use crate::wire::{Api, Delivery, FailureKind};

fn read(body: &Value) -> Result<Reply, String> {
    let reply = Api::OpenaiEmbeddings.reply(body.to_string().as_bytes());
    reply.map_err(|failure| {
        assert_eq!(failure.kind, FailureKind::Unreadable);
        failure.message
    })
}

fn rows(reply: &Reply) -> Vec<Vec<f32>> {
    reply.vectors.iter().flat_map(|vectors| vectors.iter().map(<[f32]>::to_vec).collect::<Vec<_>>()).collect()
}

#[test]
fn every_text_is_an_input_and_settings_lie_beside_them() {
    let parts = ["a", "", "b\n"].map(|text| Part::Text(text.into())).to_vec();
    let extra_body = json!({ "encoding_format": "float", "dimensions": 64 }).as_object().cloned().unwrap();
    let sampling = Sampling { extra_body, ..Sampling::default() };
    let message = Message { role: Role::User, parts };
    let body = Api::OpenaiEmbeddings.body("bge-m3", &[message], &sampling, Delivery::Whole);
    let expected =
        json!({ "model": "bge-m3", "input": ["a", "", "b\n"], "encoding_format": "float", "dimensions": 64 });
    assert_eq!(body, expected);
    assert_eq!(Api::OpenaiEmbeddings.path("bge-m3", Delivery::Whole), "/embeddings");
}

#[test]
fn vectors_come_in_the_order_of_the_texts_whatever_their_order_in_the_answer() {
    let body = json!({ "object": "list", "model": "m-1", "data": [
        { "object": "embedding", "index": 1, "embedding": [0.5, -2] },
        // 1.0 and -1.0, packed.
        { "object": "embedding", "index": 0, "embedding": "AACAPwAAgL8=" },
    ], "usage": { "prompt_tokens": 7, "total_tokens": 7 } });
    let reply = read(&body).unwrap();
    assert_eq!(rows(&reply), [[1.0, -1.0], [0.5, -2.0]]);
    assert_eq!((reply.usage.prompt_tokens, reply.usage.completion_tokens), (Some(7), Some(0)));
    assert_eq!(reply.provider_model.as_deref(), Some("m-1"));
    // Without numbers the order counts, and without a count of tokens there is none.
    let bare = read(&json!({ "data": [{ "embedding": [1] }, { "embedding": [2] }] })).unwrap();
    assert_eq!(rows(&bare), [[1.0], [2.0]]);
    assert_eq!((bare.usage.prompt_tokens, bare.usage.completion_tokens), (None, None));
}

#[test]
fn what_is_no_vector_is_said_and_never_filled_up() {
    let one = |embedding: Value| json!({ "data": [{ "index": 0, "embedding": embedding }] });
    let not_finite = "the vector of text 1 has something in it that is no finite number";
    let cases = [
        (json!({ "embeddings": [[1.0]] }), "there is no list `data`"),
        (one(json!([1.0, null])), not_finite),
        (one(json!([1.0, "2"])), not_finite),
        (one(json!([1e39])), not_finite),
        // A number that is none, packed.
        (one(json!("AADAfw==")), not_finite),
        (one(json!("AAA=")), "the vector of text 1 has 2 bytes, which are no numbers of four bytes"),
        (one(json!({})), "the vector of text 1 is neither a list of numbers nor a text"),
        (one(json!(null)), "the vector of text 1 is neither a list of numbers nor a text"),
        (one(json!([])), "vector 1 has no numbers"),
        (
            json!({ "data": [{ "index": 0, "embedding": [1] }, { "index": 0, "embedding": [2] }] }),
            "`data` has two vectors with the index 0",
        ),
        (json!({ "data": [{ "index": 3, "embedding": [1] }] }), "`data` has 1 vectors, one with the index 3"),
        (
            json!({ "data": [{ "index": 0, "embedding": [1] }, { "index": 1, "embedding": [2, 3] }] }),
            "vector 2 has 2 numbers, the first has 1",
        ),
    ];
    for (body, said) in cases {
        assert_eq!(read(&body).unwrap_err(), said, "{body}");
    }
}
