//! Draws from a normal distribution.

use routerlab_sdk::Random;

/// A number from the normal distribution with mean 0 and variance 1 (Box and Muller, 1958; one of the pair is used).
pub fn normal(random: &mut Random) -> f32 {
    // 1 - unit lies above 0, so the logarithm is finite.
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.unit()).cos()) as f32
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::Random;

    use super::normal;

    #[test]
    fn draws_have_mean_0_and_variance_1() {
        let mut random = Random::new(11);
        let drawn: Vec<f64> = (0..20_000).map(|_| f64::from(normal(&mut random))).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
