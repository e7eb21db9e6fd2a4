// What kernels append to files while a run goes on; see neurodiff.simulator.kernels.records.

// What is appended at some steps: a signal, the weights of a bundle, products of the synapses, their
// factors, or what was sent.
enum Kind { SIGNAL = 0, WEIGHTS = 1, PRODUCTS = 2, FACTORS = 3, EVENTS = 4 };
struct Record { int64_t start, every, stop, kind, which, size; };

inline bool due(const Record& at, int64_t step) {
    return step >= at.start && step < at.stop && (step - at.start) % at.every == 0;
}

// A file of samples, to which values are appended while this object lives. A program, which ends
// with its run, leaves its files open until then.
struct Appended {
    std::FILE* file;
    static std::FILE* opened(const int8_t* folder, int64_t number) {
        const std::string path((const char*)folder);
        return std::fopen((path + "/" + std::to_string(number)).c_str(), "ab");
    }
#ifdef NEURODIFF_PROGRAM
    Appended(const int8_t* folder, int64_t number, int64_t n_records) {
        static std::vector<std::FILE*> files(n_records, nullptr);
        if (!files[number]) files[number] = opened(folder, number);
        file = files[number];
    }
#else
    Appended(const int8_t* folder, int64_t number, int64_t) : file(opened(folder, number)) {}
    ~Appended() { if (file) std::fclose(file); }
#endif
    template <class T> void write(const T* values, int64_t n) {
        if (file) std::fwrite(values, sizeof(T), n, file);
    }
};

