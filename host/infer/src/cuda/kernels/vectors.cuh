// Eight numbers at a time. Addresses are multiples of 16 bytes: every width is a multiple of 8.

INSIDE void load_8(float (&to)[8], const float* from) {
    float4 lower = ((const float4*)from)[0], upper = ((const float4*)from)[1];
    to[0] = lower.x, to[1] = lower.y, to[2] = lower.z, to[3] = lower.w;
    to[4] = upper.x, to[5] = upper.y, to[6] = upper.z, to[7] = upper.w;
}

INSIDE void store_8(float* to, const float (&from)[8]) {
    ((float4*)to)[0] = make_float4(from[0], from[1], from[2], from[3]);
    ((float4*)to)[1] = make_float4(from[4], from[5], from[6], from[7]);
}

#if PRECISION != 0
INSIDE void load_8(float (&to)[8], const Number* from) {
    uint4 pairs = *(const uint4*)from;
    unpack(pairs.x, to[0], to[1]);
    unpack(pairs.y, to[2], to[3]);
    unpack(pairs.z, to[4], to[5]);
    unpack(pairs.w, to[6], to[7]);
}

INSIDE void store_8(Number* to, const float (&from)[8]) {
    *(uint4*)to = make_uint4(pack(from[0], from[1]), pack(from[2], from[3]), pack(from[4], from[5]),
                             pack(from[6], from[7]));
}
#endif
