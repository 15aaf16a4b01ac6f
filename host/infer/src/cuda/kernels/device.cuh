// Everything that is not plain C++: the number types, instructions in PTX, and what a warp does together. The tests put a
// header of the same name in its place that means the same on a CPU; the kernels themselves stay as they are.
//
// PRECISION: 0 = f32, 1 = f16, 2 = bf16.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define KERNEL extern "C" __global__ void
#define INSIDE __device__ __forceinline__
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#define INFINITE __int_as_float(0x7f800000)

// ---- Numbers -------------------------------------------------------------------------------------------------------

#if PRECISION == 0
typedef float Number;
#else
struct Number {
    u16 bits;
};
#endif

INSIDE float to_float(float value) { return value; }

#if PRECISION == 1
INSIDE float to_float(Number value) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}
INSIDE Number to_number(float value) {
    Number result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}
#elif PRECISION == 2
INSIDE float to_float(Number value) { return __uint_as_float((u32)value.bits << 16); }
INSIDE Number to_number(float value) {
    Number result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}
#else
INSIDE Number to_number(float value) { return value; }
#endif

#if PRECISION != 0
// Two numbers in a register, the first one in the lower half.
INSIDE u32 pack(float first, float second) {
#if __CUDA_ARCH__ >= 800
    u32 result;
#if PRECISION == 1
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
#else
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
#endif
    return result;
#else
    return (u32)to_number(first).bits | ((u32)to_number(second).bits << 16);
#endif
}
INSIDE void unpack(u32 pair, float& first, float& second) {
    Number lower = {(u16)(pair & 0xffffu)}, upper = {(u16)(pair >> 16)};
    first = to_float(lower);
    second = to_float(upper);
}
#endif

// ---- Instructions --------------------------------------------------------------------------------------------------

// 2 to the power of x, to about 22 bits.
INSIDE float quick_power(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// 1 / x, to about 23 bits.
INSIDE float quick_inverse(float x) {
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// The value of the lane whose number differs by the bits of `distance`.
INSIDE float from_lane_across(float value, int distance) { return __shfl_xor_sync(0xffffffffu, value, distance); }

// The value of a lane.
INSIDE float from_lane(float value, int lane) { return __shfl_sync(0xffffffffu, value, lane); }

#if PRECISION != 0 && __CUDA_ARCH__ >= 800
// 16 bytes from global to shared memory, or as many zeros; done by `copied`.
INSIDE void copy_16(void* to, const void* from, bool there) {
    u32 address = (u32)__cvta_generic_to_shared(to);
    int bytes = there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes) : "memory");
}
INSIDE void end_of_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits until this thread's groups are there but for the newest `OPEN` ones.
template <int OPEN>
INSIDE void wait_for_groups() {
    asm volatile("cp.async.wait_group %0;" ::"n"(OPEN) : "memory");
}

// Four matrices of 8 x 8: lane 8 i + j names row j of matrix i; a lane gets the numbers (lane / 4, 2 (lane % 4)) and the
// next one of the row, for each matrix.
INSIDE void load_matrices(u32 (&to)[4], const void* row) {
    u32 address = (u32)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
}
// The same of the transposed matrices.
INSIDE void load_matrices_transposed(u32 (&to)[4], const void* row) {
    u32 address = (u32)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
}

// sum += left (16 x 16) right (16 x 8), by a warp. With g = lane / 4 and t = lane % 4, a lane holds of `left` the pairs
// (g, 2t), (g + 8, 2t), (g, 2t + 8), (g + 8, 2t + 8); of `right` the pairs of rows 2t and 2t + 8 in column g; of `sum` the
// pairs (g, 2t) and (g + 8, 2t).
INSIDE void multiply_add(float (&sum)[4], const u32 (&left)[4], u32 right_upper, u32 right_lower) {
#if PRECISION == 1
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
#endif
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right_upper), "r"(right_lower));
}
#endif
