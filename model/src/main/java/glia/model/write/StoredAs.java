package glia.model.write;

import glia.io.file.TensorContent;
import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint to be written, built from the parameters on demand.
///
/// @param matrices the types of matrices; where it gives none they keep theirs if it is one of `kept` and holds their
///     values, else they become F32
/// @param narrow selects the parameters that may have another type than F32
record StoredAs(HubFolder.Places places, LayoutConversion restated, MatrixTypes.ByName matrices, TypeCast cast,
        Set<DType> kept, Narrow narrow) {
    /// Types that are not block formats.
    static final Set<DType> PLAIN = Set.of(DType.F32, DType.F16, DType.BF16);

    /// Selects parameters that may have another type than F32.
    @FunctionalInterface
    interface Narrow {
        boolean allows(Parameter p, long[] shape);
    }

    /// A tensor, built when it is written.
    TensorContent content(String name) {
        DType dtype = dtype(name);
        return new TensorContent(dtype, places.shapes().get(name), scratch -> make(name, dtype, scratch));
    }

    private DType dtype(String name) {
        List<Parameter> inside = places.parameters().get(name);
        long[] shape = places.shapes().get(name);
        if (!inside.stream().allMatch(p -> narrow.allows(p, shape))) {
            return DType.F32;
        }
        Optional<DType> chosen = matrices.of(name);
        if (chosen.isPresent()) {
            return chosen.get();
        }
        DType first = restated.dtype(inside.getFirst());
        boolean holds = kept.contains(first)
                && inside.stream().allMatch(p -> restated.dtype(p) == first && restated.keepsNumbers(p))
                && (!first.isBlock() || isMadeOf(inside, first));
        return holds ? first : DType.F32;
    }

    /// The type, or F16 if rows do not fill its blocks.
    static DType fitting(DType type, long[] shape) {
        return shape[shape.length - 1] % type.blockElements() == 0 ? type : DType.F16;
    }

    /// Whether the parameters of a tensor can be joined in its type: no block holds values of two parameters.
    private boolean isMadeOf(List<Parameter> inside, DType dtype) {
        return inside.stream().allMatch(p -> places.sources().get(p).isView()
                && restated.cols(p) % dtype.blockElements() == 0);
    }

    private Tensor make(String name, DType dtype, Arena scratch) {
        List<Parameter> inside = places.parameters().get(name);
        long[] shape = places.shapes().get(name);
        if (inside.size() == 1 && places.sources().get(inside.getFirst()) instanceof Source.Stored) {
            return cast.of(name, -1, restated.numbers(inside.getFirst(), scratch), dtype, scratch).reshape(shape);
        }
        DType made = isMadeOf(inside, dtype) ? dtype : DType.F32;
        Tensor whole = Tensor.allocate(scratch, made, shape);
        for (Parameter p : inside) {
            try (Arena part = Arena.ofConfined()) {
                Tensor numbers = restated.numbers(p, part);
                places.sources().get(p).write(cast.of(name, Math.max(0, p.expert()), numbers, made, part), whole);
            }
        }
        return cast.of(name, -1, whole, dtype, scratch);
    }
}
