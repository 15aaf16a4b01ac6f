//! The CUDA encoder on a GPU: every family against plain loops on the CPU, which takes each of its kernels and products along
//! their forms, and the bits of vectors in random batches. Skips by name without a device.

#![allow(clippy::print_stderr, reason = "figures of a check, and why it is skipped")]

use routerlab_infer::{Pooling, Precision, gpus};

mod twin;
use twin::Model;
use twin::checks::{LENGTHS, agrees, is_invariant, opened, overflow_stays_in_its_text};

/// Precisions of the first device; none, and why on the terminal, where there is no device.
fn precisions(test: &str) -> Vec<Precision> {
    match gpus() {
        Ok(gpus) if gpus[0].capability.0 >= 8 => vec![Precision::F32, Precision::F16, Precision::Bf16],
        Ok(_) => vec![Precision::F32, Precision::F16],
        Err(error) => {
            eprintln!("skipped `{test}`: {error}");
            Vec::new()
        }
    }
}

fn check(test: &str, model: &Model, pooling: Pooling) {
    for precision in precisions(test) {
        let on = opened(model, pooling, &[0], precision);
        let off = agrees(model, &on, pooling, precision, &LENGTHS);
        eprintln!("{} heads {} wide, {precision:?}, {} rows: off by {off:.1e}", model.family, model.head, on.rows());
        is_invariant(&on, &LENGTHS, 20);
    }
}

#[test]
fn bert() {
    check("bert", &Model::new("bert", [2, 2, 32], [64, 128, 2, 160], "gelu"), Pooling::Mean);
    check("bert", &Model::new("bert", [4, 4, 64], [256, 512, 2, 160], "gelu"), Pooling::Cls);
}

#[test]
fn roberta() {
    check("roberta", &Model::new("roberta", [4, 4, 16], [64, 96, 2, 160], "gelu_new"), Pooling::Cls);
}

#[test]
fn mpnet() {
    check("mpnet", &Model::new("mpnet", [2, 2, 48], [96, 128, 2, 160], "gelu"), Pooling::Mean);
    check("mpnet", &Model::new("mpnet", [2, 2, 12], [24, 64, 2, 160], "gelu"), Pooling::Mean);
}

#[test]
fn distilbert() {
    check("distilbert", &Model::new("distilbert", [2, 2, 128], [256, 64, 1, 160], "relu"), Pooling::Last);
}

#[test]
fn qwen2() {
    check("qwen2", &Model::new("qwen2", [4, 2, 64], [128, 96, 2, 160], "silu"), Pooling::Last);
    check("qwen2", &Model::new("qwen2", [2, 2, 32], [1032, 64, 1, 160], "silu"), Pooling::Mean);
    check("qwen2", &Model::new("qwen2", [2, 2, 32], [4104, 64, 1, 160], "silu"), Pooling::Mean);
}

#[test]
fn qwen3() {
    check("qwen3", &Model::new("qwen3", [2, 1, 128], [64, 96, 2, 160], "silu"), Pooling::Last);
    check("qwen3", &Model::new("qwen3", [4, 1, 40], [64, 96, 1, 160], "silu").both_ways(), Pooling::Mean);
}

#[test]
fn a_text_that_overflows() {
    if precisions("a_text_that_overflows").contains(&Precision::F16) {
        let model = Model::new("bert", [2, 2, 32], [64, 64, 1, 160], "gelu").with_overflow();
        overflow_stays_in_its_text(&opened(&model, Pooling::Mean, &[0], Precision::F16));
    }
}

#[test]
fn many_texts_of_every_length_on_all_devices() {
    let test = "many_texts_of_every_length_on_all_devices";
    for precision in precisions(test) {
        let model = Model::new("bert", [12, 12, 64], [768, 3072, 2, 512], "gelu");
        let devices: Vec<usize> = (0..gpus().unwrap().len()).collect();
        let on = opened(&model, Pooling::Mean, &devices, precision);
        let lengths: Vec<usize> = (0..2_000).map(|number| 1 + number * 211 % 512).collect();
        is_invariant(&on, &lengths, 3);
        agrees(&model, &on, Pooling::Mean, precision, &[1, 33, 512]);
    }
}
