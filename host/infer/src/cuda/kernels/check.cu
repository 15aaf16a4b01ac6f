// What a product is tried with before it is trusted: rows that occur again and again, at other places among other rows,
// must come out with the same bits everywhere.

#define KINDS 97

// Row r is of kind (r x step + shift) % KINDS; its numbers are drawn from kind and column.
INSIDE int kind_of(u64 row, int step, int shift) { return (int)((row * step + shift) % KINDS); }

// `folded` numbers of a row are those of its first half and then the same ones in reverse, times `sign`. Where one matrix of
// a product is folded with 1 and the other one with -1, every sum is 0 but for what rounding leaves, which no two orders of
// additions have in common: a difference that the results' own rounding would nearly always hide.
KERNEL __launch_bounds__(256) fill(Number* to, int rows, int columns, int step, int shift, int folded, float sign) {
    u64 place = (u64)blockIdx.x * 256 + threadIdx.x;
    if (place >= (u64)rows * columns) return;
    int column = place % columns;
    bool is_second = column < folded && column >= folded / 2;
    if (is_second) column = folded - 1 - column;
    u32 hash = (u32)kind_of(place / columns, step, shift) * 0x9e3779b1u ^ (u32)column * 0x85ebca6bu;
    hash = (hash ^ (hash >> 15)) * 0x2c1b3c6du;
    hash = (hash ^ (hash >> 12)) * 0x297a2d39u;
    hash ^= hash >> 15;
    float value = (float)(int)hash * (1.0f / 2147483648.0f);
    to[place] = to_number(is_second ? value * sign : value);
}

// Counts the numbers that differ from those of the kind's row in `expected`.
KERNEL __launch_bounds__(256) compare(const Number* found, const Number* expected, int rows, int columns, int step,
                                      int shift, u32* different) {
    u64 place = (u64)blockIdx.x * 256 + threadIdx.x;
    if (place >= (u64)rows * columns) return;
    u64 other = (u64)kind_of(place / columns, step, shift) * columns + place % columns;
#if PRECISION == 0
    bool equal = __float_as_uint(found[place]) == __float_as_uint(expected[other]);
#else
    bool equal = found[place].bits == expected[other].bits;
#endif
    if (!equal) atomicAdd(different, 1u);
}
