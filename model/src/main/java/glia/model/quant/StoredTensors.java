package glia.model.quant;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint under the names of the unquantized checkpoint: the codes, scales and zero points of a
/// quantized weight appear as one tensor `….weight`. So families do not depend on quantization.
public final class StoredTensors {
    private final Checkpoint checkpoint;
    private final Set<String> names;
    private final Map<String, PackedTensor> packed;

    private StoredTensors(Checkpoint checkpoint, Set<String> names, Map<String, PackedTensor> packed) {
        this.checkpoint = checkpoint;
        this.names = names;
        this.packed = packed;
    }

    /// The tensors of an unquantized checkpoint.
    public static StoredTensors plain(Checkpoint checkpoint) {
        return new StoredTensors(checkpoint, checkpoint.names(), Map.of());
    }

    /// The tensors of a GGUF file.
    ///
    /// @throws CheckpointException if second scales of NVFP4 have wrong shapes or one of I2_S is no number
    public static StoredTensors gguf(Path path, Checkpoint checkpoint) throws CheckpointException {
        Set<String> names = new LinkedHashSet<>(checkpoint.names());
        Map<String, PackedTensor> packed = NvFp4.read(path, checkpoint, names);
        for (String name : names) {
            if (checkpoint.tensor(name).dtype() == DType.U8) {
                packed.put(name, Ternary.blocks(path, name, checkpoint.tensor(name)));
            }
        }
        return new StoredTensors(checkpoint, Collections.unmodifiableSet(names), packed);
    }

    /// The tensors of a checkpoint with a `quantization_config`.
    ///
    /// @param path of the checkpoint, for messages
    /// @param config the whole of config.json
    /// @throws CheckpointException if the quantization is not supported, or tensors are missing or have wrong shapes
    public static StoredTensors of(Path path, Checkpoint checkpoint, Config config) throws CheckpointException {
        Optional<Packings.Packing> packing = Packings.of(config);
        if (packing.isEmpty()) {
            return plain(checkpoint);
        }
        Parts parts = new Parts(path, checkpoint);
        Map<String, PackedTensor> packed = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            Optional<String> weight = packing.get().weight(name, parts);
            if (weight.isPresent()) {
                packed.put(weight.get(), packing.get().read(name, parts));
            }
        }
        Set<String> names = new LinkedHashSet<>();
        for (String name : checkpoint.names()) {
            if (!parts.used().contains(name) && !packing.get().isOfActivations(name)) {
                names.add(name);
            }
        }
        names.addAll(packed.keySet());
        return new StoredTensors(checkpoint, Collections.unmodifiableSet(names), packed);
    }

    /// The names of all tensors.
    public Set<String> names() {
        return names;
    }

    /// The stored tensor of this name.
    ///
    /// @throws CheckpointException if there is none
    public Tensor tensor(String name) throws CheckpointException {
        return checkpoint.tensor(name);
    }

    /// The names of all quantized weights.
    public Set<String> packed() {
        return Collections.unmodifiableSet(packed.keySet());
    }

    /// The weight of this name, if it is quantized.
    public Optional<PackedTensor> packed(String name) {
        return Optional.ofNullable(packed.get(name));
    }

    /// The shape of a tensor or of a quantized weight.
    ///
    /// @throws CheckpointException if there is none of this name
    public long[] shape(String name) throws CheckpointException {
        PackedTensor p = packed.get(name);
        return p != null ? p.shape().clone() : checkpoint.tensor(name).shape();
    }

    /// NVFP4 matrices of GGUF files with a second scale: beside `X.weight` a tensor `X.scale` holds a factor for the
    /// whole matrix, or one for each expert. Such a matrix is the one of compressed-tensors' NVFP4; its blocks are
    /// taken apart at first use, into as many bytes.
    ///
    /// Source: https://github.com/ggml-org/llama.cpp/blob/master/src/llama-model.cpp
    static final class NvFp4 {
        private static final String WEIGHT = ".weight";
        private static final String SCALE = ".scale";
        /// Scales of activations, for devices that multiply in 4 bits.
        private static final String OF_ACTIVATIONS = ".input_scale";
        private static final int GROUP = 16;
        private static final int GROUPS = DType.NVFP4.blockElements() / GROUP;
        /// NaN in E4M3; 0 in ggml.
        private static final int NOT_A_NUMBER = 0x7f;

        private NvFp4() { }

        /// The matrices with a second scale, by the name of the weight; removes the names of scales.
        static Map<String, PackedTensor> read(Path path, Checkpoint checkpoint, Set<String> names)
                throws CheckpointException {
            Map<String, PackedTensor> found = new LinkedHashMap<>();
            for (String name : new LinkedHashSet<>(names)) {
                String base = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
                boolean hasScale = names.contains(base + SCALE);
                if (base.isEmpty() || !hasScale && !names.contains(base + OF_ACTIVATIONS)
                        || checkpoint.tensor(name).dtype() != DType.NVFP4) {
                    continue;
                }
                names.remove(base + OF_ACTIVATIONS);
                if (hasScale) {
                    names.remove(base + SCALE);
                    found.put(name,
                            packed(path, base + SCALE, checkpoint.tensor(name), checkpoint.tensor(base + SCALE)));
                }
            }
            return found;
        }

        private static PackedTensor packed(Path path, String name, Tensor w, Tensor scale) throws CheckpointException {
            long count = w.rank() > 2 ? w.dim(0) : 1;
            if (w.rank() < 2 || scale.dtype() != DType.F32 || scale.size() != count) {
                throw new CheckpointException(path, name, "found " + scale + ", expected " + count
                        + " F32 values beside "
                        + w);
            }
            int rows = Math.toIntExact(w.dim(w.rank() - 2));
            Tensor flat = w.reshape(count * rows, w.cols());
            return new PackedTensor(w.shape(), false, i -> new QuantizedMatrix("NVFP4", rows, w.cols(),
                    new Grouping.Blocks(1, GROUP), rows * w.rowBytes(),
                    () -> parts(flat.rows(i * rows, (i + 1) * rows), scale.get(i))));
        }

        private static QuantizedMatrix.Parts parts(Tensor w, float scale) {
            Tensor codes = Tensor.allocate(Arena.ofAuto(), DType.U8, w.rows(), w.cols() / 2);
            Tensor scales = Tensor.allocate(Arena.ofAuto(), DType.F8_E4M3, w.rows(), w.cols() / GROUP);
            long block = w.address();
            int blocks = (int) (w.size() / DType.NVFP4.blockElements());
            for (int i = 0; i < blocks; i++, block += DType.NVFP4.blockBytes()) {
                for (int g = 0; g < GROUPS; g++) {
                    int bits = Memory.u8(block + g) & NOT_A_NUMBER;
                    Memory.i8(scales.address() + (long) i * GROUPS + g, bits == NOT_A_NUMBER ? 0 : bits);
                    // Byte j of the file holds values j and j + 8; here neighbors share a byte.
                    long from = block + GROUPS + GROUP / 2 * g;
                    long to = codes.address() + ((long) i * GROUPS + g) * GROUP / 2;
                    for (int j = 0; j < GROUP / 4; j++) {
                        int even = Memory.u8(from + 2 * j);
                        int odd = Memory.u8(from + 2 * j + 1);
                        Memory.i8(to + j, even & 15 | odd << 4);
                        Memory.i8(to + GROUP / 4 + j, even >> 4 | odd & 0xf0);
                    }
                }
            }
            return new QuantizedMatrix.Parts(Code.E2M1, codes, scales, Optional.empty(), 1 / scale);
        }
    }
}
