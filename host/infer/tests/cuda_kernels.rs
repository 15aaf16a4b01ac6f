//! Every kernel compiles to machine code, PTX included, for the devices that there are: needs CUDA's run-time compiler
//! (NVRTC), but no GPU. Skips by name without it. What the compiler says of registers and spills is printed (`--nocapture`).

#![allow(clippy::print_stderr, reason = "figures of a check, and why it is skipped")]

use routerlab_infer::cuda_testing::{compile_kernels, compiler};
use routerlab_infer::{Pooling, Precision};

mod twin;
use twin::Model;

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Bf16];

fn compiled(model: &Model, precision: Precision, capability: (i32, i32)) {
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path());
    let (bytes, log) = compile_kernels(folder.path(), Pooling::Mean, precision, capability).unwrap();
    assert!(bytes > 10_000, "{bytes} bytes of code");
    let (heads, width) = (model.head, model.hidden);
    eprintln!("sm_{}{} {precision:?} {}, heads {heads} wide of {width}:", capability.0, capability.1, model.family);
    let mut kernel = "";
    for line in log.lines() {
        if let Some(name) = line.split("entry function '").nth(1).and_then(|rest| rest.split('\'').next()) {
            kernel = name;
        }
        let interesting = line.contains("registers") || (line.contains("spill") && !line.contains(" 0 bytes spill"));
        if interesting && !kernel.is_empty() {
            eprintln!("    {kernel}: {}", line.trim().trim_start_matches("ptxas info    : "));
        }
    }
    assert!(!log.contains("warning"), "{log}");
}

/// Whether there is a compiler; says so where there is none.
fn there(test: &str) -> bool {
    let compiler = compiler();
    if let Err(error) = &compiler {
        eprintln!("{test}: skipped, {error}");
    }
    compiler.is_ok()
}

#[test]
fn kernels_compile_for_every_precision_and_width_of_a_head() {
    if !there("kernels_compile_for_every_precision_and_width_of_a_head") {
        return;
    }
    for head in [32, 64, 128] {
        let model = Model::new("bert", [256 / head, 256 / head, head], [256, 512, 1, 512], "gelu");
        for (precision, capability) in
            PRECISIONS.iter().flat_map(|&precision| [(precision, (8, 0)), (precision, (9, 0))])
        {
            compiled(&model, precision, capability);
        }
    }
}

#[test]
fn kernels_of_every_family_compile() {
    if !there("kernels_of_every_family_compile") {
        return;
    }
    let models = [
        Model::new("mpnet", [4, 4, 64], [256, 512, 1, 512], "gelu"),
        Model::new("distilbert", [2, 2, 12], [24, 64, 1, 512], "relu"),
        Model::new("roberta", [2, 2, 48], [96, 64, 1, 512], "gelu_new"),
        Model::new("qwen2", [4, 2, 64], [2056, 64, 1, 512], "silu"),
        Model::new("qwen3", [4, 2, 128], [1032, 64, 1, 512], "silu"),
        Model::new("qwen3", [2, 2, 64], [64, 64, 1, 512], "silu").both_ways(),
    ];
    for model in &models {
        for precision in PRECISIONS {
            compiled(model, precision, (9, 0));
        }
    }
    // Before tensor cores' instructions were what they are.
    compiled(&models[0], Precision::F32, (7, 5));
    compiled(&models[0], Precision::F16, (7, 5));
}
