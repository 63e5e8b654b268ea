package glia.kernels.code;

import static glia.kernels.asm.Operand.*;

import glia.kernels.code.Processor.Feature;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/// The x86-64 instruction-set levels for which code is emitted, the fastest first. They differ in vector width and in
/// their integer dot products; generators query the level and are otherwise the same.
public enum IsaLevel {
    /// AVX-512 with AMX tile registers, which multiply BF16 and int8 matrices, for matrix multiplications of many
    /// tokens.
    AMX("amx", 64, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX512F, Feature.AVX512DQ,
            Feature.AVX512BW, Feature.AVX512VL, Feature.AVX512_VNNI, Feature.AVX512_BF16, Feature.AMX_TILE,
            Feature.AMX_BF16, Feature.AMX_INT8)),
    /// AVX-512 with VNNI: 32 registers of 64 bytes, masks, `vpdpbusd`.
    AVX512("avx512", 64, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX512F, Feature.AVX512DQ,
            Feature.AVX512BW, Feature.AVX512VL, Feature.AVX512_VNNI)),
    /// AVX2 with `vpdpbusd`.
    AVX_VNNI("avx-vnni", 32, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C, Feature.AVX_VNNI)),
    /// 16 registers of 32 bytes; `vpmaddubsw` multiplies bytes to 16 bits.
    AVX2("avx2", 32, EnumSet.of(Feature.AVX2, Feature.FMA, Feature.F16C));

    /// Vector width in bytes.
    public final int bytes;
    /// F32 lanes of a vector.
    public final int lanes;
    /// Number of vector registers.
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

    /// A vector register of full width.
    public Vec v(int number) {
        return new Vec(number, bytes, Mask.K0, false);
    }

    /// Whether it has AVX-512's registers, masks and instructions.
    public boolean isWide() {
        return bytes == 64;
    }

    /// The name after `emitted-` in the name of a kernel backend.
    public String label() {
        return label;
    }

    /// The required features that the processor lacks.
    public Set<Feature> missing(Processor processor) {
        Set<Feature> missing = EnumSet.copyOf(needs);
        missing.removeAll(processor.features());
        return missing;
    }

    /// The levels that a processor supports, the fastest first.
    public static List<IsaLevel> of(Processor processor) {
        return Stream.of(values()).filter(level -> level.missing(processor).isEmpty()).toList();
    }

    /// The level with this label.
    public static Optional<IsaLevel> named(String label) {
        return Stream.of(values()).filter(level -> level.label.equals(label.toLowerCase(Locale.ROOT))).findFirst();
    }

    /// All labels, the fastest level's first.
    public static List<String> labels() {
        return Stream.of(values()).map(IsaLevel::label).toList();
    }

    /// One object for each instruction-set level, created at its first use. It must have only final fields, since
    /// workers read it without a lock for each call.
    public static final class PerIsaLevel<T> {
        private final Function<IsaLevel, T> make;
        private final Object[] made = new Object[IsaLevel.values().length];

        public PerIsaLevel(Function<IsaLevel, T> make) {
            this.make = make;
        }

        @SuppressWarnings("unchecked")
        public T of(IsaLevel level) {
            Object known = made[level.ordinal()];
            return known != null ? (T) known : makeOnce(level);
        }

        @SuppressWarnings("unchecked")
        private synchronized T makeOnce(IsaLevel level) {
            int index = level.ordinal();
            if (made[index] == null) {
                made[index] = make.apply(level);
            }
            return (T) made[index];
        }
    }
}
