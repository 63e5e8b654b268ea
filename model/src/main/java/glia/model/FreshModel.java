package glia.model;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.family.HandWritten;
import glia.model.quant.StoredTensors;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// Creates models with initial weights, for training from scratch, from a config or from a spec.
public final class FreshModel {
    /// Matrices with fewer rows or columns stay F32.
    private static final int LARGE = 256;
    private static final int DISTINCT_ROWS = 16;
    private static final float DEVIATION = 0.02f;

    private FreshModel() { }

    /// Creates the model of a config, which is saved with the weights.
    ///
    /// @throws CheckpointException if the family is not supported or the config is invalid
    public static Model create(Config config, long seed) throws CheckpointException {
        return create(config, Initialization.DEFAULT, seed);
    }

    /// Creates the model of a config with other initial values.
    ///
    /// @throws CheckpointException if the family is not supported or the config is invalid
    /// @throws IllegalArgumentException if the initial values do not fit the model
    public static Model create(Config config, Initialization form, long seed) throws CheckpointException {
        return create(Families.ofNew(config), Optional.of(config), form, seed);
    }

    /// Creates a model with initial F32 weights in memory that its `close` frees. Tensor names are built from roles,
    /// such as `sublayers.3.query`.
    ///
    /// @param seed the random seed
    /// @throws IllegalArgumentException if the parts of the spec do not fit each other
    public static Model create(ModelSpec spec, long seed) {
        return create(spec, Initialization.DEFAULT, seed);
    }

    /// Creates a model with other initial values.
    ///
    /// @throws IllegalArgumentException if the parts of the spec, or the initial values and the spec, do not fit
    public static Model create(ModelSpec spec, Initialization form, long seed) {
        return create(spec, Optional.empty(), form, seed);
    }

    /// Creates a model whose weights all share the same memory, for counting what a model of any size needs.
    public static Model withoutValues(ModelSpec spec) {
        CountedMemory memory = new CountedMemory();
        return create(spec, Optional.empty(), (parameter, shape, arena) -> memory.tensor(DType.F32, shape));
    }

    /// Creates a model for measuring speed: large matrices have a type and a few rows of random values, repeated, since
    /// the time of kernels does not depend on values.
    ///
    /// @throws IllegalArgumentException if F32 values cannot be encoded in the type
    public static Model ofType(ModelSpec spec, DType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return create(spec, Optional.empty(), (parameter, shape, arena) -> {
            boolean isLarge = shape.length == 2 && Math.min(shape[0], shape[1]) >= LARGE
                    && shape[1] % type.blockElements() == 0;
            Tensor t = Tensor.allocate(arena, isLarge ? type : DType.F32, shape);
            long rows = Parameters.size(shape) / shape[shape.length - 1];
            float[] row = new float[Math.toIntExact(shape[shape.length - 1])];
            long rowBytes = t.memory().byteSize() / rows;
            for (long r = 0; r < rows; r++) {
                if (r < DISTINCT_ROWS) {
                    for (int i = 0; i < row.length; i++) {
                        row[i] = shape.length == 1 ? 1 : (float) random.nextGaussian() * DEVIATION;
                    }
                    Encode.fromFloats(t.dtype(), row, 0, row.length, t.address() + r * rowBytes);
                } else {
                    MemorySegment.copy(t.memory(), r % DISTINCT_ROWS * rowBytes, t.memory(), r * rowBytes, rowBytes);
                }
            }
            return t;
        });
    }

    private static Model create(ModelSpec spec, Optional<Config> config, Initialization form, long seed) {
        InitialValues values = new InitialValues(spec, form, new SplittableRandom(seed));
        return create(spec, config, (parameter, shape, arena) -> {
            Tensor t = Tensor.allocate(arena, DType.F32, shape);
            values.fill(parameter, t);
            return t;
        });
    }

    /// Creates the tensor of a parameter.
    private interface Maker {
        Tensor make(Parameter parameter, long[] shape, Arena arena);
    }

    private static Model create(ModelSpec spec, Optional<Config> config, Maker maker) {
        Map<Parameter, long[]> shapes = Parameters.of(spec);
        Arena arena = Arena.ofShared();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<Parameter, Source> sources = new LinkedHashMap<>();
        Map<Parameter, Weight> weights = new HashMap<>();
        shapes.forEach((parameter, shape) -> {
            Tensor t = maker.make(parameter, shape, arena);
            tensors.put(HandWritten.name(parameter), t);
            sources.put(parameter, new Source.Stored(HandWritten.name(parameter)));
            weights.put(parameter, new Weight.Stored(t));
        });
        Checkpoint memory = new InMemory(Collections.unmodifiableMap(tensors));
        return new Model(Optional.empty(), config, spec, new Weights(weights), sources, Optional.empty(),
                separate -> new Source.Stored(HandWritten.name(Parameter.of(Role.HEAD))), memory,
                StoredTensors.plain(memory), arena);
    }

    /// The tensors, in memory.
    private record InMemory(Map<String, Tensor> tensors) implements Checkpoint {
        @Override
        public Set<String> names() {
            return tensors.keySet();
        }

        @Override
        public Tensor tensor(String name) throws CheckpointException {
            Tensor t = tensors.get(name);
            if (t == null) {
                throw new CheckpointException(Path.of(""), name, "there is no such tensor in memory");
            }
            return t;
        }

        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void close() { }
    }
}
