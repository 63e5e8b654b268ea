package glia.check.reference;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// Cases in folders of their own: `case.json` with the method and its options, and `tensors.safetensors`.
abstract class FolderCases implements CaseGroup {
    /// The name of the file with the method and its options.
    static final String JSON = "case.json";

    /// Whether there is code for a case.
    abstract boolean isKnown(JsonNode settings);

    /// Runs a case.
    ///
    /// @param folder of the group
    /// @param name of the case's folder
    abstract CaseResult run(Path folder, String name, JsonNode settings, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException;

    @Override
    public final void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        for (String name : names(folder, true)) {
            try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(folder.resolve(name).resolve(
                    "tensors.safetensors"))) {
                results.accept(run(folder, name, settings(folder, name), tensors, kernels));
            } catch (IllegalArgumentException e) {
                results.accept(CaseResult.failed(name, e.getMessage()));
            }
        }
    }

    @Override
    public final List<String> unknown(Path folder) throws IOException {
        return names(folder, false);
    }

    private static JsonNode settings(Path folder, String name) throws IOException {
        return CaseFile.parse(folder.resolve(name).resolve(JSON));
    }

    /// The names of a group's folders, sorted.
    static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(f -> Files.isRegularFile(f.resolve(JSON))).map(f -> f.getFileName().toString()).sorted()
                    .toList();
        }
    }

    private List<String> names(Path folder, boolean known) throws IOException {
        List<String> names = new ArrayList<>();
        for (String name : names(folder)) {
            if (isKnown(settings(folder, name)) == known) {
                names.add(name);
            }
        }
        return names;
    }
}
