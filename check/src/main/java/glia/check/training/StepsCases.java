package glia.check.training;

import glia.check.reference.CaseGroup;
import glia.check.reference.CaseResult;
import glia.check.reference.RunKind;
import glia.io.CheckpointException;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Whole training runs of a base checkpoint, one `NAME.json` with `NAME.safetensors` each. The name begins with the
/// kind of the run.
public final class StepsCases implements CaseGroup {
    private static final String SUFFIX = ".json";

    private final List<RunKind> kinds;

    public StepsCases(List<RunKind> kinds) {
        this.kinds = List.copyOf(kinds);
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        for (String name : names(folder)) {
            kind(name).ifPresent(kind -> results.accept(result(folder, name, kind, goldens, kernels)));
        }
    }

    @Override
    public List<String> unknown(Path folder) throws IOException {
        return names(folder).stream().filter(name -> kind(name).isEmpty()).toList();
    }

    private Optional<RunKind> kind(String name) {
        return kinds.stream().filter(kind -> kind.accepts(name)).findFirst();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            List<String> names = all.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(SUFFIX))
                    .map(f -> f.substring(0, f.length() - SUFFIX.length())).sorted().toList();
            if (names.isEmpty()) {
                throw new CheckpointException(folder, "", "holds no training run, a file such as sft-full.json");
            }
            return names;
        }
    }

    private static CaseResult result(Path folder, String name, RunKind kind, Path goldens, Kernels kernels) {
        Path file = folder.resolve(name + SUFFIX);
        try {
            return TrainingRun.run(name, kind, file, goldens, kernels);
        } catch (IOException e) {
            return CaseResult.failed(name, e.getMessage());
        } catch (IllegalArgumentException | IllegalStateException e) {
            return CaseResult.failed(name, file + ": " + e.getMessage());
        } catch (RuntimeException e) {
            return CaseResult.failed(name, file + ": " + e);
        }
    }
}
