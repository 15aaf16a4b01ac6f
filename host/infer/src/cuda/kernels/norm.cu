// Tokens to vectors, and what stands between products: residual sums and normalisations.
//
// HIDDEN; NORM_FIRST: layers normalise what they read, by root mean square, and the stream between layers is f32; else they
// normalise what they wrote, by mean and variance. LEARNED: a table of positions is added to the words. ROW_WARPS: warps
// that share a row. Sums have one order, whatever the row.

#define ROW_THREADS (32 * ROW_WARPS)
#define ROWS_A_BLOCK (4 / ROW_WARPS)
#define CHUNKS_OF_ROW (HIDDEN / 8)
#define CHUNKS_OF_THREAD ((CHUNKS_OF_ROW + ROW_THREADS - 1) / ROW_THREADS)

#if NORM_FIRST
typedef float Stream;
#else
typedef Number Stream;
#endif

// The sum over a row's threads, the same bits in each of them.
INSIDE float row_sum(float value) {
    for (int distance = 16; distance > 0; distance /= 2) value += from_lane_across(value, distance);
#if ROW_WARPS > 1
    __shared__ float parts[4];
    int warp = threadIdx.x / 32;
    if (threadIdx.x % 32 == 0) parts[warp] = value;
    __syncthreads();
    int first = warp / ROW_WARPS * ROW_WARPS;
    value = parts[first];
    for (int other = 1; other < ROW_WARPS; other++) value += parts[first + other];
    __syncthreads();
#endif
    return value;
}

// A thread's part of a row: chunks of eight numbers, `ROW_THREADS` chunks apart.
struct Part {
    float values[CHUNKS_OF_THREAD][8];

    INSIDE static int row() { return blockIdx.x * ROWS_A_BLOCK + threadIdx.x / ROW_THREADS; }
    INSIDE static int chunk(int number) { return number * ROW_THREADS + threadIdx.x % ROW_THREADS; }

    INSIDE void normalise(const float* weight, const float* bias, float epsilon) {
        float mean = 0.0f;
#if !NORM_FIRST
        float sum = 0.0f;
        for (int number = 0; number < CHUNKS_OF_THREAD; number++)
            for (int i = 0; i < 8; i++) sum += values[number][i];
        mean = row_sum(sum) / HIDDEN;
#endif
        float squares = 0.0f;
        for (int number = 0; number < CHUNKS_OF_THREAD; number++)
            if (chunk(number) < CHUNKS_OF_ROW)
                for (int i = 0; i < 8; i++) squares += (values[number][i] - mean) * (values[number][i] - mean);
        float scale = 1.0f / sqrtf(row_sum(squares) / HIDDEN + epsilon);
        for (int number = 0; number < CHUNKS_OF_THREAD; number++) {
            if (chunk(number) >= CHUNKS_OF_ROW) continue;
            float weights[8];
            load_8(weights, weight + chunk(number) * 8);
            for (int i = 0; i < 8; i++) values[number][i] = (values[number][i] - mean) * scale * weights[i];
#if !NORM_FIRST
            load_8(weights, bias + chunk(number) * 8);
            for (int i = 0; i < 8; i++) values[number][i] += weights[i];
#endif
        }
    }

    // this = the row of `stream` (+ that of `change`); zeros beyond the last row, whose threads take part in sums.
    INSIDE void load(const Stream* stream, const Number* change, int rows) {
        for (int number = 0; number < CHUNKS_OF_THREAD; number++) {
            for (int i = 0; i < 8; i++) values[number][i] = 0.0f;
            if (row() >= rows || chunk(number) >= CHUNKS_OF_ROW) continue;
            u64 place = (u64)row() * HIDDEN + chunk(number) * 8;
            float changes[8];
            load_8(values[number], stream + place);
            load_8(changes, change + place);
            for (int i = 0; i < 8; i++) values[number][i] += changes[i];
        }
    }

    template <class To>
    INSIDE void store(To* to, int rows) const {
        for (int number = 0; number < CHUNKS_OF_THREAD; number++)
            if (row() < rows && chunk(number) < CHUNKS_OF_ROW)
                store_8(to + (u64)row() * HIDDEN + chunk(number) * 8, values[number]);
    }
};

// Words (and positions) of tokens. Normalising last: stream = norm(sum). Normalising first: stream = sum and
// normal = norm(sum), with the first layer's weights.
KERNEL __launch_bounds__(128) embed(const u32* tokens, const u32* places, int rows, const Number* words,
                                    const Number* positions, const float* weight, const float* bias, float epsilon,
                                    Stream* stream, Number* normal) {
    Part part;
    for (int number = 0; number < CHUNKS_OF_THREAD; number++) {
        for (int i = 0; i < 8; i++) part.values[number][i] = 0.0f;
        if (Part::row() >= rows || Part::chunk(number) >= CHUNKS_OF_ROW) continue;
        load_8(part.values[number], words + (u64)tokens[Part::row()] * HIDDEN + Part::chunk(number) * 8);
#if LEARNED
        float others[8];
        load_8(others, positions + (u64)places[Part::row()] * HIDDEN + Part::chunk(number) * 8);
        for (int i = 0; i < 8; i++) part.values[number][i] += others[i];
#endif
    }
#if NORM_FIRST
    part.store(stream, rows);
    part.normalise(weight, bias, epsilon);
    part.store(normal, rows);
#else
    part.normalise(weight, bias, epsilon);
    part.store(stream, rows);
#endif
}

// After a product. Normalising last: stream = norm(stream + change). Normalising first: stream += change and then
// change = norm(stream).
KERNEL __launch_bounds__(128) add_norm(Stream* stream, Number* change, const float* weight, const float* bias,
                                       float epsilon, int rows) {
    Part part;
    part.load(stream, change, rows);
#if NORM_FIRST
    part.store(stream, rows);
    part.normalise(weight, bias, epsilon);
    part.store(change, rows);
#else
    part.normalise(weight, bias, epsilon);
    part.store(stream, rows);
#endif
}

// After the last product: result = norm(stream + change), in f32 whatever the precision.
KERNEL __launch_bounds__(128) add_norm_last(const Stream* stream, const Number* change, const float* weight,
                                            const float* bias, float epsilon, int rows, float* result) {
    Part part;
    part.load(stream, change, rows);
    part.normalise(weight, bias, epsilon);
    part.store(result, rows);
}
