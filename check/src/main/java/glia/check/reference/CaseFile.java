package glia.check.reference;

import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The cases of a group: `cases.json` with parameters and scalar results, `cases.safetensors` with inputs
/// (`batch.<batch>.<name>`) and results (`case.<id>.<name>`).
public final class CaseFile implements AutoCloseable {
    /// The name of the file with parameters and scalars.
    public static final String JSON = "cases.json";
    /// The name of the file with tensors, which a group may lack.
    public static final String TENSORS = "cases.safetensors";

    private final Path folder;
    private final Optional<SafetensorsCheckpoint> tensors;
    private final JsonNode root;
    /// Sums of gradients, for [ReferenceCase#compareAccumulated].
    private final Map<String, double[]> sums = new HashMap<>();

    private CaseFile(Path folder, Optional<SafetensorsCheckpoint> tensors, JsonNode root) {
        this.folder = folder;
        this.tensors = tensors;
        this.root = root;
    }

    /// Opens the files of a folder.
    ///
    /// @throws IOException if a file is missing, cannot be read or is not of this layout
    public static CaseFile open(Path folder) throws IOException {
        Path file = folder.resolve(JSON);
        JsonNode root = parse(file);
        if (!root.path("cases").isArray()) {
            throw new CheckpointException(file, "cases", "expected a list of cases");
        }
        int index = 0;
        for (JsonNode node : root.path("cases")) {
            if (!node.path("id").isString()) {
                throw new CheckpointException(file, "cases[" + index + "].id", "expected the name of the case");
            }
            index++;
        }
        Path numbers = folder.resolve(TENSORS);
        Optional<SafetensorsCheckpoint> tensors = Files.exists(numbers)
                ? Optional.of(SafetensorsCheckpoint.open(numbers)) : Optional.empty();
        return new CaseFile(folder, tensors, root);
    }

    /// Parses a file of a reference.
    ///
    /// @throws CheckpointException if it is missing, cannot be read or is not a JSON object
    public static JsonNode parse(Path file) throws CheckpointException {
        try {
            JsonNode root = JsonTree.parse(Files.readAllBytes(file));
            if (!root.isObject()) {
                throw new CheckpointException(file, "", "expected a JSON object");
            }
            return root;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "", "there is no such file", e);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: " + e.getOriginalMessage(), e);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /// The whole content of `cases.json`, for keys besides the cases.
    public JsonNode root() {
        return root;
    }

    /// Whether there is a tensor of this full name, such as `batch.opt.w`.
    public boolean has(String name) {
        return tensors.isPresent() && tensors.get().names().contains(name);
    }

    /// The tensor of this full name.
    ///
    /// @throws IllegalArgumentException if there is none
    public CaseTensor tensor(String name) {
        try {
            return CaseTensor.of(tensors.orElseThrow(() -> new IllegalArgumentException(folder.resolve(TENSORS)
                    + ": there is no such file, which should hold " + name)).tensor(name));
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /// Computes a case and compares all of its results.
    @FunctionalInterface
    public interface Check {
        void run(ReferenceCase c) throws IOException;
    }

    /// A group whose cases are all checked alike.
    public static CaseGroup group(Check check) {
        return (folder, goldens, kernels, results) -> run(folder, kernels, results, check);
    }

    /// Runs a check on all cases of a folder. A case fails with an error if the check throws an exception, leaves a
    /// parameter unread or leaves a result of the reference unused.
    ///
    /// @throws IOException if the files cannot be read
    public static void run(Path folder, Kernels kernels, Consumer<CaseResult> results, Check check) throws IOException {
        try (CaseFile file = open(folder)) {
            for (JsonNode node : file.root.path("cases")) {
                results.accept(run(new ReferenceCase(file, node, kernels), check));
            }
        }
    }

    private static CaseResult run(ReferenceCase c, Check check) throws IOException {
        try (c) {
            check.run(c);
            return c.result();
        } catch (IllegalArgumentException | IllegalStateException e) {
            return CaseResult.failed(c.id(), e.getMessage());
        } catch (RuntimeException e) {
            return CaseResult.failed(c.id(), e.toString());
        }
    }

    Map<String, double[]> sums() {
        return sums;
    }

    @Override
    public void close() {
        tensors.ifPresent(SafetensorsCheckpoint::close);
    }
}
