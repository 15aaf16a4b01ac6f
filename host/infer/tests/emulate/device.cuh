// The kernels' device header for a CPU. Threads of a block are contexts that take turns; they switch where threads of a GPU
// wait for each other. What the real header does in PTX is done here by plain loops after its definition in the PTX manual.
// Memory that is being copied holds NaN until it was waited for, and a wait that can never end is an error.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define KERNEL extern "C" void
#define INSIDE inline
#define __launch_bounds__(threads)
#define __shared__ static
#define DYNAMIC_SHARED(name) unsigned char* name = emulation.shared
#define INFINITE __builtin_inff()

struct float4 {
    float x, y, z, w;
};
struct uint4 {
    u32 x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint4 make_uint4(u32 x, u32 y, u32 z, u32 w) { return {x, y, z, w}; }
inline u32 __float_as_uint(float value) {
    u32 bits;
    memcpy(&bits, &value, 4);
    return bits;
}
inline float __uint_as_float(u32 bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
inline u32 atomicAdd(u32* to, u32 value) { return std::exchange(*to, *to + value); }

// ---- Threads -------------------------------------------------------------------------------------------------------

struct Place {
    unsigned x, y, z;
};
static Place threadIdx, blockIdx;

struct Copy {
    void* to;
    const void* from;
    bool there;
};

// Where a thread left off: its stack's top, on which lie the registers that a call must keep.
typedef void* Context;

// Leaves one context and enters another. In assembly, because the system's function asks the kernel each time.
extern "C" void switch_context(Context* left, Context entered);
asm(R"(
.local switch_context
switch_context:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

struct Thread {
    Context context;
    std::vector<char> stack;
    bool done;
    std::vector<std::vector<Copy>> groups;
};

struct Warp {
    int arrived;
    u64 round;
    u32 slots[2][32][8];
};

struct Emulation {
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    Context turn;
    std::function<void()> body;
    unsigned char* shared;
    size_t current;
    int alive, arrived;
    u64 round, progress;
};
static Emulation emulation;

[[noreturn]] inline void fail(const char* what) {
    fprintf(stderr, "emulation: %s (block %u %u, thread %u)\n", what, blockIdx.x, blockIdx.y, threadIdx.x);
    abort();
}

inline void give_way() { switch_context(&emulation.threads[emulation.current].context, emulation.turn); }

inline void release_block() {
    if (emulation.arrived > 0 && emulation.arrived == emulation.alive) {
        emulation.arrived = 0;
        emulation.round++;
    }
}

inline void __syncthreads() {
    u64 round = emulation.round;
    emulation.arrived++;
    emulation.progress++;
    release_block();
    while (emulation.round == round) give_way();
}

// What each lane of the warp brings, once all have brought it.
inline u32 (*together(const u32* mine, int count))[8] {
    Warp& warp = emulation.warps[threadIdx.x / 32];
    u64 round = warp.round;
    u32(*slots)[8] = warp.slots[round % 2];
    memcpy(slots[threadIdx.x % 32], mine, count * 4);
    emulation.progress++;
    if (++warp.arrived == 32) {
        warp.arrived = 0;
        warp.round++;
    }
    while (warp.round == round) give_way();
    return slots;
}

inline void thread_main() {
    emulation.body();
    emulation.threads[emulation.current].done = true;
    emulation.alive--;
    emulation.progress++;
    release_block();
    give_way();
}

inline void run_block(unsigned count) {
    emulation.alive = count;
    emulation.arrived = 0;
    for (Warp& warp : emulation.warps) warp = {};
    for (Thread& thread : emulation.threads) {
        thread.done = false;
        thread.groups.assign(1, {});
        // Six registers, and where to return to; a function's stack is 8 off 16 when it begins.
        void** top = (void**)((uintptr_t)(thread.stack.data() + thread.stack.size()) / 16 * 16) - 8;
        top[6] = (void*)thread_main;
        thread.context = top;
    }
    while (emulation.alive > 0) {
        u64 before = emulation.progress;
        for (size_t i = 0; i < count; i++) {
            if (emulation.threads[i].done) continue;
            emulation.current = i;
            threadIdx = {(unsigned)i, 0, 0};
            switch_context(&emulation.turn, emulation.threads[i].context);
        }
        if (emulation.progress == before) fail("threads wait for each other for ever");
    }
}

template <class... A, size_t... I>
void start(void (*kernel)(A...), const unsigned* shape, void** arguments, std::index_sequence<I...>) {
    unsigned count = shape[3];
    if (emulation.threads.size() != count) {
        emulation.threads = std::vector<Thread>(count);
        for (Thread& thread : emulation.threads) thread.stack.resize(256 << 10);
        emulation.warps.resize(count / 32);
    }
    std::vector<unsigned char> shared(shape[4] + 128);
    emulation.shared = (unsigned char*)(((uintptr_t)shared.data() + 127) / 128 * 128);
    emulation.body = [&] { kernel(*(A*)arguments[I]...); };
    for (unsigned z = 0; z < shape[2]; z++)
        for (unsigned y = 0; y < shape[1]; y++)
            for (unsigned x = 0; x < shape[0]; x++) {
                memset(emulation.shared, 0xff, shape[4]);
                blockIdx = {x, y, z};
                run_block(count);
            }
}

// `shape`: three numbers of blocks, threads of a block, bytes of shared memory.
template <class... A>
void start(void (*kernel)(A...), const unsigned* shape, void** arguments) {
    start(kernel, shape, arguments, std::index_sequence_for<A...>{});
}

// ---- Numbers -------------------------------------------------------------------------------------------------------

#if PRECISION == 0
typedef float Number;
inline Number to_number(float value) { return value; }
#else
struct Number {
    u16 bits;
};
#endif
inline float to_float(float value) { return value; }
#if PRECISION == 1
inline float to_float(Number value) {
    _Float16 half;
    memcpy(&half, &value, 2);
    return (float)half;
}
inline Number to_number(float value) {
    _Float16 half = (_Float16)value;
    Number result;
    memcpy(&result, &half, 2);
    return result;
}
#elif PRECISION == 2
inline float to_float(Number value) { return __uint_as_float((u32)value.bits << 16); }
inline Number to_number(float value) {
    u32 bits = __float_as_uint(value);
    if (value != value) return {(u16)0x7fff};
    return {(u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
#endif

inline float quick_power(float x) { return exp2f(x); }
inline float quick_inverse(float x) { return 1.0f / x; }
inline float from_lane(float value, int lane) {
    u32 mine = __float_as_uint(value);
    return __uint_as_float(together(&mine, 1)[lane][0]);
}
inline float from_lane_across(float value, int distance) { return from_lane(value, threadIdx.x % 32 ^ distance); }

#if PRECISION != 0
inline u32 pack(float first, float second) {
    return (u32)to_number(first).bits | (u32)to_number(second).bits << 16;
}
inline void unpack(u32 pair, float& first, float& second) {
    first = to_float(Number{(u16)pair});
    second = to_float(Number{(u16)(pair >> 16)});
}

inline void copy_16(void* to, const void* from, bool there) {
    if ((uintptr_t)to % 16 || (uintptr_t)from % 16) fail("a copy of 16 bytes that are not aligned");
    memset(to, 0xff, 16);
    emulation.threads[emulation.current].groups.back().push_back({to, from, there});
}
inline void end_of_group() { emulation.threads[emulation.current].groups.emplace_back(); }
template <int OPEN>
void wait_for_groups() {
    auto& groups = emulation.threads[emulation.current].groups;
    while (groups.size() > OPEN + 1) {
        for (const Copy& copy : groups.front()) {
            memset(copy.to, 0, 16);
            if (copy.there) memcpy(copy.to, copy.from, 16);
        }
        groups.erase(groups.begin());
    }
}

// The lanes' rows, after a look at whether eight of a matrix lie in different banks.
inline const u16* matrix_row(u32 (*rows)[8], int matrix, int row) {
    uintptr_t address;
    memcpy(&address, rows[matrix * 8 + row], 8);
    return (const u16*)address;
}
inline u32 (*matrices(const void* row))[8] {
    u32 mine[2];
    memcpy(mine, &row, 8);
    u32(*rows)[8] = together(mine, 2);
    for (int matrix = 0; matrix < 4; matrix++) {
        u32 banks = 0;
        for (int i = 0; i < 8; i++) {
            uintptr_t address = (uintptr_t)matrix_row(rows, matrix, i);
            if (address % 16) fail("a row of a matrix that is not aligned");
            banks |= 1u << address / 16 % 8;
        }
        if (banks != 0xff) fail("rows of a matrix in the same bank");
    }
    return rows;
}
inline void load_matrices(u32 (&to)[4], const void* row) {
    u32(*rows)[8] = matrices(row);
    int lane = threadIdx.x % 32;
    for (int i = 0; i < 4; i++) memcpy(&to[i], matrix_row(rows, i, lane / 4) + 2 * (lane % 4), 4);
}
inline void load_matrices_transposed(u32 (&to)[4], const void* row) {
    u32(*rows)[8] = matrices(row);
    int lane = threadIdx.x % 32;
    for (int i = 0; i < 4; i++)
        to[i] = matrix_row(rows, i, 2 * (lane % 4))[lane / 4] |
                (u32)matrix_row(rows, i, 2 * (lane % 4) + 1)[lane / 4] << 16;
}

inline void multiply_add(float (&sum)[4], const u32 (&left)[4], u32 right_upper, u32 right_lower) {
    u32 mine[6] = {left[0], left[1], left[2], left[3], right_upper, right_lower};
    u32(*all)[8] = together(mine, 6);
    auto number = [](u32 pair, int which) { return to_float(Number{(u16)(which ? pair >> 16 : pair)}); };
    int lane = threadIdx.x % 32;
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
        float total = 0;
        for (int k = 0; k < 16; k++) {
            float a = number(all[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2);
            float b = number(all[column * 4 + k % 8 / 2][4 + k / 8], k % 2);
            total += a * b;
        }
        sum[i] += total;
    }
}
#endif
