// Attention by tensor cores: softmax(scale queries keys^T [+ relative]) values, tile by tile of keys with a running maximum,
// over texts that lie one behind the other without padding. A block: QUERIES queries of one text and one head.
//
// HEADS, KV_HEADS; HEAD: width of a head, a multiple of 8; PADDED: the next of 32, 64, 128; QKV_WIDTH; CAUSAL; RELATIVE:
// there is a table of biases; MAX_TOKENS; QUERIES = 16 x BANDS x 4 warps.
//
// Tiles of keys begin at the text's first token, so the order of a row's sums depends on its text alone.

#if TENSOR_CORES
#define KEYS 64
#define BANDS (QUERIES / 64)
#define STEPS (PADDED / 16)
#define TILE_NUMBERS (KEYS * PADDED)

// Where a chunk of eight numbers of a row lies in a tile: turned so that eight rows' chunks lie in different banks.
INSIDE int in_tile(int row, int chunk) {
#if PADDED == 32
    return row * PADDED + ((chunk ^ (row >> 1 & 3)) * 8);
#else
    return row * PADDED + ((chunk ^ (row & 7)) * 8);
#endif
}

// Begins to fetch keys and values; zeros behind the text's end, since 0 x NaN of a neighbour would not be 0.
INSIDE void fetch(Number* keys, Number* values, const Number* k, const Number* v, int from, int length) {
    for (int i = threadIdx.x; i < TILE_NUMBERS / 8; i += 128) {
        int row = i / (PADDED / 8), chunk = i % (PADDED / 8);
        bool there = from + row < length && chunk * 8 < HEAD;
        u64 place = there ? (u64)(from + row) * QKV_WIDTH + chunk * 8 : 0;
        copy_16(keys + in_tile(row, chunk), k + place, there);
        copy_16(values + in_tile(row, chunk), v + place, there);
    }
    end_of_group();
}

// `tiles`: first row of the text, its length, the first query, for each block. `scale` and `relative` are in powers of 2.
KERNEL __launch_bounds__(128) attention(const Number* qkv, Number* result, const u32* tiles, const float* relative,
                                        float scale) {
    DYNAMIC_SHARED(memory);
    Number* keys = (Number*)memory;
    Number* values = keys + 2 * TILE_NUMBERS;
    const u32* tile = tiles + blockIdx.x * 3;
    const int first = tile[0], length = tile[1], start = tile[2];
    const int head = blockIdx.y, kv_head = head / (HEADS / KV_HEADS);
    const int lane = threadIdx.x % 32, group = lane / 4, quad = lane % 4;
    const int mine = start + threadIdx.x / 32 * (16 * BANDS);
    const Number* q = qkv + (u64)first * QKV_WIDTH + head * HEAD;
    const Number* k = qkv + (u64)first * QKV_WIDTH + (HEADS + kv_head) * HEAD;
    const Number* v = k + KV_HEADS * HEAD;

    const int seen = CAUSAL && start + QUERIES < length ? start + QUERIES : length;
    const int count = (seen + KEYS - 1) / KEYS;
    fetch(keys, values, k, v, 0, length);

    u32 query[BANDS][STEPS][4];
    float sums[BANDS][PADDED / 8][4], top[BANDS][2], total[BANDS][2];
#pragma unroll
    for (int band = 0; band < BANDS; band++) {
#pragma unroll
        for (int step = 0; step < STEPS; step++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = mine + band * 16 + group + i % 2 * 8, column = step * 16 + i / 2 * 8 + quad * 2;
                bool there = row < length && column < HEAD;
                query[band][step][i] = there ? *(const u32*)(q + (u64)row * QKV_WIDTH + column) : 0;
            }
#pragma unroll
        for (int n = 0; n < PADDED / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) sums[band][n][i] = 0.0f;
        top[band][0] = top[band][1] = -INFINITE;
        total[band][0] = total[band][1] = 0.0f;
    }

    for (int number = 0; number < count; number++) {
        const int from = number * KEYS;
        if (number + 1 < count) {
            int next = (number + 1) % 2 * TILE_NUMBERS;
            fetch(keys + next, values + next, k, v, from + KEYS, length);
            wait_for_groups<1>();
        } else {
            wait_for_groups<0>();
        }
        __syncthreads();
        if (mine < length) {
            const Number* key_tile = keys + number % 2 * TILE_NUMBERS;
            const Number* value_tile = values + number % 2 * TILE_NUMBERS;
            float score[BANDS][KEYS / 8][4];
#pragma unroll
            for (int band = 0; band < BANDS; band++)
#pragma unroll
                for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                    for (int i = 0; i < 4; i++) score[band][n][i] = 0.0f;
#pragma unroll
            for (int step = 0; step < STEPS; step++)
#pragma unroll
                for (int pair = 0; pair < KEYS / 16; pair++) {
                    u32 right[4];
                    int row = pair * 16 + lane % 8 + lane / 16 * 8;
                    load_matrices(right, key_tile + in_tile(row, step * 2 + lane / 8 % 2));
#pragma unroll
                    for (int band = 0; band < BANDS; band++) {
                        multiply_add(score[band][2 * pair], query[band][step], right[0], right[1]);
                        multiply_add(score[band][2 * pair + 1], query[band][step], right[2], right[3]);
                    }
                }

            const bool edge = from + KEYS > length || (CAUSAL && from + KEYS - 1 > mine);
            const float factor = RELATIVE ? 1.0f : scale;
#pragma unroll
            for (int band = 0; band < BANDS; band++) {
                if (RELATIVE || edge) {
#pragma unroll
                    for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            int key = from + n * 8 + quad * 2 + i % 2;
                            int row = mine + band * 16 + group + i / 2 * 8;
                            bool visible = key < length && !(CAUSAL && key > row);
#if RELATIVE
                            int near = row < length ? row : length - 1;
                            u64 place = (u64)head * (2 * MAX_TOKENS - 1) + (key - near + MAX_TOKENS - 1);
                            if (visible) score[band][n][i] = score[band][n][i] * scale + relative[place];
#endif
                            if (!visible) score[band][n][i] = -INFINITE;
                        }
                }
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    float highest = top[band][half];
#pragma unroll
                    for (int n = 0; n < KEYS / 8; n++)
                        highest = fmaxf(highest, fmaxf(score[band][n][2 * half], score[band][n][2 * half + 1]));
                    highest = fmaxf(highest, from_lane_across(highest, 1));
                    highest = fmaxf(highest, from_lane_across(highest, 2));
                    float less = quick_power((top[band][half] - highest) * factor), sum = 0.0f;
                    top[band][half] = highest;
#pragma unroll
                    for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                        for (int i = 2 * half; i < 2 * half + 2; i++) {
                            score[band][n][i] = quick_power(fmaf(score[band][n][i], factor, -highest * factor));
                            sum += score[band][n][i];
                        }
                    total[band][half] = total[band][half] * less + sum;
#pragma unroll
                    for (int n = 0; n < PADDED / 8; n++) {
                        sums[band][n][2 * half] *= less;
                        sums[band][n][2 * half + 1] *= less;
                    }
                }
            }

#pragma unroll
            for (int pair = 0; pair < KEYS / 16; pair++) {
                u32 left[BANDS][4];
#pragma unroll
                for (int band = 0; band < BANDS; band++)
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        const float(&part)[4] = score[band][2 * pair + i / 2];
                        left[band][i] = pack(part[i % 2 * 2], part[i % 2 * 2 + 1]);
                    }
#pragma unroll
                for (int step = 0; step < STEPS; step++) {
                    u32 right[4];
                    load_matrices_transposed(right, value_tile + in_tile(pair * 16 + lane % 16, step * 2 + lane / 16));
#pragma unroll
                    for (int band = 0; band < BANDS; band++) {
                        multiply_add(sums[band][2 * step], left[band], right[0], right[1]);
                        multiply_add(sums[band][2 * step + 1], left[band], right[2], right[3]);
                    }
                }
            }
        }
        __syncthreads();
    }

#pragma unroll
    for (int band = 0; band < BANDS; band++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = total[band][half];
            sum += from_lane_across(sum, 1);
            sum += from_lane_across(sum, 2);
            float inverse = 1.0f / sum;
            int row = mine + band * 16 + group + half * 8;
            if (row >= length) continue;
            Number* to = result + (u64)(first + row) * (HEADS * HEAD) + head * HEAD + quad * 2;
#pragma unroll
            for (int n = 0; n < PADDED / 8; n++)
                if (n * 8 < HEAD)
                    *(u32*)(to + n * 8) =
                        pack(sums[band][n][2 * half] * inverse, sums[band][n][2 * half + 1] * inverse);
        }
}
#endif
