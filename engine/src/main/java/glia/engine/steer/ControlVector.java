package glia.engine.steer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufKind;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufValue;
import glia.io.gguf.GgufWriter;
import glia.model.spec.ModelSpec;
import glia.tensor.Hash;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A control vector: a direction for each of some layers, which is added to the residual stream after the layer
/// (representation engineering, https://arxiv.org/abs/2310.01405). Files are those of llama.cpp: GGUF of the
/// architecture `controlvector` with an F32 tensor `direction.N` for layer N, counted from 0.
public final class ControlVector {
    private static final String ARCHITECTURE = "general.architecture";
    private static final String KIND = "controlvector";
    private static final Pattern DIRECTION = Pattern.compile("direction\\.(\\d{1,6})");

    private final String name;
    private final SortedMap<Integer, float[]> directions;
    private final long hash;

    /// @param name by which requests and messages call it
    /// @param directions D numbers by layer; not copied
    /// @throws IllegalArgumentException if there is none, they have different sizes, or a number is not finite
    public ControlVector(String name, Map<Integer, float[]> directions) {
        this.name = name;
        this.directions = Collections.unmodifiableSortedMap(new TreeMap<>(directions));
        if (directions.isEmpty()) {
            throw new IllegalArgumentException("the control vector " + name + " has no direction");
        }
        long all = 0;
        for (Map.Entry<Integer, float[]> e : this.directions.entrySet()) {
            all = Hash.next(all, e.getKey());
            for (float x : e.getValue()) {
                all = Hash.next(all, Float.floatToRawIntBits(x));
            }
        }
        hash = all;
        this.directions.forEach((layer, direction) -> {
            if (direction.length != size()) {
                throw new IllegalArgumentException("the control vector " + name + " has " + direction.length
                        + " numbers for layer " + layer + ", expected " + size());
            }
            for (float x : direction) {
                if (!Float.isFinite(x)) {
                    throw new IllegalArgumentException("the control vector " + name + " has " + x + " in layer "
                            + layer + ", expected finite numbers");
                }
            }
        });
    }

    public String name() {
        return name;
    }

    /// The directions by layer.
    public SortedMap<Integer, float[]> directions() {
        return directions;
    }

    /// D, the numbers of a direction.
    public int size() {
        return directions.get(directions.firstKey()).length;
    }

    /// A hash of all layers and numbers.
    long hash() {
        return hash;
    }

    /// @throws IllegalArgumentException if the model has another hidden size or fewer layers
    public void require(ModelSpec spec) {
        int layers = spec.numLayers();
        if (size() != spec.hiddenSize() || directions.lastKey() >= layers) {
            throw new IllegalArgumentException("the control vector " + name + " is for layers up to "
                    + directions.lastKey() + " of a model of hidden size " + size() + "; this model has layers 0 to "
                    + (layers - 1) + " and a hidden size of " + spec.hiddenSize() + ". Make one for this model with "
                    + "glia steer");
        }
    }

    /// Reads a file.
    ///
    /// @param name by which requests and messages call it
    /// @throws CheckpointException if it is not a control vector
    public static ControlVector read(Path file, String name) throws CheckpointException {
        try (GgufCheckpoint gguf = GgufCheckpoint.open(file)) {
            String kind = gguf.metadata().has(ARCHITECTURE) ? gguf.metadata().string(ARCHITECTURE) : "";
            if (!kind.equals(KIND)) {
                throw new CheckpointException(file, ARCHITECTURE, "is '" + kind + "', expected '" + KIND
                        + "': the file is not a control vector; glia steer makes one");
            }
            Map<Integer, float[]> directions = new TreeMap<>();
            for (String tensor : gguf.names()) {
                Matcher m = DIRECTION.matcher(tensor);
                if (!m.matches() || gguf.tensor(tensor).rank() != 1) {
                    throw new CheckpointException(file, tensor, "is not a direction; expected vectors named "
                            + "direction.N");
                }
                directions.put(Integer.parseInt(m.group(1)), gguf.tensor(tensor).toArray());
            }
            return new ControlVector(name, directions);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "", e.getMessage(), e);
        }
    }

    /// Writes or replaces a file.
    ///
    /// @param modelHint the architecture of the model that it was made with, such as `llama`
    public void write(Path file, String modelHint) throws CheckpointException {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(ARCHITECTURE, KIND);
        values.put(KIND + ".model_hint", modelHint);
        values.put(KIND + ".layer_count", GgufValue.of(GgufKind.INT32, directions.size()));
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            directions.forEach((layer, direction) ->
                    tensors.put("direction." + layer, Tensor.of(arena, direction, direction.length)));
            GgufWriter.write(file, GgufMetadata.of(file, values), tensors);
        }
    }
}
