package glia.kernels.code;

import glia.kernels.asm.Mask;
import glia.kernels.asm.Vec;
import glia.kernels.code.Processor.Feature;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The kinds of x86-64 processors that code is emitted for, the fastest first. They differ in the width of vectors and
/// in how bytes are multiplied; generators ask the level and are otherwise the same.
public enum IsaLevel {
    /// As AVX-512, with tile registers that multiply matrices of BF16 numbers, for the products of many tokens.
    AMX("amx", 64, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX512F, Feature.AVX512DQ,
            Feature.AVX512BW, Feature.AVX512VL, Feature.AVX512_VNNI, Feature.AVX512_BF16, Feature.AMX_TILE,
            Feature.AMX_BF16, Feature.AMX_INT8)),
    /// AVX-512 with VNNI: 32 registers of 64 bytes, masks, `vpdpbusd`.
    AVX512("avx512", 64, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX512F, Feature.AVX512DQ,
            Feature.AVX512BW, Feature.AVX512VL, Feature.AVX512_VNNI)),
    /// As AVX2, with `vpdpbusd`.
    AVX_VNNI("avx-vnni", 32, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX_VNNI)),
    /// 16 registers of 32 bytes; bytes are multiplied to 16 bits by `vpmaddubsw`.
    AVX2("avx2", 32, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C));

    /// Bytes of a vector.
    public final int bytes;
    /// F32 numbers in a vector.
    public final int lanes;
    /// Vector registers.
    public final int registers;
    private final String label;
    private final Set<Feature> needs;

    IsaLevel(String label, int bytes, Set<Feature> needs) {
        this.label = label;
        this.bytes = bytes;
        this.needs = needs;
        lanes = bytes / 4;
        registers = bytes / 2;
    }

    /// A whole vector register.
    public Vec v(int number) {
        return new Vec(number, bytes, Mask.K0, false);
    }

    /// Whether it has AVX-512's registers, masks and instructions.
    public boolean isWide() {
        return bytes == 64;
    }

    /// What follows `emitted-` in the name of a set of kernels.
    public String label() {
        return label;
    }

    /// What the processor must have and has not.
    public Set<Feature> missing(Processor processor) {
        Set<Feature> missing = EnumSet.copyOf(needs);
        missing.removeAll(processor.features());
        return missing;
    }

    /// The levels that a processor can run, the fastest first.
    public static List<IsaLevel> of(Processor processor) {
        return Stream.of(values()).filter(level -> level.missing(processor).isEmpty()).toList();
    }

    /// The level of this label.
    public static Optional<IsaLevel> named(String label) {
        return Stream.of(values()).filter(level -> level.label.equals(label.toLowerCase(Locale.ROOT))).findFirst();
    }

    /// All labels, the fastest level's first.
    public static List<String> labels() {
        return Stream.of(values()).map(IsaLevel::label).toList();
    }
}
