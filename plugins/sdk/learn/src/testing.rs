//! For the tests of networks (native builds only).

use routerlab_sdk::Random;

use crate::{Network, normal};

/// The largest difference, over all parameters, between the gradient that a network adds up and the slope that a small
/// step of the parameter shows, relative to the largest slope: for two rows of random inputs (`width` numbers each) and a
/// random weighing of the logits of `heads` heads as the loss.
pub fn gradient_error(network: &mut impl Network, width: usize, heads: usize, seed: u64) -> f32 {
    let mut random = Random::new(seed);
    let mut draw = |count: usize| (0..count).map(|_| normal(&mut random)).collect::<Vec<f32>>();
    let (inputs, weights) = (draw(2 * width), draw(2 * heads));
    let rows = || inputs.chunks_exact(width).zip(weights.chunks_exact(heads));
    let (mut hidden, mut logits) = (Vec::new(), vec![0.0; heads]);
    for (input, weights) in rows() {
        network.forward(input, &mut hidden, &mut logits);
        network.backward(input, &hidden, weights);
    }
    let gradients: Vec<Vec<f32>> = network.parameters().iter().map(|parameter| parameter.gradient.clone()).collect();
    let step = 1e-3_f32;
    let (mut error, mut largest) = (0.0_f32, f32::MIN_POSITIVE);
    for (at, gradients) in gradients.iter().enumerate() {
        for (place, gradient) in gradients.iter().enumerate() {
            let kept = network.parameters()[at].values[place];
            let mut loss = |value: f32| {
                network.parameters()[at].values[place] = value;
                let mut sum = 0.0;
                for (input, weights) in rows() {
                    network.forward(input, &mut hidden, &mut logits);
                    sum += logits.iter().zip(weights).map(|(logit, weight)| f64::from(logit * weight)).sum::<f64>();
                }
                sum
            };
            let slope = ((loss(kept + step) - loss(kept - step)) / f64::from(2.0 * step)) as f32;
            loss(kept);
            error = error.max((slope - gradient).abs());
            largest = largest.max(slope.abs());
        }
    }
    error / largest
}
