//! Everything that looks for an answer in what a model wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use routerlab_answers::labelled::{Payload, labelled, last_labelled_line as label_line};
use routerlab_answers::{boxed, letter, markdown, thinking};

fuzz_target!(|text: &str| {
    for payload in [Payload::LetterTo('J'), Payload::Line] {
        let found = labelled(text, payload);
        assert!(text.contains(found));
    }
    assert!(boxed::first_box(text).is_none_or(|found| text.contains(found)));
    assert!(boxed::last_box(text).is_none_or(|found| text.contains(found)));
    assert!(text.ends_with(thinking::after_thinking(text)));
    let plain = markdown::plain(text);
    assert!(label_line(&plain).is_none_or(|found| plain.contains(found)));
    for last in ['D', 'J'] {
        for found in [letter::stated(&plain, last), letter::concluded(&plain, last), letter::headed(&plain, last)] {
            assert!(found.is_none_or(|found| ('A'..=last).contains(&found)));
        }
    }
});
