//! Everything that looks for an answer in what a model wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use routerlab_answers::labelled::{Payload, labelled};
use routerlab_answers::{boxed, label, letter, markdown, thinking};

fuzz_target!(|text: &str| {
    for payload in [Payload::LetterTo('J'), Payload::Line] {
        let found = labelled(text, payload);
        assert!(text.contains(found));
    }
    assert!(boxed::first_box(text).is_none_or(|found| text.contains(found)));
    assert!(boxed::last_box(text).is_none_or(|found| text.contains(found)));
    assert!(text.ends_with(thinking::after_thinking(text)));
    let plain = markdown::plain(text);
    assert!(label::last_labelled_line(&plain).is_none_or(|found| plain.contains(found)));
    assert!(letter::answer(text, 'J', &["one".to_owned(), "two".to_owned()]).is_none_or(|found| ('A'..='J').contains(&found)));
});
