// A run-time compiler for tests: the kernels' source with the emulated device header, by the system's C++ compiler. What it
// hands out as machine code is the path of the library that it made.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <regex>
#include <string>
#include <unistd.h>

struct Program {
    std::string source, log, path;
};

static int text(const std::string& from, char* to) { return memcpy(to, from.c_str(), from.size() + 1), 0; }

extern "C" {
int nvrtcCreateProgram(Program** made, const char* source, const char*, int, const char**, const char**) {
    return *made = new Program{source, "", ""}, 0;
}
int nvrtcDestroyProgram(Program** program) { return delete *program, *program = nullptr, 0; }

int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    std::string definitions;
    for (int i = 0; i < count; i++)
        if (!strncmp(options[i], "-D", 2)) definitions += std::string(" ") + options[i];
    std::string source = program->source;
    const char* level = getenv("EMULATED_LEVEL");
    std::string command = std::string(getenv("EMULATED_COMPILER")) + " -std=c++17 -shared -fPIC -w -fno-gnu-unique " + (level ? level : "-O1") +
                          " -I" + getenv("EMULATED_HEADERS") + definitions;
    // Only kernels that the definitions leave can be started, so they are looked for in what the preprocessor leaves.
    std::string base = std::string(getenv("EMULATED_FOLDER")) + "/" +
                       std::to_string(std::hash<std::string>{}(source + command)) + "-" + std::to_string(getpid());
    std::ofstream(base + ".cpp") << source;
    if (system((command + " -E -P " + base + ".cpp -o " + base + ".i").c_str())) return 6;
    std::ifstream left(base + ".i");
    std::string all((std::istreambuf_iterator<char>(left)), {});
    std::regex kernel("extern \"C\" void +(\\w+)\\(");
    for (std::sregex_iterator found(all.begin(), all.end(), kernel), end; found != end; ++found)
        source += "\nextern \"C\" void start_" + (*found)[1].str() +
                  "(const unsigned* shape, void** arguments) { start(" + (*found)[1].str() + ", shape, arguments); }\n";
    std::ofstream(base + ".cpp") << source;
    program->path = base + ".so";
    return system((command + " " + base + ".cpp -o " + program->path).c_str()) ? 6 : 0;
}

int nvrtcGetProgramLogSize(Program* program, size_t* bytes) { return *bytes = program->log.size() + 1, 0; }
int nvrtcGetProgramLog(Program* program, char* to) { return text(program->log, to); }
int nvrtcGetCUBINSize(Program* program, size_t* bytes) { return *bytes = program->path.size() + 1, 0; }
int nvrtcGetCUBIN(Program* program, char* to) { return text(program->path, to); }
int nvrtcGetPTXSize(Program* program, size_t* bytes) { return nvrtcGetCUBINSize(program, bytes); }
int nvrtcGetPTX(Program* program, char* to) { return text(program->path, to); }
int nvrtcGetNumSupportedArchs(int* count) { return *count = 3, 0; }
int nvrtcGetSupportedArchs(int* to) { return to[0] = 75, to[1] = 80, to[2] = 90, 0; }
}
