package glia.train.check;

import glia.io.CheckpointException;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Whole training runs of a base checkpoint, one `NAME.json` with `NAME.safetensors` each. The name begins with the
/// kind of the run.
public final class StepsCases implements CaseGroup {
    private static final String SUFFIX = ".json";
    private static final Predicate<String> KNOWN = name -> name.startsWith("sft-");

    public StepsCases() { }

    @Override
    public String name() {
        return "steps";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        for (String name : names(folder)) {
            if (KNOWN.test(name)) {
                results.accept(result(folder, name, goldens, kernels));
            }
        }
    }

    @Override
    public List<String> unknown(Path folder) throws IOException {
        return names(folder).stream().filter(KNOWN.negate()).toList();
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

    private static CaseResult result(Path folder, String name, Path goldens, Kernels kernels) {
        Path file = folder.resolve(name + SUFFIX);
        try {
            return FineTuningRun.run(name, file, goldens, kernels);
        } catch (IOException e) {
            return CaseResult.failed(name, e.getMessage());
        } catch (IllegalArgumentException | IllegalStateException e) {
            return CaseResult.failed(name, file + ": " + e.getMessage());
        } catch (RuntimeException e) {
            return CaseResult.failed(name, file + ": " + e);
        }
    }
}
