package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.format.Decode;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// The tensors of a checkpoint as the weights of layers over time, each read once, in F32. The gradients of the weights
/// become those of the tensors.
final class VoiceTensors implements AutoCloseable {
    /// Spellings of weight normalization, `weight = g · v / |v|` (https://arxiv.org/abs/1602.07868): g, v.
    private static final String[][] NORMED = {{".weight_g", ".weight_v"},
        {".parametrizations.weight.original0", ".parametrizations.weight.original1"}};

    /// A weight that was made of tensors.
    ///
    /// @param shape of the tensor of these values, for messages
    /// @param back the gradients of the tensors, by name, of that of the weight
    private record Made(Weight weight, long[] shape, Function<Tensor, Map<String, Tensor>> back) { }

    private final Path path;
    private final Checkpoint checkpoint;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Made> made = new LinkedHashMap<>();
    private final Set<String> read = new HashSet<>();

    VoiceTensors(Path path, Checkpoint checkpoint) {
        this.path = path;
        this.checkpoint = checkpoint;
    }

    boolean has(String name) {
        return checkpoint.names().contains(name);
    }

    /// Refuses a checkpoint with tensors that no layer reads: its config belongs to others.
    ///
    /// @param unread beginnings of the names of those that may be left
    void requireRead(List<String> unread) throws CheckpointException {
        for (String name : checkpoint.names()) {
            if (!read.contains(name) && unread.stream().noneMatch(name::startsWith)) {
                throw new CheckpointException(path, name, "config.json has no place for this tensor; does it belong to "
                        + "these weights?");
            }
        }
    }

    private Tensor read(String name) throws CheckpointException {
        read.add(name);
        Tensor stored = checkpoint.tensor(name);
        if (!stored.dtype().isReal()) {
            throw new CheckpointException(path, name, "is " + stored.dtype() + ", expected real numbers");
        }
        return stored.dtype() == DType.F32 && stored.address() % 4 == 0 ? stored : Decode.widen(stored, arena);
    }

    private static long[] requireShape(Path path, String name, long[] shape, long... expected)
            throws CheckpointException {
        boolean fits = shape.length == expected.length;
        for (int i = 0; fits && i < shape.length; i++) {
            fits = expected[i] < 0 || expected[i] == shape[i];
        }
        if (!fits) {
            throw new CheckpointException(path, name, "has the shape " + Arrays.toString(shape) + ", config.json says "
                    + Arrays.toString(expected).replace("-1", "any"));
        }
        return shape;
    }

    /// A tensor as a matrix of as many rows as its first dimension has, or as a vector.
    ///
    /// @param shape of the tensor; -1 for any
    Weight weight(String name, long... shape) throws CheckpointException {
        Made known = made.get(name);
        if (known == null) {
            Tensor tensor = read(name);
            long[] stored = requireShape(path, name, tensor.shape(), shape);
            Tensor matrix = stored.length < 3 ? tensor : tensor.reshape(stored[0], tensor.size() / stored[0]);
            known = new Made(new Weight.Stored(matrix), stored, gradient -> Map.of(name, gradient.reshape(stored)));
            made.put(name, known);
        }
        requireShape(path, name, known.shape, shape);
        return known.weight;
    }

    /// The bias of a layer, if it has one.
    Optional<Weight> bias(String layer, int size) throws CheckpointException {
        return has(layer + ".bias") ? Optional.of(weight(layer + ".bias", size)) : Optional.empty();
    }

    /// A matrix whose tensor has further dimensions of one value.
    Weight nested(String name, int rows, int cols) throws CheckpointException {
        return computed(name, new long[] {(long) rows * cols}, (tensor, shape) -> tensor.reshape(rows, cols),
                gradient -> gradient);
    }

    /// The matrix `[O, C·k]` of a convolution, whose tensor may be normed.
    Weight convolution(String layer, int outputs, int inputs, int kernel) throws CheckpointException {
        for (String[] names : NORMED) {
            if (has(layer + names[0])) {
                return normed(layer, layer + names[0], layer + names[1], outputs, inputs, kernel);
            }
        }
        return weight(layer + ".weight", outputs, inputs, kernel);
    }

    /// The number of taps of a convolution's tensor.
    int kernel(String layer) throws CheckpointException {
        String name = layer + ".weight";
        for (String[] names : NORMED) {
            name = has(layer + names[1]) ? layer + names[1] : name;
        }
        long[] shape = requireShape(path, name, checkpoint.tensor(name).shape(), -1, -1, -1);
        return Math.toIntExact(shape[2]);
    }

    /// The matrix `[O·k, C]` of a transposed convolution `[C, O, k]`, group by group.
    Weight transposed(String layer, int inputs, int outputs, int kernel, int groups) throws CheckpointException {
        String name = layer + ".weight";
        int rows = outputs * kernel;
        int cols = inputs / groups;
        return computed(name, new long[] {inputs, outputs, kernel}, (tensor, shape) -> {
            Tensor y = Tensor.allocate(arena, DType.F32, (long) groups * rows, cols);
            for (long i = 0; i < tensor.size(); i++) {
                y.set((i / rows / cols * rows + i % rows) * cols + i / rows % cols, tensor.get(i));
            }
            return y;
        }, gradient -> {
            Tensor y = Tensor.allocate(Arena.ofAuto(), DType.F32, inputs, outputs, kernel);
            for (long i = 0; i < y.size(); i++) {
                y.set(i, gradient.get((i / rows / cols * rows + i % rows) * cols + i / rows % cols));
            }
            return y;
        });
    }

    /// What makes a matrix of a tensor.
    private interface Arranged {
        Tensor of(Tensor tensor, long[] shape);
    }

    private Weight computed(String name, long[] shape, Arranged arranged, UnaryOperator<Tensor> back)
            throws CheckpointException {
        Made known = made.get(name);
        if (known == null) {
            Tensor tensor = read(name);
            if (shape.length == 3) {
                requireShape(path, name, tensor.shape(), shape);
            } else if (tensor.size() != shape[0]) {
                throw new CheckpointException(path, name, "has " + tensor.size() + " numbers, config.json says "
                        + shape[0]);
            }
            long[] stored = tensor.shape();
            known = new Made(new Weight.Stored(arranged.of(tensor, shape)), stored,
                    gradient -> Map.of(name, back.apply(gradient).reshape(stored)));
            made.put(name, known);
        }
        return known.weight;
    }

    private Weight normed(String layer, String scales, String directions, int outputs, int inputs, int kernel)
            throws CheckpointException {
        Made known = made.get(layer);
        if (known == null) {
            Tensor g = read(scales);
            Tensor v = read(directions);
            requireShape(path, scales, g.shape(), outputs, 1, 1);
            long[] shape = requireShape(path, directions, v.shape(), outputs, inputs, kernel);
            int width = inputs * kernel;
            double[] lengths = new double[outputs];
            for (int i = 0; i < v.size(); i++) {
                lengths[i / width] += (double) v.get(i) * v.get(i);
            }
            Arrays.setAll(lengths, o -> Math.sqrt(lengths[o]));
            Tensor y = Tensor.allocate(arena, DType.F32, outputs, width);
            for (int i = 0; i < v.size(); i++) {
                y.set(i, (float) (g.get(i / width) * (v.get(i) / lengths[i / width])));
            }
            known = new Made(new Weight.Stored(y), shape, dy -> {
                Tensor dg = Tensor.allocate(Arena.ofAuto(), DType.F32, outputs, 1, 1);
                Tensor dv = Tensor.allocate(Arena.ofAuto(), DType.F32, shape);
                for (int o = 0; o < outputs; o++) {
                    double dot = 0;
                    for (int i = o * width; i < (o + 1) * width; i++) {
                        dot += dy.get(i) * (v.get(i) / lengths[o]);
                    }
                    dg.set(o, (float) dot);
                    for (int i = o * width; i < (o + 1) * width; i++) {
                        dv.set(i, (float) (g.get(o) / lengths[o] * (dy.get(i) - dot * v.get(i) / lengths[o])));
                    }
                }
                return Map.of(scales, dg, directions, dv);
            });
            made.put(layer, known);
        }
        return known.weight;
    }

    /// The gradients of the tensors, by name.
    Map<String, Tensor> gradients(Gradients gradients) {
        Map<String, Tensor> all = new TreeMap<>();
        for (Made one : made.values()) {
            gradients.find(one.weight).ifPresent(gradient -> all.putAll(one.back.apply(gradient)));
        }
        return all;
    }

    /// Frees the weights.
    @Override
    public void close() {
        arena.close();
        checkpoint.close();
    }
}
