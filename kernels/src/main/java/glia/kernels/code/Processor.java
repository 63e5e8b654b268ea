package glia.kernels.code;

import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand.Gpr;
import glia.kernels.code.CodePages.CodeUnavailableException;
import glia.kernels.code.CodePages.Function;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The features that the processor has and the operating system enables, by the CPUID instruction (Intel's manual,
/// volume 2).
///
/// @param features the features; unmodifiable
/// @param maker the vendor string: GenuineIntel, AuthenticAMD
/// @param family the vendor's family number, as in Linux's /proc/cpuinfo
/// @param cacheWays associativity of the L1 data cache; 0 if unknown
public record Processor(Set<Feature> features, String maker, int family, int cacheWays) {
    /// The extensions that kernels use, with the names of Linux's /proc/cpuinfo.
    public enum Feature {
        AVX2, FMA, F16C, AVX_VNNI, AVX512F, AVX512DQ, AVX512BW, AVX512VL, AVX512VBMI, AVX512_VNNI, AVX512_BF16,
        AMX_TILE, AMX_BF16, AMX_INT8;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// The bit of XCR0 for the tile configuration; the next bit is for the tile data.
    private static final int TILE_CONFIGURATION = 17;
    /// AMD's first family with Zen 5 cores.
    private static final int ZEN_5 = 26;
    /// The family number from which on CPUID has an extended family to be added.
    private static final int EXTENDED = 15;
    /// The CPUID leaves that describe caches, Intel's and AMD's, and the number of caches examined.
    private static final int CACHES = 4;
    private static final int CACHES_AMD = 0x8000001d;
    private static final int MAX_CACHES = 4;
    /// The leaf that contains the highest extended leaf, AMD's among them.
    private static final int FIRST_EXTENDED = 1 << 31;
    /// Bits 0 to 7 of a cache's description: data, level 1.
    private static final int FIRST_DATA = 1 << 5 | 1;

    private static Processor here;

    public Processor {
        features = Collections.unmodifiableSet(features);
    }

    public boolean isIntel() {
        return maker.equals("GenuineIntel");
    }

    /// Whether it is AMD's Zen 5 or later.
    public boolean isZen5() {
        return maker.equals("AuthenticAMD") && family >= ZEN_5;
    }

    /// Whether `vdpbf16ps` does more multiplications in the same time than F32 FMA. It does twice as many an
    /// instruction, but Intel's processors, which have AMX for this, take four times as long for it.
    public boolean multipliesBf16Fast() {
        return has(Feature.AVX512_BF16) && !isIntel();
    }

    public boolean has(Feature feature) {
        return features.contains(feature);
    }

    /// Why emitted code cannot run on this system at all, before any native call.
    public static Optional<String> platformObstacle() {
        String arch = System.getProperty("os.arch", "");
        String os = System.getProperty("os.name", "");
        if (!arch.equals("amd64") && !arch.equals("x86_64")) {
            return Optional.of("code is emitted for x86-64 only, and this is " + arch
                    + " (which needs an assembler and generators of its own, and a flush of the instruction cache)");
        }
        if (os.startsWith("Windows")) {
            return Optional.of("code is emitted for the System V calling convention only, not for Windows' (other "
                    + "argument registers, xmm6 to 15 to be kept, VirtualAlloc and VirtualProtect for its pages)");
        }
        return Optional.empty();
    }

    /// The current processor, detected once.
    ///
    /// @throws CodeUnavailableException if it is not an x86-64, on Windows, or if the system refuses executable memory
    public static synchronized Processor here() {
        if (here == null) {
            here = detect();
        }
        return here;
    }

    /// Detects the current processor.
    ///
    /// @throws CodeUnavailableException if it is not an x86-64, on Windows, or if the system refuses executable memory
    public static Processor detect() {
        platformObstacle().ifPresent(obstacle -> {
            throw new CodeUnavailableException(obstacle);
        });
        try (Arena arena = Arena.ofConfined()) {
            CodePages pages = CodePages.seal(arena, List.of(cpuid(), xgetbv()));
            return read(pages.function(0), pages.function(1), arena.allocate(16).address());
        }
    }

    /// The code of `(leaf, subleaf, address)`, which stores EAX, EBX, ECX and EDX at the address.
    private static byte[] cpuid() {
        var a = new Assembler();
        a.push(Gpr.RBX);
        a.mov(Gpr.R8, Gpr.RDX);
        a.mov32(Gpr.RAX, Gpr.RDI);
        a.mov32(Gpr.RCX, Gpr.RSI);
        a.cpuid();
        a.mov32(at(Gpr.R8), Gpr.RAX);
        a.mov32(at(Gpr.R8, 4), Gpr.RBX);
        a.mov32(at(Gpr.R8, 8), Gpr.RCX);
        a.mov32(at(Gpr.R8, 12), Gpr.RDX);
        a.pop(Gpr.RBX);
        a.ret();
        return a.toBytes();
    }

    /// The code that returns the registers saved by the operating system: the lower half of XCR0.
    private static byte[] xgetbv() {
        var a = new Assembler();
        a.xor(Gpr.RCX, Gpr.RCX);
        a.xgetbv();
        a.ret();
        return a.toBytes();
    }

    private static Processor read(Function cpuid, Function xgetbv, long at) {
        cpuid.call(0, 0, at, 0, 0, 0);
        int highestLeaf = Memory.i32(at);
        // EBX, EDX, ECX: four letters each.
        String maker = letters(at + 4) + letters(at + 12) + letters(at + 8);
        cpuid.call(1, 0, at, 0, 0, 0);
        int signature = Memory.i32(at);
        int family = signature >> 8 & 15;
        if (family == EXTENDED) {
            family += signature >> 20 & 255;
        }
        int one = Memory.i32(at + 8);
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        boolean savesRegisters = (one >> 27 & 1) != 0;
        long saved = savesRegisters ? xgetbv.call(0, 0, 0, 0, 0, 0) : 0;
        int ways = cacheWays(cpuid, at, highestLeaf);
        if (highestLeaf < 7 || (saved & 6) != 6) {
            return new Processor(features, maker, family, ways);
        }
        add(features, one, 12, Feature.FMA);
        add(features, one, 29, Feature.F16C);
        cpuid.call(7, 0, at, 0, 0, 0);
        int lastSubleaf = Memory.i32(at);
        int b = Memory.i32(at + 4);
        int c = Memory.i32(at + 8);
        int d = Memory.i32(at + 12);
        int a = 0;
        if (lastSubleaf >= 1) {
            cpuid.call(7, 1, at, 0, 0, 0);
            a = Memory.i32(at);
        }
        add(features, b, 5, Feature.AVX2);
        add(features, a, 4, Feature.AVX_VNNI);
        if ((saved & 0xe6) == 0xe6) {
            add(features, b, 16, Feature.AVX512F);
            add(features, b, 17, Feature.AVX512DQ);
            add(features, b, 30, Feature.AVX512BW);
            add(features, b, 31, Feature.AVX512VL);
            add(features, c, 1, Feature.AVX512VBMI);
            add(features, c, 11, Feature.AVX512_VNNI);
            add(features, a, 5, Feature.AVX512_BF16);
        }
        if ((saved >> TILE_CONFIGURATION & 3) == 3 && (d >> 24 & 1) != 0 && SystemMemory.allowTiles()) {
            add(features, d, 24, Feature.AMX_TILE);
            add(features, d, 22, Feature.AMX_BF16);
            add(features, d, 25, Feature.AMX_INT8);
        }
        return new Processor(features, maker, family, ways);
    }

    private static int cacheWays(Function cpuid, long at, int highestLeaf) {
        int ways = cacheWays(cpuid, at, CACHES, highestLeaf);
        cpuid.call(FIRST_EXTENDED, 0, at, 0, 0, 0);
        return ways > 0 ? ways : cacheWays(cpuid, at, CACHES_AMD, Memory.i32(at));
    }

    /// @param leaf a leaf that describes caches, one a subleaf
    private static int cacheWays(Function cpuid, long at, int leaf, int highestLeaf) {
        for (int i = 0; i < MAX_CACHES && Integer.compareUnsigned(leaf, highestLeaf) <= 0; i++) {
            cpuid.call(leaf, i, at, 0, 0, 0);
            if ((Memory.i32(at) & 0xff) == FIRST_DATA) {
                return (Memory.i32(at + 4) >>> 22) + 1;
            }
        }
        return 0;
    }

    private static String letters(long at) {
        byte[] four = new byte[Integer.BYTES];
        MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_BYTE, at, four, 0, four.length);
        return new String(four, StandardCharsets.US_ASCII);
    }

    private static void add(Set<Feature> features, int register, int bit, Feature feature) {
        if ((register >> bit & 1) != 0) {
            features.add(feature);
        }
    }
}
