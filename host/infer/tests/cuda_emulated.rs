//! The CUDA encoder without a GPU: its kernels' own source, compiled for the CPU, behind a driver, a compiler and a library
//! of products that are made for it (`emulate/`). Everything runs but PTX and NVIDIA's code. Needs a C++ compiler; skips by
//! name without one.

use std::path::{Path, PathBuf};
use std::process::Command;

use routerlab_infer::cuda_testing::{device, open};
use routerlab_infer::{Pooling, Precision, gpus};

mod twin;
use twin::Model;
use twin::checks::{LENGTHS, agrees, is_invariant, opened, overflow_stays_in_its_text};

/// Builds the three libraries in a folder.
fn build(compiler: &str, folder: &Path) {
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/emulate");
    for (source, library) in
        [("driver.cpp", "libcuda.so.1"), ("nvrtc.cpp", "libnvrtc.so.12"), ("cublaslt.cpp", "libcublasLt.so.12")]
    {
        let built = Command::new(compiler)
            .args(["-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-o"])
            .arg(folder.join(library))
            .arg(sources.join(source))
            .arg("-ldl")
            .output()
            .unwrap();
        assert!(built.status.success(), "{source}: {}", String::from_utf8_lossy(&built.stderr));
    }
    std::fs::copy(folder.join("libcuda.so.1"), folder.join("libcuda.so")).unwrap();
}

/// Runs one of the ignored tests below in a process that finds these libraries only.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn emulated(name: &str, environment: &[(&str, &str)]) {
    let compiler = ["c++", "g++", "clang++"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    let Some(compiler) = compiler.filter(|_| cfg!(all(target_os = "linux", target_arch = "x86_64"))) else {
        eprintln!("{name}: skipped, no C++ compiler (on Linux for x86-64)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    build(compiler, folder.path());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env("LD_LIBRARY_PATH", folder.path())
        .env("EMULATED_COMPILER", compiler)
        .env("EMULATED_HEADERS", PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/emulate"))
        .env("EMULATED_FOLDER", folder.path())
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprintln!("{said}");
    assert!(output.status.success() && said.contains("1 passed"), "{name} failed");
}

#[test]
fn post_norm_families_agree_with_their_twins() {
    emulated("post_norm", &[]);
}

#[test]
#[ignore = "run by the test above it"]
#[allow(clippy::print_stderr, reason = "figures of a check")]
fn post_norm() {
    let models = [
        Model::new("bert", [2, 2, 32], [64, 128, 2, 160], "gelu"),
        Model::new("roberta", [4, 4, 16], [64, 96, 2, 160], "gelu_new"),
        Model::new("mpnet", [2, 2, 48], [96, 128, 2, 160], "gelu"),
        Model::new("distilbert", [1, 1, 128], [128, 64, 1, 160], "relu"),
    ];
    for (model, pooling) in models.iter().zip([Pooling::Mean, Pooling::Cls, Pooling::Mean, Pooling::Last]) {
        for precision in [Precision::F32, Precision::Bf16] {
            check(model, pooling, precision);
        }
    }
}

#[test]
fn f16_agrees_with_its_twin() {
    emulated("f16", &[]);
}

#[test]
#[ignore = "run by the test above it"]
fn f16() {
    check(&Model::new("mpnet", [2, 2, 48], [96, 128, 2, 160], "gelu"), Pooling::Mean, Precision::F16);
    check(&Model::new("bert", [2, 2, 64], [128, 64, 1, 160], "gelu"), Pooling::Cls, Precision::F16);
    let model = Model::new("bert", [2, 2, 32], [64, 64, 1, 160], "gelu").with_overflow();
    overflow_stays_in_its_text(&opened(&model, Pooling::Mean, &[0], Precision::F16));
}

#[test]
fn pre_norm_families_agree_with_their_twins() {
    emulated("pre_norm", &[("EMULATED_MIB", "3")]);
}

#[test]
#[ignore = "run by the test above it"]
fn pre_norm() {
    let models = [
        Model::new("qwen2", [4, 2, 64], [128, 96, 2, 160], "silu"),
        Model::new("qwen3", [2, 1, 128], [64, 96, 2, 160], "silu"),
        Model::new("qwen3", [4, 1, 40], [64, 96, 1, 160], "silu").both_ways(),
    ];
    for (model, pooling) in models.iter().zip([Pooling::Last, Pooling::Last, Pooling::Mean]) {
        for precision in [Precision::F32, Precision::Bf16] {
            check(model, pooling, precision);
        }
    }
}

#[test]
fn rows_that_several_warps_share_agree_with_their_twins() {
    emulated("wide", &[("EMULATED_MIB", "5")]);
}

#[test]
#[ignore = "run by the test above it"]
fn wide() {
    check(&Model::new("qwen2", [2, 2, 32], [1032, 64, 1, 160], "silu"), Pooling::Mean, Precision::Bf16);
}

#[test]
fn devices_and_heads_without_tensor_cores_agree_with_their_twins() {
    emulated("without_tensor_cores", &[("EMULATED_CAPABILITY", "75")]);
}

#[test]
#[ignore = "run by the test above it"]
fn without_tensor_cores() {
    check(&Model::new("mpnet", [2, 2, 12], [24, 64, 2, 160], "gelu"), Pooling::Mean, Precision::F16);
    let model = Model::new("bert", [1, 1, 168], [168, 64, 1, 160], "gelu");
    check(&model, Pooling::Mean, Precision::F32);
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path());
    let error = open(folder.path(), Pooling::Mean, &[0], Precision::Bf16).err().unwrap().to_string();
    let expected = "CUDA device 0 (Emulated): bf16 needs compute capability 8.0, and this is 7.5: ask for f16 or f32";
    assert_eq!(error, expected);
}

#[allow(clippy::print_stderr, reason = "figures of a check")]
fn check(model: &Model, pooling: Pooling, precision: Precision) {
    let on = opened(model, pooling, &[0], precision);
    assert_eq!(device(&on), format!("cuda {} (Emulated)", format!("{precision:?}").to_lowercase()));
    let off = agrees(model, &on, pooling, precision, &LENGTHS);
    eprintln!("{} heads {} wide, {precision:?}, {} rows: off by {off:.1e}", model.family, model.head, on.rows());
    is_invariant(&on, &LENGTHS[..8], 1);
}

#[test]
fn several_devices_share_the_work_and_compute_the_same() {
    emulated("two_devices", &[]);
}

#[test]
#[ignore = "run by the test above it"]
fn two_devices() {
    assert_eq!(gpus().unwrap().len(), 2);
    let model = Model::new("bert", [2, 2, 32], [64, 128, 1, 160], "gelu");
    let (one, two) = (opened(&model, Pooling::Mean, &[1], Precision::Bf16), [0, 1]);
    let two = opened(&model, Pooling::Mean, &two, Precision::Bf16);
    assert_eq!(device(&two), "cuda bf16 (2 x Emulated)");
    let lengths: Vec<usize> = (0..90).map(|number| 1 + number * 37 % 160).collect();
    let texts = twin::checks::texts(&lengths, 3);
    assert!(twin::checks::vectors(&one, &texts) == twin::checks::vectors(&two, &texts));
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path());
    let error = open(folder.path(), Pooling::Mean, &[0, 5], Precision::F32).err().unwrap().to_string();
    assert_eq!(error, "no CUDA device 5: there are 2, counted from 0");
}

#[test]
fn what_fails_on_a_device_is_named() {
    emulated("failing", &[("EMULATED_FAILURE", "200")]);
}

#[test]
#[ignore = "run by the test above it"]
fn failing() {
    let model = Model::new("bert", [2, 2, 32], [64, 128, 1, 160], "gelu");
    let on = opened(&model, Pooling::Mean, &[0], Precision::F32);
    let texts = twin::checks::texts(&[3; 400], 3);
    let slices: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let error = loop {
        match routerlab_infer::cuda_testing::pool(&on, &slices) {
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.starts_with("CUDA device 0: ") && error.ends_with("failed: CUDA_ERROR_LAUNCH_FAILED"), "{error}");
}

#[test]
fn algorithms_that_are_not_even_are_refused() {
    emulated("uneven", &[("EMULATED_ALGORITHMS", "3")]);
}

#[test]
#[ignore = "run by the test above it"]
fn uneven() {
    let folder = tempfile::tempdir().unwrap();
    Model::new("bert", [2, 2, 32], [64, 128, 1, 160], "gelu").write(folder.path());
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        let error = open(folder.path(), Pooling::Mean, &[0], precision).err().unwrap().to_string();
        let expected = "none of cuBLASLt's 2 without a split sum computes every row alike (2 do not)";
        assert!(error.ends_with(expected) && error.contains("x 64 x 192 failed"), "{error}");
    }
}

#[test]
fn a_model_beyond_the_memory_is_refused_with_what_would_help() {
    emulated("too_large", &[("EMULATED_MIB", "1")]);
}

#[test]
#[ignore = "run by the test above it"]
fn too_large() {
    let refused = |model: &Model| {
        let folder = tempfile::tempdir().unwrap();
        model.write(folder.path());
        open(folder.path(), Pooling::Mean, &[0], Precision::F32).err().unwrap().to_string()
    };
    let error = refused(&Model::new("bert", [2, 2, 32], [64, 512, 4, 160], "gelu"));
    assert!(error.contains("no memory for f32 of weights and a block of 256 tokens: "), "{error}");
    assert!(error.contains("f16 or bf16 in place of f32"), "{error}");
    let error = refused(&Model::new("bert", [2, 2, 32], [64, 128, 1, 2000], "gelu"));
    assert!(
        error.starts_with("texts of 2000 tokens at most want blocks of 3 MiB, and the device has 1 MiB"),
        "{error}"
    );
}
