// Matrix products for tests. Of the four algorithms that it proposes, the first splits sums, the second one sums the rows of
// the lower half in another order, and the third writes the wrong numbers, so a caller must come to the last.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

typedef void* Handle;
struct Operation {
    int transpose_a = 0, epilogue = 1;
    const void* bias = nullptr;
};
struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t stride;
};
struct Preference {
    uint32_t reduction = 7;
};
struct Algorithm {
    uint64_t number, rest[7];
};
struct Candidate {
    Algorithm algorithm;
    size_t workspace;
    int status;
    float waves;
    int reserved[4];
};

static float get(const void* from, int type, uint64_t at) {
    if (type == 0) return ((const float*)from)[at];
    if (type == 2) return (float)((const _Float16*)from)[at];
    uint32_t bits = (uint32_t)((const uint16_t*)from)[at] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
static void put(void* to, int type, uint64_t at, float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (type == 0) ((float*)to)[at] = value;
    if (type == 2) ((_Float16*)to)[at] = (_Float16)value;
    if (type == 14) ((uint16_t*)to)[at] = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

extern "C" {
int cublasLtCreate(Handle* made) { return *made = new int, 0; }
int cublasLtDestroy(Handle handle) { return delete (int*)handle, 0; }
int cublasLtMatrixLayoutCreate(Layout** made, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    return *made = new Layout{type, rows, columns, stride}, 0;
}
int cublasLtMatrixLayoutDestroy(Layout* layout) { return delete layout, 0; }
int cublasLtMatmulDescCreate(Operation** made, int compute, int scale) {
    return *made = new Operation, compute == 68 && scale == 0 ? 0 : 7;
}
int cublasLtMatmulDescDestroy(Operation* operation) { return delete operation, 0; }
int cublasLtMatmulDescSetAttribute(Operation* operation, int attribute, const void* from, size_t bytes) {
    if (attribute == 3 && bytes == 4) return memcpy(&operation->transpose_a, from, 4), 0;
    if (attribute == 7 && bytes == 4) return memcpy(&operation->epilogue, from, 4), 0;
    if (attribute == 8 && bytes == 8) return memcpy(&operation->bias, from, 8), 0;
    return 7;
}
int cublasLtMatmulPreferenceCreate(Preference** made) { return *made = new Preference, 0; }
int cublasLtMatmulPreferenceDestroy(Preference* preference) { return delete preference, 0; }
int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* from, size_t bytes) {
    if (attribute == 3 && bytes == 4) return memcpy(&preference->reduction, from, 4), 0;
    return attribute == 1 && bytes == 8 ? 0 : 7;
}
int cublasLtMatmulAlgoGetHeuristic(Handle, Operation*, Layout*, Layout*, Layout*, Layout*, Preference* preference,
                                   int room, Candidate* to, int* count) {
    if (room < 4 || preference->reduction != 0) return 7;
    const char* some = getenv("EMULATED_ALGORITHMS");
    *count = some ? atoi(some) : 4;
    for (int i = 0; i < *count; i++) to[i] = {{(uint64_t)i, {}}, 0, 0, 1, {}};
    return 0;
}
int cublasLtMatmulAlgoConfigGetAttribute(const Algorithm* algorithm, int attribute, void* to, size_t bytes,
                                         size_t* written) {
    uint32_t value = attribute == 2 ? (algorithm->number == 0 ? 2 : 1) : 0;
    return memcpy(to, &value, bytes), *written = bytes, 0;
}
int cublasLtMatmul(Handle, Operation* operation, const float* alpha, const void* a, Layout* of_a, const void* b,
                   Layout* of_b, const float* beta, const void*, Layout*, void* d, Layout* of_d,
                   const Algorithm* algorithm, void*, size_t, Handle) {
    const uint64_t depth = of_b->rows, number = algorithm ? algorithm->number : 3;
    if (operation->transpose_a != 1 || *alpha != 1 || *beta != 0 || of_a->rows != depth || of_a->columns != of_d->rows ||
        of_b->columns != of_d->columns || operation->epilogue > 4 || (operation->epilogue == 4 && !operation->bias))
        return 7;
    if (depth % 8) return 15;
    // Sums of every eighth number, so that the compiler has something to do at once.
    auto floats = [depth](const void* from, const Layout* layout) {
        std::vector<float> all(layout->columns * depth);
        for (uint64_t column = 0; column < layout->columns; column++)
            for (uint64_t k = 0; k < depth; k++) all[column * depth + k] = get(from, layout->type, column * layout->stride + k);
        return all;
    };
    const std::vector<float> left = floats(a, of_a), right = floats(b, of_b);
    for (uint64_t column = 0; column < of_d->columns; column++)
        for (uint64_t row = 0; row < of_d->rows; row++) {
            float sums[8] = {}, sum = 0;
            for (uint64_t k = 0; k < depth; k += 8)
                for (uint64_t i = 0; i < 8; i++) sums[i] += left[row * depth + k + i] * right[column * depth + k + i];
            const bool reversed = number == 1 && column >= of_d->columns / 2;
            for (uint64_t i = 0; i < 8; i++) sum += sums[reversed ? 7 - i : i];
            if (operation->epilogue == 4) sum += get(operation->bias, of_d->type, row);
            put(d, of_d->type, column * of_d->stride + row, number == 2 ? -sum : sum);
        }
    return 0;
}
}
