package glia.plan.data;

import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A device that models run on, as its maker describes it. Rates are of dense products.
///
/// @param memory bytes
/// @param bandwidth bytes per second from its memory
/// @param fp32 FLOPs per second of vectors
/// @param bf16 FLOPs per second of matrix units; 0 if it has none or the maker states none
/// @param fp8 the same in FP8, 0 if none
/// @param fp4 the same in FP4, 0 if none
/// @param measured the rate of the best matrix products of 16 bits that anybody measured; 0 if unknown
/// @param link bytes per second to other devices, one way, over all links; 0 if there are none but PCIe
/// @param pcie bytes per second from and to the memory of the host, one way
/// @param watts the highest power; 0 if not stated
/// @param cores of a CPU; 0 if not stated
/// @param source where the figures come from
public record Device(String name, Kind kind, OptionalDouble memory, double bandwidth, double fp32, double bf16,
        double fp8, double fp4, double measured, double link, double pcie, double watts, int cores, String source) {
    private static final Pattern APPLE = Pattern.compile("Apple M(\\d).*\\((\\d+).*");
    /// TFLOP/s of a GPU core in FP32: 128 lanes, 2 operations, the clock of the generation.
    private static final double[] APPLE_CORE = {0.325, 0.325, 0.358, 0.36, 0.41, 0.42, 0.45};
    /// FP32 rates as a part of the rate of matrix units, where a maker states the second only.
    private static final double VECTOR_PART = 1 / 15.0;
    /// Matrix rates of GPUs whose maker states none, as a multiple of FP32.
    private static final double MATRIX_MULTIPLE = 2;

    /// The part of the rate on the sheet that products reach where none were measured, by kind: measured ones reach
    /// 0.75 to 0.9.
    private static final double[] REACHED = {0.8, 0.85, 0.9, 0.85, 0.8};
    /// Matrix units at full rate have 4 times the rate of FP32 vectors, halved ones twice.
    private static final double HALVED = 3;
    /// Watts for each FLOP/s of 16 bits at full clock: an H100 has 700 W for 989 TFLOP/s.
    private static final double WATTS = 0.7e-12;
    /// FLOP/s of a core of a processor with AVX-512 at 2 GHz: 16 lanes, 2 operations.
    private static final double CORE = 64e9;
    private static final double USUAL_CORES = 8;
    /// GB/s of PCIe 4.0 with 16 lanes, where none is stated.
    private static final double PCIE = 25;

    /// Kinds of devices that behave alike.
    public enum Kind {
        /// GPUs and accelerators with stacked memory (HBM).
        HBM,
        /// GPUs with GDDR memory.
        GDDR,
        /// Tensor processing units.
        TPU,
        /// Apple's chips, by their GPU.
        APPLE,
        /// Processors.
        CPU;

        /// The name in tables and messages.
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Reads a row of `hardware.csv`.
    static Device of(Row row) {
        String name = row.text("device");
        String kind = row.text("kind");
        double bandwidth = row.required("bandwidth_gb_s") * 1e9;
        double bf16 = row.number("bf16_tflops", 0) * 1e12;
        Kind is = kind.equals("cpu") ? Kind.CPU : kind.equals("apple") ? Kind.APPLE : kind.equals("tpu") ? Kind.TPU
                : bandwidth > 1.2e12 && !kind.contains("consumer") && !kind.contains("workstation")
                        ? Kind.HBM : Kind.GDDR;
        double fp32 = row.number("fp32_tflops", 0) * 1e12;
        double cores = row.number("cores", cores(row.text("note")));
        if (is == Kind.CPU && fp32 == 0 && bf16 == 0) {
            fp32 = (cores > 0 ? cores : USUAL_CORES) * CORE;
        }
        Matcher apple = APPLE.matcher(name);
        if (apple.matches()) {
            fp32 = APPLE_CORE[Math.min(Integer.parseInt(apple.group(1)), APPLE_CORE.length - 1)]
                    * Integer.parseInt(apple.group(2)) * 1e12;
        } else if (fp32 == 0) {
            fp32 = bf16 * VECTOR_PART;
        }
        if (bf16 == 0 && (is == Kind.HBM || is == Kind.GDDR)) {
            bf16 = MATRIX_MULTIPLE * fp32;
        }
        OptionalDouble memory = row.number("memory_gb");
        return new Device(name, is, memory.isPresent() ? OptionalDouble.of(memory.getAsDouble() * 1e9)
                : OptionalDouble.empty(), bandwidth, fp32, bf16 == 0 ? fp32 : bf16, row.number("fp8_tflops", 0) * 1e12,
                row.number("fp4_tflops", 0) * 1e12, row.number("measured_matmul_bf16_tflops", 0) * 1e12,
                row.number("link_gb_s_one_way", 0) * 1e9,
                row.number("pcie_gb_s_one_way", PCIE) * 1e9, row.number("tdp_w", 0), (int) cores, row.text("source"));
    }

    /// The same device with a size of memory.
    ///
    /// @param bytes of memory
    Device with(String named, double bytes) {
        return new Device(named, kind, OptionalDouble.of(bytes), bandwidth, fp32, bf16, fp8, fp4, measured, link, pcie,
                watts, cores, source);
    }

    /// Whether it is a device that one person owns: a computer by Apple, or a graphics card for consumers.
    public boolean isPersonal() {
        return kind == Kind.APPLE || name.matches("(RTX|GTX) [1-5]0[5-9]0.*|RX \\d.*");
    }

    private static double cores(String note) {
        Matcher words = Pattern.compile("(\\d+) cores").matcher(note);
        return words.find() ? Integer.parseInt(words.group(1)) : 0;
    }

    /// The rate of matrix products with operands of this many bits. What the device has no units for runs at the rate
    /// of the next larger format.
    public double rate(int bits) {
        return bits <= 4 && fp4 > 0 ? fp4 : bits <= 8 && fp8 > 0 ? fp8 : bf16;
    }

    /// The rate of products of 16 bits whose sums have 16 bits as well: twice that of the sheet on consumers' GPUs,
    /// whose matrix units are halved for sums of 32 bits.
    public double rateOfHalves() {
        return kind == Kind.GDDR && bf16 < HALVED * fp32 ? 2 * bf16 : bf16;
    }

    /// The rate that the best matrix products reach: measured ones of 16 bits, and as large a part of the rate of other
    /// formats. A device of little power for its rate lowers its clock.
    public double reached(int bits) {
        double limited = watts > 0 ? Math.min(1, Math.sqrt(watts / (WATTS * bf16))) : 1;
        return rate(bits) * (measured > 0 ? measured / bf16 : REACHED[kind.ordinal()] * limited);
    }
}
