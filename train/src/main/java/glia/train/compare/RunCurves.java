package glia.train.compare;

import glia.io.CheckpointException;
import glia.train.recipe.RunFolder;
import glia.train.report.MetricsReader;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/// The figures of a run over its steps, from its `metrics.jsonl`.
///
/// Names are those of TensorBoard: `loss/train`, `loss/validation`, `optimizer/gradient_norm`,
/// `optimizer/learning_rate` and all further figures of the run. A value of step n was measured at the update n, or
/// after it for figures of validations. Held-out figures before the first update belong to step 0.
public final class RunCurves {
    private static final String TOTAL = "rollouts/tokens_total";
    private static final String GENERATED = "rollouts/generated";
    private static final String LENGTH = "response_length/mean";

    private final String name;
    private final Map<String, String> recipe;
    private final Map<String, NavigableMap<Long, Double>> figures = new TreeMap<>();
    private final NavigableMap<Long, Double> tokens = new TreeMap<>();
    private boolean generates;

    private RunCurves(String name, Map<String, String> recipe) {
        this.name = name;
        this.recipe = recipe;
    }

    /// Reads a run.
    ///
    /// @param run its folder, or its `metrics.jsonl`
    /// @throws CheckpointException if there is no such file, a line is broken or there is no step
    public static RunCurves read(Path run) throws CheckpointException {
        Path file = Files.isDirectory(run) ? new RunFolder(run).metrics() : run;
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file, "", "is missing; expected the folder of a run");
        }
        Path folder = file.toAbsolutePath().normalize().getParent();
        RunCurves curves = new RunCurves(String.valueOf(folder.getFileName()), MetricsReader.recipe(file));
        MetricsReader.replay(file, curves.listener());
        if (curves.tokens.isEmpty()) {
            throw new CheckpointException(file, "", "has no step yet; expected a run that has begun");
        }
        return curves;
    }

    private TrainingListener listener() {
        return new TrainingListener() {
            @Override
            public void step(StepFigures f) {
                put("loss/train", f.step(), f.loss());
                put("optimizer/gradient_norm", f.step(), f.gradientNorm());
                put("optimizer/learning_rate", f.step(), f.learningRate());
                f.parts().forEach((figure, value) ->
                        put(figure, figure.contains("held_out") ? f.step() - 1 : f.step(), value));
                addTokens(f);
            }

            @Override
            public void validated(long step, double loss, boolean best) {
                put("loss/validation", step, loss);
            }

            @Override
            public void evaluated(long step, Map<String, Double> values) {
                values.forEach((figure, value) -> put(figure, step, value));
            }
        };
    }

    private void put(String figure, long step, double value) {
        figures.computeIfAbsent(figure, _ -> new TreeMap<>()).put(step, value);
    }

    /// Generated tokens where rollouts are generated, else those that were trained on.
    private void addTokens(StepFigures f) {
        double before = tokens.isEmpty() ? 0 : tokens.lastEntry().getValue();
        boolean isBatch = f.parts().containsKey(GENERATED);
        generates |= isBatch;
        tokens.put(f.step(), f.parts().containsKey(TOTAL) ? f.parts().get(TOTAL)
                : isBatch ? before + f.parts().get(GENERATED) * f.parts().getOrDefault(LENGTH, Double.NaN)
                : generates ? before : f.tokensSeen());
    }

    /// The folder's name.
    public String name() {
        return name;
    }

    /// The settings by key, those of its last start.
    public Map<String, String> recipe() {
        return recipe;
    }

    /// The names of all figures.
    public Set<String> figures() {
        return Collections.unmodifiableSet(figures.keySet());
    }

    /// The values of a figure by step; empty if the run has none. Values that are not finite are left out.
    public NavigableMap<Long, Double> values(String figure) {
        NavigableMap<Long, Double> all = new TreeMap<>(figures.getOrDefault(figure, new TreeMap<>()));
        all.values().removeIf(v -> !Double.isFinite(v));
        return all;
    }

    /// Whether tokens are those that the run generated; else those that it was trained on.
    public boolean generates() {
        return generates;
    }

    /// Tokens up to a step.
    public double tokens(long step) {
        Map.Entry<Long, Double> last = tokens.floorEntry(step);
        return last == null ? 0 : last.getValue();
    }
}
