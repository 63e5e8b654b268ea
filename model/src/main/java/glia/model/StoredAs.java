package glia.model;

import glia.io.gguf.GgufWriter;
import glia.model.family.Source;
import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint that is written, made of a model's parameters when they are asked for.
///
/// @param matrices the type of matrices; if none is given they keep theirs, where that holds their numbers, else they
///     become F32
/// @param narrow the vectors and small matrices that every reader wants in F32, but for which a tensor's first
///     parameter has the type of matrices
record StoredAs(Places places, Restated restated, Optional<DType> matrices, Narrow narrow) {
    /// Types in which a tensor that is not one of matrices, or is made of several, may be written.
    private static final Set<DType> PLAIN = Set.of(DType.F32, DType.F16, DType.BF16);

    /// Which parameters may be narrower than F32.
    @FunctionalInterface
    interface Narrow {
        boolean allows(Parameter p, long[] shape);
    }

    /// A tensor to be made.
    GgufWriter.Content content(String name) {
        DType dtype = dtype(name);
        long[] shape = places.shapes().get(name);
        return new GgufWriter.Content() {
            @Override
            public DType dtype() {
                return dtype;
            }

            @Override
            public long[] shape() {
                return shape.clone();
            }

            @Override
            public Tensor tensor(Arena scratch) {
                return make(name, dtype, scratch);
            }
        };
    }

    private DType dtype(String name) {
        List<Parameter> inside = places.parameters().get(name);
        long[] shape = places.shapes().get(name);
        if (!inside.stream().allMatch(p -> narrow.allows(p, shape))) {
            return DType.F32;
        }
        if (matrices.isPresent()) {
            boolean fits = shape[shape.length - 1] % matrices.get().blockElements() == 0;
            return fits ? matrices.get() : DType.F16;
        }
        DType first = restated.dtype(inside.getFirst());
        boolean kept = inside.stream().allMatch(p -> restated.dtype(p) == first && restated.keepsNumbers(p));
        return kept && PLAIN.contains(first) ? first : DType.F32;
    }

    private Tensor make(String name, DType dtype, Arena scratch) {
        List<Parameter> inside = places.parameters().get(name);
        long[] shape = places.shapes().get(name);
        if (inside.size() == 1 && places.sources().get(inside.getFirst()) instanceof Source.Stored) {
            Tensor numbers = restated.numbers(inside.getFirst(), scratch);
            return (numbers.dtype() == dtype ? numbers : narrow(numbers, dtype, scratch)).reshape(shape);
        }
        Tensor wide = Tensor.allocate(scratch, DType.F32, shape);
        for (Parameter p : inside) {
            try (Arena part = Arena.ofConfined()) {
                Tensor numbers = restated.numbers(p, part);
                places.sources().get(p).write(
                        numbers.dtype() == DType.F32 ? numbers : Decode.widen(numbers, part), wide);
            }
        }
        return dtype == DType.F32 ? wide : narrow(wide, dtype, scratch);
    }

    private static Tensor narrow(Tensor numbers, DType dtype, Arena scratch) {
        return dtype == DType.F32 ? Decode.widen(numbers, scratch) : Encode.narrow(numbers, dtype, scratch);
    }
}
