package glia.model.write;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.tensor.DType;
import java.util.Map;
import java.util.Optional;

/// Chooses the number formats of a GGUF file's matrices.
public interface MatrixTypes {
    /// The type of one matrix.
    @FunctionalInterface
    interface ByName {
        /// The type of a tensor; empty if it keeps its own.
        Optional<DType> of(String name);
    }

    /// The value of `general.file_type`.
    int fileType();

    /// The type of the matrices of an encoder of pictures.
    default Optional<DType> common() {
        return Optional.of(DType.F16);
    }

    /// The choice for a file.
    ///
    /// @param shapes the shapes of all tensors, by name
    ByName in(GgufMetadata metadata, Map<String, long[]> shapes) throws CheckpointException;

    /// One type for all matrices; those whose rows do not fill its blocks are F16.
    static MatrixTypes all(DType type) {
        return new MatrixTypes() {
            @Override
            public int fileType() {
                return QuantizationMix.fileType(type);
            }

            @Override
            public Optional<DType> common() {
                return Optional.of(type);
            }

            @Override
            public ByName in(GgufMetadata metadata, Map<String, long[]> shapes) {
                return name -> Optional.of(StoredAs.fitting(type, shapes.get(name)));
            }
        };
    }
}
