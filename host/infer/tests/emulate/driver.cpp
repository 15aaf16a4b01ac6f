// A CUDA driver for tests: two devices whose memory is the host's and whose work is done at once. A module is a library that
// `nvrtc.cpp` made of the kernels. Memory ends at a page that nobody may touch, so a kernel that leaves it is stopped.

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <time.h>

typedef int Status;
typedef uint64_t Address;
struct Function {
    void (*start)(const unsigned*, void**);
    unsigned shared;
};

static std::mutex lock;
static std::map<Address, size_t> memory;
static thread_local uintptr_t context;

// What the device says; enough for what the tests allocate in truth.
static size_t all_bytes() {
    const char* mib = getenv("EMULATED_MIB");
    return (size_t)(mib ? atoi(mib) : 2) << 20;
}

extern "C" {
Status cuInit(unsigned) { return 0; }
Status cuDriverGetVersion(int* version) { return *version = 12040, 0; }
Status cuDeviceGet(int* device, int number) { return *device = number, 0; }
Status cuDeviceGetCount(int* count) { return *count = 2, 0; }
Status cuDeviceGetName(char* name, int bytes, int) { return strncpy(name, "Emulated", bytes), 0; }
Status cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = all_bytes(), 0; }
Status cuDeviceGetAttribute(int* value, int attribute, int) {
    const char* capability = getenv("EMULATED_CAPABILITY");
    int both = capability ? atoi(capability) : 80;
    return *value = attribute == 75 ? both / 10 : attribute == 76 ? both % 10 : 0, 0;
}
Status cuDevicePrimaryCtxRetain(uintptr_t* made, int device) { return *made = device + 1, 0; }
Status cuDevicePrimaryCtxRelease_v2(int) { return 0; }
Status cuCtxGetCurrent(uintptr_t* current) { return *current = context, 0; }
Status cuCtxSetCurrent(uintptr_t current) { return context = current, 0; }
Status cuCtxSynchronize() { return 0; }
Status cuMemGetInfo_v2(size_t* free, size_t* total) { return *free = *total = all_bytes(), 0; }

Status cuMemAlloc_v2(Address* to, size_t bytes) {
    if (!context) return 201;
    std::lock_guard<std::mutex> guard(lock);
    const size_t page = 4096, pages = (bytes + page - 1) / page * page;
    char* start = (char*)mmap(nullptr, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(start + pages, page, PROT_NONE);
    memset(start, 0xee, pages);
    *to = (Address)(start + pages - (bytes + 15) / 16 * 16);
    memory[*to] = bytes;
    return 0;
}
Status cuMemFree_v2(Address at) {
    std::lock_guard<std::mutex> guard(lock);
    const size_t page = 4096, pages = (memory[at] + page - 1) / page * page;
    munmap((char*)(at / page * page), pages + page);
    memory.erase(at);
    return 0;
}
Status cuMemsetD8Async(Address to, unsigned char value, size_t bytes, void*) {
    return memset((void*)to, value, bytes), 0;
}
Status cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, void*) {
    return memcpy((void*)to, from, bytes), 0;
}
Status cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, void*) {
    return memcpy(to, (void*)from, bytes), 0;
}
Status cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void*) {
    return memcpy((void*)to, (void*)from, bytes), 0;
}
Status cuMemHostAlloc(void** to, size_t bytes, unsigned) { return *to = aligned_alloc(64, (bytes + 63) / 64 * 64), 0; }
Status cuMemFreeHost(void* at) { return free(at), 0; }
Status cuStreamCreate(uintptr_t* made, unsigned) { return *made = 7, 0; }
Status cuStreamDestroy_v2(uintptr_t) { return 0; }
Status cuStreamSynchronize(uintptr_t) { return 0; }
Status cuStreamWaitEvent(uintptr_t, uintptr_t, unsigned) { return 0; }
Status cuEventCreate(timespec** made, unsigned) { return *made = new timespec(), 0; }
Status cuEventRecord(timespec* event, uintptr_t) { return clock_gettime(CLOCK_MONOTONIC, event); }
Status cuEventSynchronize(timespec*) { return 0; }
Status cuEventDestroy_v2(timespec* event) { return delete event, 0; }
Status cuEventElapsedTime(float* to, timespec* a, timespec* b) {
    return *to = (b->tv_sec - a->tv_sec) * 1e3f + (b->tv_nsec - a->tv_nsec) * 1e-6f, 0;
}
Status cuModuleLoadData(void** made, const char* path) { return (*made = dlopen(path, RTLD_NOW)) ? 0 : 200; }
Status cuModuleUnload(void*) { return 0; }
Status cuModuleGetFunction(Function** made, void* module, const char* name) {
    void* start = dlsym(module, (std::string("start_") + name).c_str());
    if (!start) return 500;
    *made = new Function{(void (*)(const unsigned*, void**))start, 48 << 10};
    return 0;
}
Status cuFuncSetAttribute(Function* function, int attribute, int value) {
    if (attribute == 8) function->shared = value;
    return 0;
}
Status cuLaunchKernel(Function* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned, unsigned,
                      unsigned shared, void*, void** arguments, void**) {
    if (x == 0 || y > 65535 || threads > 1024 || shared > function->shared) return 1;
    const char* failing = getenv("EMULATED_FAILURE");
    static int launches;
    std::lock_guard<std::mutex> guard(lock);
    if (failing && ++launches > atoi(failing)) return 719;
    unsigned shape[5] = {x, y, z, threads, shared};
    function->start(shape, arguments);
    return 0;
}
}
