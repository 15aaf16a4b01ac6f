// Queries and keys, in place: normalised by root mean square of their head (HEAD_NORMS), then rotated by their position.
// A warp a head of a row.
//
// HEADS, KV_HEADS, HEAD: width of a head; QKV_WIDTH: numbers of a row.

#if ROTARY
#define PAIRS (HEAD / 2)
#define PAIRS_OF_LANE ((PAIRS + 31) / 32)

// `turns`: for each position the cosines of its pairs, then their sines.
KERNEL __launch_bounds__(128) rotate(Number* qkv, const u32* places, int rows, const float* turns,
                                     const float* query_weight, const float* key_weight, float epsilon) {
    int warp = blockIdx.x * 4 + threadIdx.x / 32, lane = threadIdx.x % 32;
    int row = warp / (HEADS + KV_HEADS), head = warp % (HEADS + KV_HEADS);
    if (row >= rows) return;
    Number* numbers = qkv + (u64)row * QKV_WIDTH + head * HEAD;
    float first[PAIRS_OF_LANE], second[PAIRS_OF_LANE];
    for (int i = 0; i < PAIRS_OF_LANE; i++) {
        int pair = i * 32 + lane;
        first[i] = pair < PAIRS ? to_float(numbers[pair]) : 0.0f;
        second[i] = pair < PAIRS ? to_float(numbers[pair + PAIRS]) : 0.0f;
    }
#if HEAD_NORMS
    const float* weight = head < HEADS ? query_weight : key_weight;
    float squares = 0.0f;
    for (int i = 0; i < PAIRS_OF_LANE; i++) squares += first[i] * first[i] + second[i] * second[i];
    for (int distance = 16; distance > 0; distance /= 2) squares += from_lane_across(squares, distance);
    float scale = 1.0f / sqrtf(squares / HEAD + epsilon);
    for (int i = 0; i < PAIRS_OF_LANE; i++) {
        int pair = i * 32 + lane;
        if (pair >= PAIRS) continue;
        first[i] *= scale * weight[pair];
        second[i] *= scale * weight[pair + PAIRS];
    }
#endif
    for (int i = 0; i < PAIRS_OF_LANE; i++) {
        int pair = i * 32 + lane;
        if (pair >= PAIRS) continue;
        const float* turn = turns + (u64)places[row] * (2 * PAIRS) + pair;
        numbers[pair] = to_number(first[i] * turn[0] - second[i] * turn[PAIRS]);
        numbers[pair + PAIRS] = to_number(second[i] * turn[0] + first[i] * turn[PAIRS]);
    }
}
#endif
