// The vectors of a text's tokens to one. POOLING: 0 = mean, 1 = the first, 2 = the last. A block: 32 columns of a text;
// eight threads share a column, so the order of a sum depends on the text's length alone.

KERNEL __launch_bounds__(256) pool(const float* rows, const u32* texts, float* to) {
    const int lane = threadIdx.x % 32, share = threadIdx.x / 32;
    const int column = blockIdx.y * 32 + lane;
    const int first = texts[blockIdx.x * 2], length = texts[blockIdx.x * 2 + 1];
    const float* text = rows + (u64)first * HIDDEN + column;
#if POOLING == 0
    __shared__ float parts[8][32];
    float sum = 0.0f;
    if (column < HIDDEN)
        for (int row = share; row < length; row += 8) sum += text[(u64)row * HIDDEN];
    parts[share][lane] = sum;
    __syncthreads();
    if (share != 0 || column >= HIDDEN) return;
    for (int other = 1; other < 8; other++) sum += parts[other][lane];
    to[(u64)blockIdx.x * HIDDEN + column] = sum / length;
#else
    if (share != 0 || column >= HIDDEN) return;
    to[(u64)blockIdx.x * HIDDEN + column] = text[POOLING == 1 ? 0 : (u64)(length - 1) * HIDDEN];
#endif
}
