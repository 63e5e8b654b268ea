package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Row-wise operations on a prompt's activations. The work is counted in bytes read and written. A prompt's activations
/// fit the last-level cache, so the rate can exceed the memory bandwidth.
public class Rows extends KernelBenchmark {
    private static final int HEAD_SIZE = 64;
    private static final float EPS = 1e-5f;

    /// The operation.
    public enum Kind { RMS_NORM, LAYER_NORM, ROTATE_HALVES, ROTATE_PAIRS, SWIGLU, GELU, ADD, ROUND, GATHER,
        LOG_SUM_EXP, ARGMAX }

    @Param
    public Kind kind;

    @Param("512")
    public int tokens;

    @Param("2048")
    public int width;

    private final Runs runs = new Runs();
    private Tensor x;
    private Tensor other;
    private Tensor y;
    private Tensor gain;
    private RopeTable rope;
    private int[] ids;

    @Override
    Limit limit() {
        return Limit.READ;
    }

    @Override
    double prepare() {
        x = activations(tokens, width);
        y = zeros(tokens, width);
        gain = activations(1, width).reshape(width);
        other = switch (kind) {
            case GATHER -> weight(DType.Q8_0, new Shape(width, tokens));
            default -> activations(tokens, width);
        };
        runs.add(tokens, 0);
        float[] frequencies = new float[HEAD_SIZE / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(10_000, -2.0 * i / HEAD_SIZE);
        }
        rope = new RopeTable(frequencies, 1, kind == Kind.ROTATE_PAIRS ? RopeTable.Layout.INTERLEAVED
                : RopeTable.Layout.HALF_SPLIT);
        ids = new int[tokens];
        Arrays.setAll(ids, i -> random.nextInt(tokens));
        return switch (kind) {
            case RMS_NORM, LAYER_NORM, ROTATE_HALVES, ROTATE_PAIRS, GELU, ROUND -> 2.0 * x.sizeBytes();
            case SWIGLU, ADD -> 3.0 * x.sizeBytes();
            case GATHER -> (double) x.sizeBytes() + other.sizeBytes();
            case LOG_SUM_EXP, ARGMAX -> x.sizeBytes();
        };
    }

    @Benchmark
    public void rows(Limits.Counters counters) {
        switch (kind) {
            case RMS_NORM -> set.rmsNorm(y, x, gain, EPS, 0);
            case LAYER_NORM -> set.layerNorm(y, x, gain, gain, EPS);
            case ROTATE_HALVES, ROTATE_PAIRS -> set.rotate(x, HEAD_SIZE, rope, runs.positions(), 1);
            case SWIGLU -> set.gated(y, x, other, Activation.SILU);
            case GELU -> set.activate(y, x, Activation.GELU_TANH);
            case ADD -> set.add(y, x, other, 1);
            case ROUND -> set.quantizeActivations(y, x);
            case GATHER -> set.gather(y, other, ids, tokens);
            case LOG_SUM_EXP -> {
                for (int i = 0; i < tokens; i++) {
                    Limits.Counters.sink = (long) set.logSumExp(x, i);
                }
            }
            case ARGMAX -> {
                for (int i = 0; i < tokens; i++) {
                    Limits.Counters.sink = set.argmax(x, i);
                }
            }
        }
    }

    /// The shape of a weight matrix, written `2048x5632` for 2048 inputs and 5632 outputs.
    ///
    /// @param cols number of inputs
    /// @param rows number of outputs
    record Shape(int cols, int rows) {
        /// The name for all matrices of `LAYER`.
        static final String LAYER_NAME = "layer";

        /// The matrices of a layer of a Llama of 1.1 billion parameters: queries, keys, values, output, gate, up, down.
        static final List<Shape> LAYER = List.of(new Shape(2048, 2048), new Shape(2048, 256), new Shape(2048, 256),
                new Shape(2048, 2048), new Shape(2048, 5632), new Shape(2048, 5632), new Shape(5632, 2048));

        static Shape parse(String text) {
            String[] sizes = text.split("x");
            if (sizes.length != 2) {
                throw new IllegalArgumentException("a shape is written like 2048x5632, not '" + text + "'");
            }
            return new Shape(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]));
        }

        /// One shape, or all of a layer.
        static List<Shape> parseAll(String text) {
            return text.equals(LAYER_NAME) ? LAYER : List.of(parse(text));
        }

        long size() {
            return (long) cols * rows;
        }
    }
}
