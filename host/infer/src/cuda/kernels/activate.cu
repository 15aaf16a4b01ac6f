// The function between the two products of a feed-forward part, in place.
//
// INNER; UP_WIDTH: numbers of a row, 2 x INNER where a gate stands before them; ACTIVATION: 0 = GELU, 1 = GELU by tanh,
// 2 = ReLU, 3 = SiLU; GATED.

INSIDE float activation(float x) {
#if ACTIVATION == 0 && PRECISION == 0
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
#elif ACTIVATION == 0
    // The normal distribution function at -|x|, by formula 7.1.26 of Abramowitz and Stegun: off by less than 1e-7, a
    // thousandth of what the half precisions keep, in a third of the instructions of erff.
    float size = fabsf(x);
    float t = quick_inverse(1.0f + 0.3275911f * 0.70710678118654752f * size);
    float series = 1.061405429f;
    series = series * t - 1.453152027f;
    series = series * t + 1.421413741f;
    series = series * t - 0.284496736f;
    series = series * t + 0.254829592f;
    float below = 0.5f * series * t * quick_power(-0.72134752044448170f * x * x);
    return x * (x < 0.0f ? below : 1.0f - below);
#elif ACTIVATION == 1
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
#elif ACTIVATION == 2
    return x > 0.0f ? x : 0.0f;
#else
    return x / (1.0f + expf(-x));
#endif
}

KERNEL __launch_bounds__(256) activate(Number* rows, int count) {
    // In 32 bits, whose division by a constant is cheap; `Shape` sees to it that they do.
    u32 chunk = blockIdx.x * 256 + threadIdx.x;
    if (chunk >= (u32)count * (INNER / 8)) return;
    Number* place = rows + (u64)(chunk / (INNER / 8)) * UP_WIDTH + chunk % (INNER / 8) * 8;
    float values[8];
    load_8(values, place);
    for (int i = 0; i < 8; i++) values[i] = activation(values[i]);
#if GATED
    float factors[8];
    load_8(factors, place + INNER);
    for (int i = 0; i < 8; i++) values[i] *= factors[i];
#endif
    store_8(place, values);
}
