// Attention without tensor cores: for f32, for heads of other widths and for devices before sm_80. What it computes and
// reads is what `attention_mma.cu` does. A block: QUERIES = 16 queries of one text and one head, four a warp.

#if !TENSOR_CORES
#define KEYS 32
#define QUERIES_OF_WARP (QUERIES / 4)
#define COLUMNS_OF_LANE ((HEAD + 31) / 32)

KERNEL __launch_bounds__(128) attention(const Number* qkv, Number* result, const u32* tiles, const float* relative,
                                        float scale) {
    DYNAMIC_SHARED(memory);
    // A key's row is one longer, so that lanes, each with a key of its own, read different banks.
    float* queries = (float*)memory;
    float* keys = queries + QUERIES * HEAD;
    float* values = keys + KEYS * (HEAD + 1);
    const u32* tile = tiles + blockIdx.x * 3;
    const int first = tile[0], length = tile[1], start = tile[2];
    const int head = blockIdx.y, kv_head = head / (HEADS / KV_HEADS);
    const int lane = threadIdx.x % 32, own = threadIdx.x / 32 * QUERIES_OF_WARP;
    const Number* q = qkv + (u64)first * QKV_WIDTH + head * HEAD;
    const Number* k = qkv + (u64)first * QKV_WIDTH + (HEADS + kv_head) * HEAD;
    const Number* v = k + KV_HEADS * HEAD;

    for (int i = threadIdx.x; i < QUERIES * HEAD; i += 128) {
        int row = start + i / HEAD;
        queries[i] = row < length ? to_float(q[(u64)row * QKV_WIDTH + i % HEAD]) : 0.0f;
    }
    float sums[QUERIES_OF_WARP][COLUMNS_OF_LANE], top[QUERIES_OF_WARP], total[QUERIES_OF_WARP];
    for (int i = 0; i < QUERIES_OF_WARP; i++) {
        for (int n = 0; n < COLUMNS_OF_LANE; n++) sums[i][n] = 0.0f;
        top[i] = -INFINITE;
        total[i] = 0.0f;
    }

    const int seen = CAUSAL && start + QUERIES < length ? start + QUERIES : length;
    for (int from = 0; from < seen; from += KEYS) {
        __syncthreads();
        for (int i = threadIdx.x; i < KEYS * HEAD; i += 128) {
            int row = from + i / HEAD;
            u64 place = (u64)row * QKV_WIDTH + i % HEAD;
            keys[i / HEAD * (HEAD + 1) + i % HEAD] = row < length ? to_float(k[place]) : 0.0f;
            values[i] = row < length ? to_float(v[place]) : 0.0f;
        }
        __syncthreads();
        float score[QUERIES_OF_WARP];
        for (int i = 0; i < QUERIES_OF_WARP; i++) score[i] = 0.0f;
        for (int column = 0; column < HEAD; column++) {
            float key = keys[lane * (HEAD + 1) + column];
            for (int i = 0; i < QUERIES_OF_WARP; i++)
                score[i] = fmaf(queries[(own + i) * HEAD + column], key, score[i]);
        }
        for (int i = 0; i < QUERIES_OF_WARP; i++) {
            int key = from + lane, row = start + own + i;
            bool visible = key < length && !(CAUSAL && key > row);
            float value = score[i] * scale;
#if RELATIVE
            int near = row < length ? row : length - 1;
            if (visible) value += relative[(u64)head * (2 * MAX_TOKENS - 1) + (key - near + MAX_TOKENS - 1)];
#endif
            if (!visible) value = -INFINITE;
            float highest = value;
            for (int distance = 16; distance > 0; distance /= 2)
                highest = fmaxf(highest, from_lane_across(highest, distance));
            highest = fmaxf(highest, top[i]);
            float less = exp2f(top[i] - highest);
            top[i] = highest;
            score[i] = exp2f(value - highest);
            total[i] = total[i] * less + score[i];
            for (int n = 0; n < COLUMNS_OF_LANE; n++) sums[i][n] *= less;
        }
        for (int key = 0; key < KEYS; key++) {
            float weight[QUERIES_OF_WARP];
            for (int i = 0; i < QUERIES_OF_WARP; i++) weight[i] = from_lane(score[i], key);
            for (int n = 0; n < COLUMNS_OF_LANE; n++) {
                int column = n * 32 + lane;
                float value = column < HEAD ? values[key * HEAD + column] : 0.0f;
                for (int i = 0; i < QUERIES_OF_WARP; i++) sums[i][n] = fmaf(weight[i], value, sums[i][n]);
            }
        }
    }

    for (int i = 0; i < QUERIES_OF_WARP; i++) {
        float sum = total[i];
        for (int distance = 16; distance > 0; distance /= 2) sum += from_lane_across(sum, distance);
        int row = start + own + i;
        if (row >= length) continue;
        for (int n = 0; n < COLUMNS_OF_LANE; n++) {
            int column = n * 32 + lane;
            if (column < HEAD) result[(u64)(first + row) * (HEADS * HEAD) + head * HEAD + column] = to_number(sums[i][n] / sum);
        }
    }
}
#endif
